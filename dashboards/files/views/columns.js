// The columns of a file: which are taken, what they are called, what they hold.

const TYPES = {
  text: "Text",
  integer: "Whole number",
  number: "Number",
  boolean: "Yes or no",
  date: "Date",
  timestamp: "Date and time",
};

function select(key, label, options, value, onchange) {
  const control = element("select", { "data-key": key, "aria-label": label });
  for (const [option, text] of options) {
    control.append(element("option", { value: option, selected: option === value }, text));
  }
  control.addEventListener("change", () => onchange(control.value));
  return control;
}

function columnsTable(draft, faults, act) {
  const heads = draft.isNew ? ["Take", "In the file", "Name", "Type"] : ["In the file", "Goes into", "Type"];
  const head = element("tr", {}, [...heads, "Examples"].map((text) => element("th", { scope: "col" }, text)));
  const rows = draft.columns.map((column) => columnRow(draft, column, faults, act));
  const table = element("table", { class: "columns" }, element("thead", {}, head), element("tbody", {}, rows));
  return element("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": "Columns" }, table);
}

function columnRow(draft, column, faults, act) {
  const row = element("tr", { class: draft.takes(column) ? "" : "left" });
  if (draft.isNew) row.append(element("td", { class: "take" }, take(draft, column, act)));
  row.append(element("td", { class: "source" }, column.source));
  row.append(element("td", {}, place(draft, column, faults, act)));
  row.append(element("td", {}, type(draft, column, act)));
  const empty = column.empty ? ` · ${column.empty.toLocaleString()} empty` : "";
  const examples = column.examples.join(" · ") || "no value";
  row.append(element("td", { class: "examples" }, `${examples}${empty}`));
  return row;
}

function take(draft, column, act) {
  const control = element("input", {
    type: "checkbox",
    "data-key": `take ${column.source}`,
    "aria-label": `Take ${column.source}`,
  });
  control.checked = draft.takes(column);
  control.addEventListener("change", () => {
    draft.edit(column.source).take = control.checked;
    act.draw();
  });
  return control;
}

// A name of its own in a new dataset, or a column of the one that is there.
function place(draft, column, faults, act) {
  const key = `name ${column.source}`;
  if (!draft.isNew) {
    const known = draft.target?.columns.map(([name]) => [name, name]) ?? [];
    const change = (value) => {
      draft.edit(column.source).into = value;
      act.ask();
    };
    const options = [["", "– leave out –"], ...known];
    return [select(key, `${column.source} goes into`, options, draft.into(column), change), fault(faults, key)];
  }
  const control = element("input", {
    type: "text",
    value: draft.nameOf(column),
    maxlength: 63,
    spellcheck: "false",
    "data-key": key,
    "aria-label": `Name of ${column.source}`,
    "aria-invalid": String(faults.has(key)),
    disabled: !draft.takes(column),
  });
  control.addEventListener("input", () => {
    draft.edit(column.source).name = control.value.trim();
    act.draw();
  });
  return [control, fault(faults, key)];
}

function type(draft, column, act) {
  const current = draft.typeOf(column);
  if (!draft.isNew) return draft.takes(column) ? TYPES[current] : "";
  const change = (value) => {
    draft.edit(column.source).type = value;
    act.ask();
  };
  return select(`type ${column.source}`, `Type of ${column.source}`, Object.entries(TYPES), current, change);
}

function fault(faults, key) {
  return faults.has(key) ? element("p", { class: "fault", role: "alert" }, faults.get(key)) : null;
}
