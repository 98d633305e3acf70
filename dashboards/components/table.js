// Draws a table of texts. Every value is set as text, never as markup.

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function heading(model, column) {
  const isSorted = model.order === column.name;
  const direction = model.descending ? "descending" : "ascending";
  const cell = element("th", { scope: "col", "aria-sort": isSorted ? direction : "none" });
  if (column.is_number) cell.className = "number";
  const button = element("button", { type: "button" }, column.title);
  const arrow = isSorted ? (model.descending ? "↓" : "↑") : "";
  button.append(element("span", { "aria-hidden": "true" }, arrow));
  button.addEventListener("click", () => model.send_msg({ kind: "sort", column: column.name }));
  cell.append(button);
  return cell;
}

function row(model, texts, place) {
  const made = element("tr");
  model.columns.forEach((column, index) => {
    const attributes = column.is_number ? { class: "number" } : {};
    const isPick = model.can_pick && index === 0;
    const cell = element("td", attributes, isPick ? "" : texts[index]);
    if (isPick) {
      const button = element("button", { type: "button", class: "pick" }, texts[index]);
      button.addEventListener("click", () => model.send_msg({ kind: "pick", row: place }));
      cell.append(button);
    }
    made.append(cell);
  });
  return made;
}

function step(model, kind, title, isPossible) {
  const button = element("button", { type: "button" }, title);
  button.disabled = !isPossible;
  button.addEventListener("click", () => model.send_msg({ kind }));
  return button;
}

export function render({ model, el }) {
  const scroller = element("div", { class: "scroller", tabindex: "0", role: "region",
    "aria-label": "Rows" });
  const foot = element("div", { class: "foot" });
  el.append(scroller, foot);

  function draw() {
    const table = element("table", { "aria-busy": String(model.is_loading) });
    const head = element("tr");
    head.append(...model.columns.map((column) => heading(model, column)));
    const top = element("thead");
    top.append(head);
    const body = element("tbody");
    body.append(...model.rows.map((texts, place) => row(model, texts, place)));
    table.append(top, body);
    scroller.replaceChildren(table);
    foot.replaceChildren(
      element("p", { "aria-live": "polite" }, model.label),
      step(model, "previous", "Previous", model.has_previous && !model.is_loading),
      step(model, "next", "Next", model.has_next && !model.is_loading),
    );
  }

  const shown = ["columns", "rows", "order", "descending", "label", "has_previous", "has_next",
    "is_loading"];
  let isPlanned = false;
  model.on(shown, () => {
    if (isPlanned) return; // one drawing for all changes that arrive together
    isPlanned = true;
    queueMicrotask(() => {
      isPlanned = false;
      draw();
    });
  });
  draw();
}
