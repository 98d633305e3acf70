// A report in a frame with an empty sandbox: no script, no form, no origin of ours.

export function render({ model, el }) {
  const host = element("div", { class: "report" });
  let shown = null;
  el.append(host);

  function frame() {
    const made = element("iframe", { src: model.address, sandbox: "", title: model.title, referrerpolicy: "same-origin" });
    const waiting = element("p", { class: "soft waiting" }, "The report is on its way …");
    made.addEventListener("load", () => waiting.remove());
    return element("div", { class: "frame" }, waiting, made);
  }

  // The frame is made anew only for another report: it would load again, and lose its place.
  function draw() {
    const key = JSON.stringify([model.address, model.missing, model.is_loading]);
    if (shown === key) return;
    shown = key;
    if (model.address) return redraw(host, frame());
    if (model.is_loading) return redraw(host, element("div", { class: "frame waiting", "aria-hidden": "true" }));
    redraw(host, model.missing && element("p", { class: "soft none" }, model.missing));
  }

  drawOn(model, ["address", "title", "missing", "is_loading"], draw);
}
