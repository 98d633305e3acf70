// Which entries are shown: whose, of what kind, from which days, with which words; and as a file.

const QUIET = 300; // ms without typing, after which the server is asked
const PRESETS = [["day", "Last 24 hours"], ["week", "7 days"], ["month", "30 days"], ["", "All time"]];

export function render({ model, el }) {
  const host = element("section", { class: "card", "aria-label": "Which entries" });
  el.append(host);
  let timer;
  const wish = (kind, value, form = {}) => model.send_msg({ kind, value, form });
  const search = element("input", {
    type: "search", placeholder: "Look for words, names of datasets, ids…", "aria-label": "Look for words", "data-key": "search",
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(() => wish("search", search.value), QUIET);
    },
  });

  function person() {
    return element("label", { class: "field" }, "Person",
      element("input", { type: "search", list: "people", value: model.person, placeholder: "Anybody", "data-key": "person", autocomplete: "off", onchange: (event) => wish("person", event.target.value) }),
      element("datalist", { id: "people" }, model.people.map(([email, name]) => element("option", { value: email }, name))));
  }

  function about() {
    return element("label", { class: "field" }, "About",
      element("select", { "data-key": "about", onchange: (event) => wish("about", event.target.value) },
        model.kinds.map(([value, title]) => element("option", { value, selected: value === model.about }, title))));
  }

  function days() {
    const day = (name, value, title) => element("label", { class: "field" }, title,
      element("input", { type: "date", value, "data-key": name, onchange: () => wish("days", "", { first: read("first"), last: read("last") }) }));
    const read = (name) => host.querySelector(`[data-key=${name}]`).value;
    return [day("first", model.first, "From (UTC)"), day("last", model.last, "To (UTC)")];
  }

  function presets() {
    const isOwn = Boolean(model.first || model.last);
    return element("div", { class: "chips", role: "group", "aria-label": "Period" }, PRESETS.map(([value, title]) =>
      button(title, () => wish("period", value), { class: "chip", "aria-pressed": String(!isOwn && model.period === value), "data-key": `period ${value}` })));
  }

  function only() {
    const one = (kind, text) => text && element("span", { class: "tag" }, text, button("×", () => wish(kind, ""), { "aria-label": `Show not only ${text}`, "data-key": `off ${kind}` }));
    const tags = [one("subject", model.subject && `by ${model.subject}`), one("action", model.action), one("target", model.target)].filter(Boolean);
    return tags.length > 0 && element("div", { class: "tags" }, element("span", { class: "soft" }, "Only"), tags);
  }

  function files() {
    const link = (format, title) => element("a", { class: "way", href: `/api/v1/audit/export?format=${format}${model.span}`, download: "" }, title);
    return element("div", { class: "files" },
      element("span", { class: "soft" }, "Download the period, with every entry and its hash:"), link("csv", "CSV"), link("jsonl", "JSON Lines (can be verified)"));
  }

  function draw() {
    if (host.getRootNode().activeElement !== search) search.value = model.sought;
    redraw(host,
      element("div", { class: "tools" }, search, presets()),
      element("div", { class: "fields row-of" }, model.knows_people && person(), about(), days()),
      only(), files());
  }

  drawOn(model, ["people", "person", "about", "period", "first", "last", "sought", "subject", "action", "target", "span", "turn"], draw);
  return () => clearTimeout(timer);
}
