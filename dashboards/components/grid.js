// Draws a grid of texts. Every value is set as text, never as markup; null is told from "".

const STEP = 100; // rows that are drawn at once; more follow as one scrolls

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function cell(value, column) {
  if (value === null) return element("td", { class: column.is_number ? "null number" : "null" }, "NULL");
  if (value === "") return element("td", { class: "blank", title: "An empty text" });
  return element("td", column.is_number ? { class: "number" } : {}, value);
}

function compared(column) {
  if (column.is_number) return (a, b) => Number(a) - Number(b);
  return new Intl.Collator(undefined, { numeric: true }).compare;
}

export function render({ model, el }) {
  const scroller = element("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Rows of the answer" });
  el.append(scroller);
  let order = null, descending = false, rows = [], body, drawn = 0;

  function more() {
    const next = rows.slice(drawn, drawn + STEP).map((values) => {
      const made = element("tr");
      made.append(...model.columns.map((column, at) => cell(values[at], column)));
      return made;
    });
    drawn += next.length;
    body.append(...next);
  }

  function sorted() {
    if (order === null) return model.rows;
    const compare = compared(model.columns[order]);
    return model.rows.toSorted((one, other) => {
      const [a, b] = [one[order], other[order]];
      if (a === null || b === null) return (a === null) - (b === null); // without a value: last
      return descending ? compare(b, a) : compare(a, b);
    });
  }

  function heading(column, at) {
    const direction = order !== at ? "none" : descending ? "descending" : "ascending";
    const made = element("th", { scope: "col", "aria-sort": direction });
    if (column.is_number) made.className = "number";
    const button = element("button", { type: "button", title: `Sort by ${column.title}` }, column.title);
    const arrow = order !== at ? "" : descending ? "↓" : "↑";
    button.append(element("span", { "aria-hidden": "true" }, arrow));
    button.addEventListener("click", () => {
      descending = order === at && !descending;
      order = at;
      draw();
    });
    made.append(button);
    return made;
  }

  function draw() {
    rows = sorted();
    drawn = 0;
    const table = element("table");
    const head = element("tr");
    head.append(...model.columns.map(heading));
    const top = element("thead");
    top.append(head);
    body = element("tbody");
    table.append(top, body);
    more();
    const parts = [table];
    if (!rows.length && model.empty) parts.push(element("p", { class: "empty" }, model.empty));
    scroller.replaceChildren(...parts);
  }

  scroller.addEventListener("scroll", () => {
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    if (left < 400 && drawn < rows.length) more();
  });
  let isPlanned = false;
  model.on(["columns", "rows", "empty"], () => {
    if (isPlanned) return; // one drawing for all changes that arrive together
    isPlanned = true;
    queueMicrotask(() => {
      isPlanned = false;
      order = null;
      descending = false;
      draw();
      scroller.scrollTo(0, 0);
    });
  });
  draw();
}
