// The last imports, each with what can be done about it.

function item(model, told, asked, draw) {
  return element("li", { class: "import" }, [
    element("div", { class: "what" }, element("strong", {}, told.file), element("span", {}, ` ${told.did} `), element("strong", {}, told.title)),
    element("div", { class: "when" }, `${told.when}. ${told.sentence}`),
    element("div", { class: "status" }, badge(told)),
    told.error && element("p", { class: "error" }, told.error),
    bar(told),
    element("div", { class: "actions" }, [
      button("Details", () => model.send_msg({ kind: "open", id: told.id }), { "data-key": `open ${told.id}` }),
      actionsOf(model, told, asked, draw),
      told.csv && element("a", { href: told.csv, download: "" }, "Refused rows (CSV)"),
    ]),
  ]);
}

function nothing() {
  return element("div", { class: "card none" }, [
    element("h3", {}, "Nothing was loaded yet"),
    element("p", { class: "soft" }, "Each file that you or a colleague load is listed here, with what was refused, and can be undone."),
  ]);
}

export function render({ model, el }) {
  const host = element("div", { class: "imports" });
  const asked = new Set();
  el.append(host);

  function draw() {
    const items = model.items.map((told) => item(model, told, asked, draw));
    const waiting = element("div", { class: "card none waiting", "aria-hidden": "true" }, " ");
    const list = element("ul", { class: "card list" }, items);
    redraw(host, element("h2", {}, "Last imports"), model.is_loading ? waiting : items.length ? list : nothing());
  }

  drawOn(model, ["items", "is_loading"], draw);
}
