// The notebooks as cards: a question, what it needs, how it ran last, and one next step.

function card(model, told) {
  const last = told.last
    ? going(model, told.last.to, [element("span", { class: `badge ${told.last.status}` }, told.last.label), element("span", { class: "soft" }, told.last.when)], { class: "last", "aria-label": `Last run: ${told.last.label}, ${told.last.when}` })
    : element("span", { class: "soft" }, "It has not run yet.");
  return element("li", { class: "card notebook" }, [
    element("div", { class: "about" }, [
      element("h2", {}, told.title),
      told.question && element("p", { class: "question" }, told.question),
      told.description && element("p", { class: "soft" }, told.description),
    ]),
    element("p", { class: "needs" }, told.needs),
    told.missing && element("p", { class: "missing" }, told.missing),
    element("div", { class: "row foot" }, [
      told.may_start && going(model, told.start, "Start …", { class: "way start", "aria-label": `Start ${told.title}` }),
      told.plan && going(model, told.plan, "Plan it", { "aria-label": `Plan ${told.title}` }),
      going(model, told.history, "All its runs", { "aria-label": `All runs of ${told.title}` }),
      element("span", { class: "latest" }, last),
    ]),
  ]);
}

function nothing() {
  return element("div", { class: "card none" }, [
    element("h2", {}, "The shelf is empty"),
    element("p", { class: "soft" }, "A notebook stands here once its file lies in the folder of notebooks and says what it asks. “workbench new notebook NAME” writes one that can run."),
  ]);
}

export function render({ model, el }) {
  const host = element("div", { class: "shelf" });
  el.append(host);

  function draw() {
    const waiting = [1, 2, 3].map(() => element("li", { class: "card notebook waiting", "aria-hidden": "true" }));
    const cards = model.is_loading ? waiting : model.items.map((told) => card(model, told));
    redraw(host, cards.length ? element("ul", { class: "cards" }, cards) : nothing());
  }

  drawOn(model, ["items", "is_loading"], draw);
}
