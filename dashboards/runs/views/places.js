// The tabs and the address.

export function render({ model, el }) {
  const tabs = element("nav", { class: "tabs", "aria-label": "Notebooks and runs" });
  let isFirst = true;
  el.append(tabs);

  function draw() {
    redraw(tabs, model.tabs.map(([key, name]) =>
      going(model, `?tab=${key}`, name, { "aria-current": key === model.tab ? "page" : null, class: "tab" })));
  }

  function write() {
    if (!model.search || location.search === model.search) return;
    if (isFirst) history.replaceState(null, "", model.search);
    else {
      history.pushState(null, "", model.search);
      window.scrollTo({ top: 0 });
    }
  }

  const back = () => model.send_msg({ kind: "go", value: location.search || "?tab=notebooks" });
  window.addEventListener("popstate", back);
  drawOn(model, ["tab", "tabs"], draw);
  model.on("search", write);
  write();
  isFirst = false;
  model.on("remove", () => window.removeEventListener("popstate", back));
}
