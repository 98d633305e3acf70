// Shows the last message in the top layer of the page. A pointer or the focus upon it stops its clock.

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

export function render({ model, el }) {
  const box = element("div", { class: "toast", popover: "manual" });
  const text = element("p", { role: "status" });
  const undo = element("button", { type: "button", class: "undo" }, "Undo");
  const close = element("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  box.append(text, undo, close);
  el.append(box);
  let clock;

  const isOpen = () => box.matches(":popover-open");

  function hide() {
    clearTimeout(clock);
    if (isOpen()) box.hidePopover();
  }

  function wait() {
    clearTimeout(clock);
    if (model.seconds) clock = setTimeout(hide, model.seconds * 1000);
  }

  function show() {
    if (!isOpen()) box.showPopover();
    text.textContent = model.text;
    undo.hidden = !model.can_undo;
    box.classList.toggle("wrong", model.is_wrong);
    wait();
  }

  undo.addEventListener("click", () => {
    model.send_msg({ said: model.said });
    hide();
  });
  close.addEventListener("click", hide);
  for (const kind of ["pointerenter", "focusin"]) box.addEventListener(kind, () => clearTimeout(clock));
  for (const kind of ["pointerleave", "focusout"]) box.addEventListener(kind, wait);
  model.on("said", show);
  model.on("remove", () => clearTimeout(clock));
  if (model.said) show();
}
