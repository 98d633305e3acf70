// A run's title, and in words why it failed and what to do then.

export function render({ model, el }) {
  const host = element("div", { class: "head" });
  el.append(host);

  function draw() {
    const { told } = model;
    if (!told.title) return redraw(host, element("div", { class: "waiting", "aria-hidden": "true" }));
    redraw(host, [
      element("h2", {}, told.title),
      told.question && element("p", { class: "question" }, told.question),
      element("p", { class: "soft" }, [told.facts, " ", going(model, told.all, "All runs of this notebook")]),
      told.error && element("div", { class: "problem", role: "alert" }, [
        element("p", { class: "why" }, told.error),
        told.help && element("p", { class: "help" }, told.help),
      ]),
    ]);
  }

  drawOn(model, ["told"], draw);
}
