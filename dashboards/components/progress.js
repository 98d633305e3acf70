// A bar with words. The seconds go on between two tellings, so that nobody thinks it hangs.

function took(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

export function render({ model, el }) {
  const clock = element("span", { class: "clock" });
  const host = element("div", { class: "progressing" });
  let told = performance.now();
  el.append(host);

  function tick() {
    const passed = model.is_live && model.status === "running" ? (performance.now() - told) / 1000 : 0;
    clock.textContent = model.seconds === null ? "" : took(model.seconds + passed);
  }

  function draw() {
    const { done, total, part, share, is_live } = model;
    const counted = total ? `${done} of ${many(total, part)} done` : "";
    const known = total ? Math.max(done / total, 0) : share;
    const value = known === null || known === undefined ? {} : { value: known };
    redraw(host, [
      element("div", { class: "line" }, [
        element("span", { class: `badge ${model.status}`, role: "status" }, model.label),
        element("span", { class: "counted" }, counted),
        clock,
      ]),
      is_live && element("progress", { max: 1, "aria-label": counted || model.label, ...(model.status === "queued" ? {} : value) }),
      model.note && element("p", { class: "soft" }, model.note),
    ]);
    tick();
  }

  model.on("seconds", () => { told = performance.now(); });
  drawOn(model, ["status", "label", "note", "done", "total", "part", "share", "seconds", "is_live"], draw);
  const timer = setInterval(tick, 200);
  model.on("remove", () => clearInterval(timer));
}
