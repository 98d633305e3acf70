// Runs of the past: what narrows them, the runs of one page, and two of them to compare.

const ANY = "";

function select(model, name, label, options) {
  const made = element("select", { id: `filter-${name}`, "data-key": `filter ${name}` }, options.map(([value, text]) =>
    element("option", { value, selected: value === (model.filters[name] ?? ANY) }, text)));
  made.addEventListener("change", () => model.send_msg({ kind: "filter", form: { name, value: made.value } }));
  return element("div", { class: "filter" }, element("label", { for: made.id }, label), made);
}

function day(model, name, label) {
  const made = element("input", { id: `filter-${name}`, type: "date", value: model.filters[name] ?? "", "data-key": `filter ${name}` });
  made.addEventListener("change", () => model.send_msg({ kind: "filter", form: { name, value: made.value } }));
  return element("div", { class: "filter" }, element("label", { for: made.id }, label), made);
}

function filters(model) {
  const isNarrow = Object.values(model.filters).some(Boolean);
  return element("div", { class: "filters", role: "group", "aria-label": "Which runs" }, [
    select(model, "notebook", "Notebook", [[ANY, "All notebooks"], ...model.notebooks]),
    select(model, "status", "State", [[ANY, "Any state"], ...model.statuses]),
    select(model, "who", "Started by", [[ANY, "Anybody"], ["me", "Me"], ...model.people]),
    day(model, "since", "From"),
    day(model, "until", "Until"),
    select(model, "deleted", "Show", [[ANY, "What is there"], ["yes", "What was deleted"]]),
    isNarrow && going(model, "?tab=history", "Clear", { class: "clear" }),
  ]);
}

// Two runs of one notebook are compared: once one is chosen, those of others cannot be.
function chooser(told, chosen, draw) {
  if (told.is_live || told.is_deleted) return element("span", { class: "pick" });
  const isOther = [...chosen.values()].some((notebook) => notebook !== told.notebook);
  const isFull = isOther || (chosen.size === 2 && !chosen.has(told.id));
  const box = element("input", { type: "checkbox", checked: chosen.has(told.id), disabled: isFull, "aria-label": `Compare ${told.title}, ${told.when}`, "data-key": `pick ${told.id}` });
  box.addEventListener("change", () => {
    if (box.checked) chosen.set(told.id, told.notebook);
    else chosen.delete(told.id);
    draw();
  });
  return element("span", { class: "pick" }, box);
}

function item(model, told, chosen, draw) {
  const send = (kind) => () => model.send_msg({ kind, id: told.id });
  const title = told.is_deleted ? element("strong", {}, told.title) : going(model, told.to, told.title, { class: "title" });
  const value = told.progress === null ? {} : { value: told.progress };
  return element("li", { class: "run" }, [
    chooser(told, chosen, draw),
    element("div", { class: "what" }, [
      element("div", {}, title),
      element("div", { class: "when" }, told.when),
      told.parameters && element("div", { class: "given" }, told.parameters),
      told.error && element("div", { class: "why" }, told.error),
      told.is_live && element("progress", { max: 1, "aria-label": "Progress", ...(told.status === "running" ? value : {}) }),
    ]),
    element("span", { class: "side" }, [
      element("span", { class: `badge ${told.status}` }, told.label),
      told.is_deleted && told.may_change && button("Restore", send("restore"), { "data-key": `restore ${told.id}` }),
    ]),
  ]);
}

function nothing(model) {
  const isNarrow = Object.values(model.filters).some(Boolean);
  return element("div", { class: "card none" }, [
    element("h2", {}, model.filters.deleted ? "Nothing was deleted" : isNarrow ? "No runs like these" : "Nothing has run yet"),
    element("p", { class: "soft" }, isNarrow ? "Choose a longer time, another notebook or another state." : "Start a notebook, and its run stands here with its report and its figures."),
    element("p", { class: "next" }, isNarrow ? going(model, "?tab=history", "Show all runs", { class: "way" }) : going(model, "?tab=notebooks", "Choose a notebook", { class: "main" })),
  ]);
}

function comparing(model, chosen) {
  const count = chosen.size;
  const go = () => model.send_msg({ kind: "compare", form: { ids: [...chosen.keys()] } });
  return element("div", { class: "row bar" }, [
    element("span", { class: "soft", role: "status" }, count ? `${count} of 2 runs chosen` : "Choose two runs of a notebook to compare them."),
    button("Compare", go, { class: count === 2 ? "main" : "", disabled: count !== 2, "data-key": "compare" }),
    element("span", { class: "soft page" }, model.page),
    button("Newer", () => model.send_msg({ kind: "newer" }), { disabled: !model.has_newer, "data-key": "newer" }),
    button("Older", () => model.send_msg({ kind: "older" }), { disabled: !model.has_older, "data-key": "older" }),
  ]);
}

export function render({ model, el }) {
  const host = element("div", { class: "history" });
  const chosen = new Map();
  el.append(host);

  function draw() {
    const there = new Set(model.items.map((told) => told.id));
    for (const id of chosen.keys()) if (!there.has(id)) chosen.delete(id);
    const waiting = [1, 2, 3, 4].map(() => element("li", { class: "run waiting", "aria-hidden": "true" }));
    const items = model.is_loading ? waiting : model.items.map((told) => item(model, told, chosen, draw));
    redraw(host, [
      filters(model),
      items.length ? [comparing(model, chosen), element("ul", { class: "card runs" }, items)] : nothing(model),
    ]);
  }

  drawOn(model, ["items", "filters", "notebooks", "people", "page", "has_newer", "has_older", "is_loading"], draw);
}
