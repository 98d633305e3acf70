// Small pieces of which the components are made. Every text is set as text, never as markup.

function element(name, attributes = {}, ...parts) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...parts.flat(Infinity).filter((part) => part || part === 0));
  return made;
}

function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, text);
}

// Draws anew and leaves the focus where it was; `data-key` tells which control is the same.
function redraw(host, ...parts) {
  const active = host.getRootNode().activeElement;
  const key = active?.dataset?.key;
  const caret = active?.type === "text" ? active.selectionStart : null;
  host.replaceChildren(...parts.flat(Infinity).filter(Boolean));
  if (!key) return;
  const found = [...host.querySelectorAll("[data-key]")].find((node) => node.dataset.key === key);
  found?.focus({ preventScroll: true });
  if (caret !== null && found?.setSelectionRange) found.setSelectionRange(caret, caret);
}

// One drawing for all changes that arrive together.
function drawOn(model, names, draw) {
  let isPlanned = false;
  model.on(names, () => {
    if (isPlanned) return;
    isPlanned = true;
    queueMicrotask(() => {
      isPlanned = false;
      draw();
    });
  });
  draw();
}

function many(count, word) {
  return `${count.toLocaleString()} ${word}${count === 1 ? "" : "s"}`;
}

function size(bytes) {
  for (const [unit, of] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (bytes >= of) return `${(bytes / of).toFixed(bytes >= 10 * of ? 0 : 1)} ${unit}`;
  }
  return many(bytes, "byte");
}

// A link within the page: followed in place, and still a link for whoever opens it in a new tab.
function going(model, to, text, attributes = {}) {
  const onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    model.send_msg({ kind: "go", value: to });
  };
  return element("a", { href: to, onclick, "data-key": `go ${to}`, ...attributes }, text);
}

// A button that asks once more before it does something; `asked` remembers which one was pressed.
function asking(asked, key, draw, { text, question, yes, no, act, attributes = {} }) {
  const ask = (is) => () => {
    if (is) asked.add(key);
    else asked.delete(key);
    draw();
  };
  if (!asked.has(key)) return button(text, ask(true), { "data-key": key, ...attributes });
  const done = () => {
    ask(false)();
    act();
  };
  return element("span", { class: "sure", role: "group", "aria-label": question }, [
    element("span", {}, question),
    button(yes, done, { class: "danger", "data-key": `yes ${key}` }),
    button(no, ask(false), { "data-key": `no ${key}` }),
  ]);
}
