// What was done, the newest first; each entry opens as a drawer that tells all that is kept of it.

function fact(name, value, only) {
  return value && [element("dt", {}, name), element("dd", {}, element("span", {}, value), only)];
}

function drawer(model, entry, close) {
  const only = (kind, value, text) => button(text, () => { close(); model.send_msg({ kind, value }); }, { class: "only" });
  const rows = entry.rows === null ? "" : entry.rows.toLocaleString("en");
  return [
    element("header", {},
      element("div", {}, element("h2", { tabindex: "-1", id: "entry" }, entry.who), element("p", { class: "soft" }, entry.did)),
      button("Close", close, { "data-key": "close" })),
    element("dl", {},
      fact("When", entry.at_exact),
      fact("Who", entry.email || entry.subject, only("subject", entry.subject, "Only this person")),
      fact("Action", entry.action, only("action", entry.action, "Only this action")),
      fact("On", entry.on, only("target", entry.target, "Only this")),
      fact("Rows", rows),
      fact("Through the run", entry.run),
      fact("Sign-in, run or token", entry.sid)),
    entry.changes.length > 0 && element("section", {}, element("h3", {}, "Before and after"),
      element("table", {},
        element("thead", {}, element("tr", {}, ["What", "Before", "After"].map((name) => element("th", { scope: "col" }, name)))),
        element("tbody", {}, entry.changes.map((change) => element("tr", {}, change.map((text) => element("td", {}, text || "–"))))))),
    entry.details.length > 0 && element("section", {}, element("h3", {}, "Details"),
      element("dl", { class: "details" }, entry.details.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]))),
  ];
}

function item(entry, open) {
  return element("li", { class: "entry" },
    element("time", {}, entry.at),
    element("div", { class: "what" }, element("strong", {}, entry.who), ` ${entry.did}`,
      entry.short && element("span", { class: "on", title: entry.on }, entry.short)),
    element("span", { class: "count" }, entry.rows === null ? "" : many(entry.rows, "row")),
    button("Details", (event) => open(entry, event.currentTarget), { "aria-label": `Details: ${entry.who} ${entry.did}, ${entry.at}`, "data-key": `open ${entry.id}` }));
}

export function render({ model, el }) {
  const host = element("section", { class: "card entries", "aria-label": "Entries" });
  const dialog = element("dialog", { "aria-labelledby": "entry" });
  el.append(host, dialog);
  let opener = null;

  const close = () => dialog.close();
  dialog.addEventListener("close", () => opener?.focus());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) close(); });

  function open(entry, from) {
    opener = from;
    dialog.replaceChildren(element("div", { class: "sheet" }, drawer(model, entry, close).flat(Infinity).filter(Boolean)));
    dialog.showModal();
    dialog.querySelector("h2").focus();
  }

  function days() {
    const parts = [];
    let list;
    for (const entry of model.items) {
      if (parts.at(-1)?.day !== entry.day) {
        list = element("ul", {});
        parts.push({ day: entry.day, list });
      }
      list.append(item(entry, open));
    }
    return parts.map(({ day, list: found }) => [element("h3", { class: "day" }, day), found]);
  }

  function draw() {
    const none = element("div", { class: "none" }, element("h3", {}, model.empty_title), element("p", { class: "soft" }, model.empty_text));
    redraw(host,
      model.said && element("p", { class: "problem", role: "alert" }, model.said),
      element("div", { "aria-busy": String(model.is_loading), class: model.is_loading ? "waiting" : "" }, model.items.length ? days() : !model.is_loading && none),
      element("div", { class: "foot" }, element("p", { "aria-live": "polite" }, model.label),
        button("Newer", () => model.send_msg({ kind: "previous" }), { disabled: !model.has_previous, "data-key": "previous" }),
        button("Older", () => model.send_msg({ kind: "next" }), { disabled: !model.has_next, "data-key": "next" })));
  }

  drawOn(model, ["items", "label", "said", "has_previous", "has_next", "is_loading"], draw);
}
