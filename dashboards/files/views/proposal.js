// The proposal: how the file is read, what deserves a look, its first rows, and where they go.

const FORMATS = { csv: "Text with columns (CSV)", jsonl: "JSON Lines", parquet: "Parquet", excel: "Excel" };
const DELIMITERS = [[",", "comma ,"], [";", "semicolon ;"], ["\t", "tab"], ["|", "bar |"]];
const ENCODINGS = ["utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "cp1250", "cp1251", "utf-16", "shift-jis"];
const HEADER = [["true", "names the columns"], ["false", "is data already"]];
const DECIMALS = [[".", "1,234.5 – a point"], [",", "1.234,5 – a comma"]];
const DATES = [["year", "2026-01-31"], ["day", "31.01.2026"], ["month", "01/31/2026"]];
const MODES = [
  ["append", "Add the rows", "The rows that are there stay."],
  ["replace", "Replace all rows", "The rows that are there go; undoing brings them back."],
  ["upsert", "Update by key", "A row of the file takes the place of one with the same key."],
];

// A list that has what was found, too.
function including(options, value) {
  return value && !options.some(([option]) => option === value) ? [...options, [value, value]] : options;
}

// What nobody has said and no file has told yet.
function found(options, value) {
  return value === undefined || value === null ? [["", "found by itself"], ...options] : options;
}

function field(label, control, note) {
  return element("label", { class: "field" }, element("span", {}, label), control, note);
}

function readingFields(draft, act) {
  const reading = { format: "csv", ...draft.proposal?.reading, ...draft.given };
  const set = (name, value) => act.read(name, value);
  const choose = (name, label, options, of = (value) => value) =>
    field(label, select(name, label, found(options, reading[name]), String(reading[name] ?? ""), (value) => set(name, of(value))));
  const type = (name, label, hint) => {
    const control = element("input", { type: "text", value: reading[name] ?? "", placeholder: hint, "data-key": name });
    control.addEventListener("change", () => set(name, control.value));
    return field(label, control);
  };
  const isText = ["csv", "jsonl"].includes(reading.format);
  const encodings = including(ENCODINGS.map((name) => [name, name]), reading.encoding);
  const delimiters = including(DELIMITERS, reading.delimiter);
  return [
    isText && choose("encoding", "Encoding", encodings),
    reading.format === "csv" && choose("delimiter", "Columns are parted by", delimiters),
    reading.format === "excel" && type("sheet", "Sheet", "the first"),
    ["csv", "excel"].includes(reading.format) &&
      choose("has_header", "The first row", HEADER, (value) => value === "true"),
    reading.format !== "parquet" && choose("decimal", "Numbers are written", DECIMALS),
    reading.format !== "parquet" && choose("dates", "Dates are written", DATES),
    type("null_text", "No value is written as", "an empty cell"),
  ];
}

function summary(draft) {
  const { proposal } = draft;
  const rows = Math.round(proposal.rows_estimated);
  return [
    FORMATS[proposal.reading.format] ?? proposal.reading.format,
    size(draft.file.size),
    many(draft.columns.length, "column"),
    `${draft.isWhole ? "" : "about "}${many(rows, "row")}`,
  ].join(" · ");
}

function warningList(warnings) {
  if (!warnings.length) return null;
  const items = warnings.map((text) => element("li", {}, text));
  return element("div", { class: "notes" }, element("h4", {}, "Worth a look"), element("ul", {}, items));
}

function previewTable(draft) {
  const rows = draft.proposal.preview;
  if (!rows.length) return null;
  const head = element("tr", {}, draft.columns.map((column) => element("th", { scope: "col" }, column.source)));
  const body = rows.map((cells) => element("tr", {}, cells.map((cell) => element("td", {}, cell ?? ""))));
  const table = element("table", { class: "preview" }, element("thead", {}, head), element("tbody", {}, body));
  return element("div", { class: "scroller rows", tabindex: 0, role: "region", "aria-label": "First rows" }, table);
}

function radio(name, value, checked, text, note, onchange) {
  const control = element("input", { type: "radio", name, value, checked, "data-key": `${name} ${value}` });
  control.addEventListener("change", onchange);
  return element("label", { class: "choice" }, control, element("span", {}, text, note && element("small", {}, note)));
}

function targetFields(draft, faults, mayCreate, act) {
  const open = draft.datasets.filter((known) => known.may_load);
  const choose = (isNew) => () => {
    draft.isNew = isNew;
    act.ask();
  };
  const both = mayCreate && open.length > 0;
  return [
    both && element("div", { class: "choices", role: "radiogroup", "aria-label": "Where to" }, [
      radio("target", "new", draft.isNew, "A new dataset", "Your company's own, made of this file", choose(true)),
      radio("target", "old", !draft.isNew, "A dataset that is there", "Add, replace or update rows", choose(false)),
    ]),
    draft.isNew ? newFields(draft, faults, act) : oldFields(draft, open, faults, act),
  ];
}

function newFields(draft, faults, act) {
  const text = (key, value, most, change) => {
    const control = element("input", { type: "text", value, maxlength: most, "data-key": key, spellcheck: "false" });
    control.addEventListener("input", () => {
      change(control.value);
      act.draw();
    });
    return control;
  };
  const title = text("title", draft.title, 200, (value) => { draft.title = value; });
  const name = text("dataset", draft.name, 63, (value) => { draft.name = value.trim(); });
  return element("div", { class: "fields" }, [
    field("Title", title, element("small", {}, "What people read")),
    field("Name", name, fault(faults, "dataset") ?? element("small", {}, "For SQL, notebooks and the API")),
  ]);
}

function oldFields(draft, open, faults, act) {
  const options = open.map((known) => [known.name, known.title]);
  const dataset = select("dataset", "Dataset", options, draft.dataset, (value) => {
    draft.dataset = value;
    draft.key.clear();
    for (const edit of draft.edits.values()) delete edit.into;
    act.ask();
  });
  const modes = MODES.map(([mode, text, note]) =>
    radio("mode", mode, draft.mode === mode, text, note, () => {
      draft.mode = mode;
      act.draw();
    }),
  );
  return [
    element("div", { class: "fields" }, field("Dataset", dataset, fault(faults, "dataset"))),
    element("div", { class: "choices", role: "radiogroup", "aria-label": "What becomes of its rows" }, modes),
    draft.mode === "upsert" && keyFields(draft, faults, act),
  ];
}

function keyFields(draft, faults, act) {
  const brought = new Set(draft.columns.map((column) => draft.into(column)));
  const columns = (draft.target?.columns ?? []).filter(([name]) => brought.has(name) || draft.key.has(name));
  const boxes = columns.map(([name]) => {
    const control = element("input", { type: "checkbox", "data-key": `key ${name}` });
    control.checked = draft.key.has(name);
    control.addEventListener("change", () => {
      if (control.checked) draft.key.add(name);
      else draft.key.delete(name);
      act.draw();
    });
    return element("label", { class: "chip" }, control, name);
  });
  const legend = element("legend", {}, "Rows are the same when these columns are");
  return element("fieldset", { class: "keys" }, legend, boxes, fault(faults, "key"));
}
