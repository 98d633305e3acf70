// Hears keys of the whole page, through every shadow root, but not while somebody writes.

const WRITING = "input, textarea, select, [contenteditable], .ace_editor";
const SEARCH = "input[type=search], [role=searchbox], [data-search]";
const AFTER_G = 1200; // ms

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function found(root, selector) {
  const here = [...root.querySelectorAll(selector)].find((each) => each.offsetParent);
  if (here) return here;
  for (const each of root.querySelectorAll("*")) {
    const within = each.shadowRoot && found(each.shadowRoot, selector);
    if (within) return within;
  }
  return null;
}

export function render({ model, el }) {
  const dialog = element("dialog", { "aria-labelledby": "title" });
  const form = element("form", { method: "dialog" });
  const list = element("dl");
  for (const [key, does] of model.keys) {
    const term = element("dt");
    term.append(...key.split(" ").flatMap((each) => [element("kbd", {}, each), " "]));
    list.append(term, element("dd", {}, does));
  }
  const close = element("button", { type: "submit" }, "Close");
  const buttons = element("div", { class: "buttons" });
  buttons.append(close);
  form.append(element("h2", { id: "title" }, "Keyboard shortcuts"), list, buttons);
  dialog.append(form);
  const style = element("style", {}, `
    dl { display: grid; grid-template-columns: auto 1fr; gap: 10px 18px; margin: 0; align-items: baseline; }
    dd { margin: 0; }
    kbd { padding: 2px 8px; border: 1px solid var(--mui-palette-divider); border-bottom-width: 2px;
      border-radius: 6px; font: 600 13px ui-monospace, monospace; }
  `);
  el.append(style, dialog);
  let lastG = 0;

  const show = () => dialog.open || dialog.showModal();

  function onKey(event) {
    const [target] = event.composedPath();
    const isWriting = event.composedPath().some((each) => each.matches?.(WRITING));
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting || target.isContentEditable) return;
    const place = model.places[event.key];
    if (event.key === "?") show();
    else if (event.key === "/") found(document, SEARCH)?.focus();
    else if (event.key === "g") lastG = Date.now();
    else if (place && Date.now() - lastG < AFTER_G) location.assign(place);
    else return;
    event.preventDefault();
  }

  function onClick(event) {
    if (event.composedPath().some((each) => each.dataset && "shortcuts" in each.dataset)) show();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  model.on("remove", () => {
    document.removeEventListener("keydown", onKey);
    document.removeEventListener("click", onClick);
  });
}
