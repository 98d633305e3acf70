// Draws chips. After one is removed the focus goes to its neighbour, so that keys go on working.

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

export function render({ model, el }) {
  const list = element("ul", { "aria-label": "Filters" });
  const empty = element("p");
  const clear = element("button", { type: "button", class: "clear" }, "Remove all");
  const box = element("div", { class: "box" });
  box.append(list, empty, clear);
  el.append(box);
  let place = null;

  function chip({ key, text }, at) {
    const made = element("li", {}, "");
    const button = element("button", { type: "button", "aria-label": `Remove the filter ${text}` }, "×");
    button.addEventListener("click", () => {
      place = at;
      model.send_msg({ key });
    });
    made.append(element("span", {}, text), button);
    return made;
  }

  function draw() {
    list.replaceChildren(...model.chips.map(chip));
    list.hidden = !model.chips.length;
    empty.textContent = model.chips.length ? "" : model.empty;
    clear.hidden = model.chips.length < 2;
    if (place === null) return;
    const buttons = list.querySelectorAll("button");
    buttons[Math.min(place, buttons.length - 1)]?.focus();
    place = null;
  }

  clear.addEventListener("click", () => model.send_msg({ key: "" }));
  model.on(["chips", "empty"], draw);
  draw();
}
