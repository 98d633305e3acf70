// The end of what is printed. Text is only added where it grows, so that a selection stays.

const NEAR = 24; // pixels from the foot that still count as being there

export function render({ model, el }) {
  const text = element("pre", { class: "log", tabindex: 0, role: "log", "aria-label": "What it prints" });
  const foot = button("Go to the end", () => { text.scrollTop = text.scrollHeight; }, { class: "foot", hidden: true });
  const note = element("p", { class: "soft" });
  const host = element("div", { class: "tail" }, note, text, foot);
  let isAtFoot = true;
  el.append(host);

  text.addEventListener("scroll", () => {
    isAtFoot = text.scrollHeight - text.scrollTop - text.clientHeight < NEAR;
    foot.hidden = isAtFoot;
  });

  function nothing() {
    if (model.fault) return model.fault;
    if (model.text) return model.is_cut ? "Only the end of what was printed is kept." : "";
    return model.is_live ? "It has printed nothing yet." : "It printed nothing.";
  }

  function draw() {
    const shown = text.textContent;
    if (model.text.startsWith(shown)) text.append(model.text.slice(shown.length));
    else text.textContent = model.text;
    text.hidden = !model.text || Boolean(model.fault);
    note.textContent = nothing();
    note.hidden = !note.textContent;
    if (isAtFoot) text.scrollTop = text.scrollHeight;
  }

  drawOn(model, ["text", "is_cut", "is_live", "fault"], draw);
}
