// A draft: what is to become of a file, as proposed and as corrected by hand. It draws nothing.

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const STRUCTURE = ["encoding", "delimiter", "has_header", "sheet"]; // decide which columns there are
const BAD_NAME = "Use small letters, digits and _, and begin with a letter.";
const LOOSE_DATE = /^\s*(\d{1,2})[./-](\d{1,2})[./-]\d{4}\b/;
const ANY_DATE = /^\s*\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b/;
const ANY_NUMBER = /^\s*[+-]?\d[\d.,]*\s*$/;
const MOST = 0.6; // of a column's cells make it look like something

function plain(text) {
  const letters = text.replaceAll("ß", "ss").normalize("NFKD").replace(/[^\x00-\x7f]/g, "");
  const name = letters.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return (/^[a-z]/.test(name) ? name : `data_${name}`).slice(0, 60).replace(/_+$/, "");
}

class Draft {
  constructor(file, datasets, mayCreate, origin = null) {
    this.file = file;
    this.datasets = datasets;
    this.origin = origin; // the import whose refused rows these are
    this.given = {}; // fields of the reading that were set by hand
    this.edits = new Map(); // by source: take, name, type, into
    this.proposal = null;
    this.isWhole = true;
    this.mostRejects = "";
    const stem = file.name.replace(/(\.(csv|tsv|txt|xlsx?|jsonl?|ndjson|parquet|gz))+$/i, "");
    this.isNew = mayCreate;
    this.name = this.free(plain(stem));
    this.title = stem.replace(/[\x00-\x1f_]+/g, " ").trim().slice(0, 200);
    this.dataset = datasets.find((known) => known.may_load)?.name ?? "";
    this.mode = "append";
    this.key = new Set();
    if (origin) this.follow(origin);
  }

  free(name) {
    const taken = new Set(this.datasets.map((known) => known.name));
    let found = name;
    for (let number = 2; taken.has(found); number += 1) found = `${name}_${number}`;
    return found;
  }

  // Corrected rows go where the others went. Replacing again would take those away.
  follow(origin) {
    this.isNew = false;
    this.dataset = origin.dataset;
    this.mode = origin.mode === "upsert" ? "upsert" : "append";
    this.key = new Set(origin.key);
    for (const field of ["null_text", "decimal", "dates"]) {
      if (origin.reading[field]) this.given[field] = origin.reading[field];
    }
  }

  get columns() {
    return this.proposal?.columns ?? [];
  }

  get target() {
    return this.isNew ? null : this.datasets.find((known) => known.name === this.dataset);
  }

  edit(source) {
    if (!this.edits.has(source)) this.edits.set(source, {});
    return this.edits.get(source);
  }

  // What the origin says of a column; null when it says nothing of any.
  told(source) {
    const told = this.origin?.reading.columns;
    return told ? (told.find((column) => column.source === source) ?? false) : null;
  }

  into(column) {
    const chosen = this.edit(column.source).into;
    if (chosen !== undefined) return chosen;
    const told = this.told(column.source);
    if (told !== null) return told ? told.name : "";
    const wanted = [column.name, column.source.trim().toLowerCase()];
    return this.target?.columns.find(([name]) => wanted.includes(name))?.[0] ?? "";
  }

  takes(column) {
    return this.isNew ? this.edit(column.source).take !== false : this.into(column) !== "";
  }

  nameOf(column) {
    return this.isNew ? (this.edit(column.source).name ?? column.name) : this.into(column);
  }

  typeOf(column) {
    if (this.isNew) return this.edit(column.source).type ?? column.type;
    return this.target?.columns.find(([name]) => name === this.into(column))?.[1] ?? column.type;
  }

  cells(column) {
    const place = this.columns.indexOf(column);
    return this.proposal.preview.map((cells) => cells[place]).filter((cell) => cell);
  }

  // A column of dates of which one does not exist is taken for texts, so nobody saw their order.
  settleDates() {
    if (this.given.dates || this.proposal.reading.dates !== "year") return;
    const dated = this.columns.filter((column) => this.takes(column) && /date|timestamp/.test(this.typeOf(column)));
    const found = dated.flatMap((column) => this.cells(column)).map((cell) => LOOSE_DATE.exec(cell)).filter(Boolean);
    if (found.length) this.given.dates = found.some(([, , second]) => Number(second) > 12) ? "month" : "day";
  }

  // Columns of texts that were meant to be more.
  hints() {
    return this.columns.filter((column) => this.isNew && this.takes(column) && this.typeOf(column) === "text").flatMap((column) => {
      const cells = this.cells(column);
      const share = (pattern) => cells.filter((cell) => pattern.test(cell)).length / (cells.length || 1);
      const such = share(ANY_DATE) >= MOST ? "Date" : share(ANY_NUMBER) >= MOST && share(ANY_NUMBER) < 1 ? "Number" : "";
      if (!such) return [];
      return [`${column.source} looks like a ${such.toLowerCase()}, but not in every row, so it is read as a text. Choose ${such} below, and rows where it is none are refused.`];
    });
  }

  // The reading to ask a preview with. All columns are asked for, so that none is lost by skipping.
  asked(withColumns) {
    if (!withColumns) return { ...this.given };
    this.settleDates();
    const reading = { ...this.given };
    reading.columns = this.columns.map((column) => {
      const name = this.nameOf(column);
      const type = this.isNew ? this.edit(column.source).type : this.takes(column) && this.typeOf(column);
      return { source: column.source, name: NAME.test(name) ? name : column.name, type: type || null };
    });
    return reading;
  }

  // The fields of the request that loads the file.
  fields() {
    const taken = this.columns.filter((column) => this.takes(column));
    const columns = taken.map((column) => {
      const named = { source: column.source, name: this.nameOf(column) };
      return this.isNew ? { ...named, type: this.typeOf(column) } : named;
    });
    const fields = {
      mode: this.isNew ? "create" : this.mode,
      reading: JSON.stringify({ ...this.proposal.reading, columns }),
    };
    if (this.isNew) fields.title = this.title;
    if (!this.isNew && this.mode === "upsert") fields.key = [...this.key].join(",");
    if (this.mostRejects !== "") fields.most_rejects = String(Math.max(0, Number(this.mostRejects)));
    return fields;
  }

  // What stands in the way of loading, each by the control that it is about.
  faults() {
    const faults = new Map();
    const taken = this.columns.filter((column) => this.takes(column));
    if (!taken.length) faults.set("columns", "Take at least one column.");
    const names = taken.map((column) => this.nameOf(column));
    for (const column of taken) {
      const name = this.nameOf(column);
      if (this.isNew && !NAME.test(name)) faults.set(`name ${column.source}`, BAD_NAME);
      else if (names.filter((other) => other === name).length > 1) {
        faults.set(`name ${column.source}`, `Two columns are called ${name}.`);
      }
    }
    if (this.isNew) this.faultsOfNew(faults);
    else if (!this.target) faults.set("dataset", "Choose a dataset.");
    else if (this.mode === "upsert") this.faultsOfKey(faults, names);
    return faults;
  }

  faultsOfNew(faults) {
    const taken = this.datasets.find((known) => known.name === this.name);
    if (!NAME.test(this.name)) faults.set("dataset", BAD_NAME);
    else if (taken && !taken.is_empty) {
      faults.set("dataset", "There is a dataset of this name. Choose another, or add to that one.");
    }
  }

  faultsOfKey(faults, names) {
    const missing = [...this.key].find((name) => !names.includes(name));
    if (!this.key.size) faults.set("key", "Choose the columns that tell rows apart.");
    else if (missing) faults.set("key", `The file brings no column ${missing}.`);
  }
}
