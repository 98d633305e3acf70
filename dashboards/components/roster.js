// Rows with what can be done about each. Every value is set as text, never as markup. A row is kept
// while its key is there, so that neither focus nor what was typed is lost when figures change.

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function filled(cell, value) {
  cell.replaceChildren();
  const isPath = value.link.startsWith("/") && !value.link.startsWith("//");
  const where = { class: "text", href: value.link, target: "_blank", rel: "noopener" };
  const main = isPath ? element("a", where) : element("span", { class: "text" });
  main.textContent = value.text;
  cell.append(main);
  if (value.tone) cell.append(element("span", { class: `chip ${value.tone}` }, value.chip));
  if (value.note) cell.append(element("span", { class: "note" }, value.note));
  if (value.share !== undefined && value.share !== null) {
    const bar = element("span", { class: value.is_full ? "bar full" : "bar" });
    const fill = element("span");
    fill.style.width = `${Math.min(100, Math.max(1, value.share * 100))}%`;
    bar.append(fill);
    cell.append(bar);
  }
}

class Row {
  constructor(model, key) {
    this.model = model;
    this.key = key;
    this.line = element("tr", { class: "line" });
    this.asked = null;
    this.cells = "";
    this.actions = "";
  }

  get parts() {
    return this.asked ? [this.line, this.asked] : [this.line];
  }

  show(row) {
    const cells = JSON.stringify(row.cells);
    const actions = JSON.stringify(row.actions);
    if (cells !== this.cells) this.showCells(row.cells);
    if (actions !== this.actions) this.showActions(row.actions);
    this.cells = cells;
    this.actions = actions;
  }

  showCells(values) {
    const { columns } = this.model;
    while (this.line.children.length < columns.length) this.line.append(element("td"));
    columns.forEach((column, place) => {
      const cell = this.line.children[place];
      cell.className = column.is_number ? "number" : "";
      cell.dataset.title = column.title;
      filled(cell, values[place]);
    });
  }

  showActions(actions) {
    const { columns, has_actions: hasActions } = this.model;
    if (!hasActions) return;
    this.close();
    this.line.children[columns.length]?.remove();
    const cell = element("td", { class: "do" });
    for (const action of actions) {
      const button = element("button", { type: "button" }, action.label);
      button.addEventListener("click", () => {
        if (action.confirm) this.open(action, button);
        else this.send(action, "");
      });
      cell.append(button);
    }
    this.line.append(cell);
  }

  send(action, answer) {
    this.model.send_msg({ kind: "do", key: this.key, action: action.name, answer });
  }

  open(action, button) {
    this.close();
    const form = element("form", { "aria-label": action.label });
    form.append(element("p", {}, action.confirm));
    let field = null;
    if (action.ask) {
      const label = element("label", {}, action.ask);
      field = element("input", { type: "text", maxlength: "500", autocomplete: "off" });
      label.append(field);
      form.append(label);
    }
    const sure = element("button", { type: "submit", class: action.is_grave ? "grave" : "sure" });
    sure.textContent = action.label.replace("…", "");
    const leave = element("button", { type: "button" }, "Cancel");
    const buttons = element("span", { class: "buttons" });
    buttons.append(sure, leave);
    form.append(buttons);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(action, field ? field.value.trim() : "");
      this.close();
    });
    leave.addEventListener("click", () => {
      this.close();
      button.focus();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") leave.click();
    });
    const cell = element("td", { colspan: String(this.model.columns.length + 1) });
    cell.append(form);
    this.asked = element("tr", { class: "asked" });
    this.asked.append(cell);
    this.line.after(this.asked);
    (field ?? sure).focus();
  }

  close() {
    this.asked?.remove();
    this.asked = null;
  }
}

export function render({ model, el }) {
  const table = element("table", { "aria-label": model.label });
  const head = element("thead");
  const body = element("tbody");
  table.append(head, body);
  const scroller = element("div", { class: "scroller", tabindex: "0", role: "region" });
  scroller.setAttribute("aria-label", model.label);
  scroller.append(table);
  const empty = element("div", { class: "empty", role: "status" });
  el.append(scroller, empty);
  const known = new Map();

  function drawHead() {
    const line = element("tr");
    for (const column of model.columns) {
      const cell = element("th", { scope: "col" }, column.title);
      if (column.is_number) cell.className = "number";
      line.append(cell);
    }
    if (model.has_actions) {
      const cell = element("th", { scope: "col" });
      cell.append(element("span", { class: "unseen" }, "Actions"));
      line.append(cell);
    }
    head.replaceChildren(line);
  }

  function draw() {
    const keys = new Set(model.rows.map((row) => row.key));
    for (const [key, row] of known) {
      if (keys.has(key)) continue;
      row.parts.forEach((part) => part.remove());
      known.delete(key);
    }
    let last = null;
    for (const each of model.rows) {
      if (!known.has(each.key)) known.set(each.key, new Row(model, each.key));
      const row = known.get(each.key);
      row.show(each);
      const wanted = last ? last.nextSibling : body.firstChild;
      if (wanted !== row.line) {
        if (last) last.after(...row.parts);
        else body.prepend(...row.parts);
      }
      last = row.parts.at(-1);
    }
    const isEmpty = !model.is_loading && model.rows.length === 0;
    scroller.hidden = isEmpty;
    empty.hidden = !isEmpty;
    empty.replaceChildren(
      element("strong", {}, model.empty_title),
      element("span", {}, model.empty_text),
    );
    table.setAttribute("aria-busy", String(model.is_loading));
  }

  let isPlanned = false;
  model.on(["rows", "is_loading", "empty_title", "empty_text"], () => {
    if (isPlanned) return; // one drawing for all changes that arrive together
    isPlanned = true;
    queueMicrotask(() => {
      isPlanned = false;
      draw();
    });
  });
  drawHead();
  draw();
}
