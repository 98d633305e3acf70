// A file on its way in: dropped, looked at, corrected, sent. The file never leaves this component
// but for the API; what went wrong is told in place, and nothing that was typed is lost.

const KINDS = ".csv,.tsv,.txt,.jsonl,.ndjson,.json,.parquet,.xlsx,.gz";

class Bringing {
  constructor(model, el) {
    this.model = model;
    this.host = element("div", { class: "upload" });
    this.draft = null;
    this.problem = null; // why the file cannot be looked at
    this.refusal = null; // why it could not be loaded
    this.said = "";
    this.sending = null;
    this.looking = null;
    this.order = {}; // a request and its key: the same request again is the same import
    this.moreIsOpen = false;
    el.append(this.host);
    this.watchWindow();
  }

  // ---- files

  watchWindow() {
    const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const over = (event) => {
      if (!carries(event)) return;
      event.preventDefault(); // or the browser opens the file in place of the page
      this.host.classList.add("over");
    };
    const leave = (event) => {
      if (!event.relatedTarget) this.host.classList.remove("over");
    };
    const drop = (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      this.host.classList.remove("over");
      this.bring([...event.dataTransfer.files]);
    };
    const unload = (event) => {
      if (this.sending) event.preventDefault(); // the browser asks whether to leave
    };
    this.listeners = { dragover: over, dragleave: leave, drop, beforeunload: unload };
    for (const [name, heard] of Object.entries(this.listeners)) window.addEventListener(name, heard);
  }

  end() {
    for (const [name, heard] of Object.entries(this.listeners)) window.removeEventListener(name, heard);
    this.looking?.abort();
  }

  async bring(files) {
    const [file] = files;
    if (!file) return;
    this.said = "";
    if (this.sending) {
      this.said = `${this.draft.file.name} is still being sent. Wait for it, then drop ${file.name} again.`;
      this.draw();
      return;
    }
    if (files.length > 1) this.said = `One file at a time: this is ${file.name}.`;
    const most = this.model.most_bytes;
    this.refusal = this.problem = null;
    if (most && file.size > most) {
      this.draft = null;
      this.said = `${file.name} has ${size(file.size)}; at most ${size(most)} can be sent. Split it, or pack it with gzip.`;
      this.draw();
      return;
    }
    const origin = (await isCorrected(file).catch(() => false)) ? this.originOf(file) : null;
    this.draft = new Draft(file, this.model.datasets, this.model.may_create, origin);
    await this.ask(true);
  }

  // The import whose refused rows these are: by the name of the file, else the last one.
  originOf(file) {
    const known = this.model.earlier.filter((order) => this.mayLoad(order.dataset));
    const named = known.find((order) => file.name.startsWith(`rejects of ${order.file}`));
    return named ?? known[0] ?? null;
  }

  mayLoad(name) {
    return this.model.datasets.some((known) => known.name === name && known.may_load);
  }

  forget() {
    this.looking?.abort();
    this.draft = this.problem = this.refusal = null;
    this.said = "";
    this.draw();
  }

  // ---- looking

  // Only the newest question counts. Columns are asked for once it is known which there are.
  async ask(isNewStructure = false) {
    this.looking?.abort();
    const mine = (this.looking = new AbortController());
    const { draft } = this;
    this.draw();
    try {
      let withColumns = !isNewStructure && draft.proposal !== null;
      let found = await preview(draft.file, draft.asked(withColumns), mine.signal);
      if (mine.signal.aborted) return;
      this.take(draft, found);
      if (!withColumns && (!draft.isNew || this.isRetyped(draft))) {
        found = await preview(draft.file, draft.asked(true), mine.signal);
        if (mine.signal.aborted) return;
        this.take(draft, found);
      }
      this.problem = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      this.problem = error instanceof Problem ? error : new Problem("This could not be looked at. Try again.");
    }
    this.looking = null;
    this.draw();
  }

  take(draft, found) {
    draft.proposal = found.proposal;
    draft.isWhole = found.isWhole;
  }

  isRetyped(draft) {
    return draft.columns.some((column) => draft.edits.get(column.source)?.type);
  }

  read(name, value) {
    if (value === "" && name !== "null_text") delete this.draft.given[name];
    else this.draft.given[name] = value;
    this.ask(STRUCTURE.includes(name));
  }

  // ---- sending

  async load() {
    const { draft } = this;
    const fields = draft.fields();
    const dataset = draft.isNew ? draft.name : draft.dataset;
    const text = JSON.stringify([dataset, fields]);
    if (this.order.text !== text || this.order.file !== draft.file) {
      this.order = { text, file: draft.file, key: newKey() };
    }
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set("file", draft.file, draft.file.name);
    this.refusal = null;
    this.said = "";
    this.share = 0;
    this.sending = sendFile(dataset, form, this.order.key, (share) => this.progress(share));
    this.draw();
    try {
      const made = await this.sending.done;
      this.sending = this.draft = null;
      this.model.send_msg({ kind: "started", id: made.id });
    } catch (error) {
      this.sending = null;
      this.refusal = error instanceof Problem ? error : new Problem("This could not be sent. Try again.");
      this.model.send_msg({ kind: "refresh" });
    }
    this.draw();
    // The card was short while the file was sent: what went wrong stands far below.
    this.host.querySelector("footer .problem")?.scrollIntoView({ block: "center" });
  }

  progress(share) {
    this.share = share;
    const bar = this.host.querySelector("progress");
    if (bar) bar.value = share;
    const told = this.host.querySelector(".sent");
    if (told) told.textContent = this.sent();
  }

  sent() {
    const total = this.draft.file.size;
    if (this.share >= 1) return "Sent. Workbench keeps the file …";
    return `${size(total * this.share)} of ${size(total)}`;
  }

  // ---- drawing

  draw() {
    const said = element("p", { class: "said", role: "status", hidden: !this.said }, this.said);
    if (this.sending) redraw(this.host, this.sendingCard(), said);
    else if (this.draft) redraw(this.host, said, this.draftCard());
    else redraw(this.host, said, this.dropZone());
  }

  chooser() {
    const input = element("input", { type: "file", accept: KINDS, hidden: true, "aria-label": "File" });
    input.addEventListener("change", () => this.bring([...input.files]));
    return input;
  }

  dropZone() {
    const input = this.chooser();
    const pick = button("Choose a file", () => input.click(), { class: "main", "data-key": "choose" });
    const mark = element("div", { class: "mark", "aria-hidden": "true" }, "↑");
    return element("section", { class: "drop", "aria-label": "Bring a file" }, [
      mark,
      element("h2", {}, "Drop a CSV, Excel, JSON Lines or Parquet file"),
      element("p", {}, "Anywhere on this page. You see how it is read before anything is loaded."),
      pick,
      input,
    ]);
  }

  sendingCard() {
    const { draft } = this;
    const bar = element("progress", { max: 1, value: this.share, "aria-label": "Sent" });
    return element("section", { class: "card", "aria-label": "Sending" }, [
      element("h2", {}, `Sending ${draft.file.name}`),
      bar,
      element("p", { class: "row" }, [
        element("span", { class: "sent" }, this.sent()),
        button("Stop", () => this.sending.stop(), { "data-key": "stop" }),
      ]),
      element("p", { class: "soft" }, "Stay on this page until it is sent; loading then goes on without you."),
    ]);
  }

  draftCard() {
    const { draft } = this;
    const isReady = draft.proposal !== null;
    const faults = isReady ? draft.faults() : new Map();
    const busy = this.looking !== null;
    return element("section", { class: "card", "aria-label": "The file", "aria-busy": String(busy) }, [
      this.head(isReady, busy),
      this.problem && problemNote(this.problem, () => this.ask(draft.proposal === null)),
      (isReady || this.problem) && this.how(isReady),
      isReady && [this.where(faults), this.which(faults), this.foot(faults, busy)],
    ]);
  }

  head(isReady, busy) {
    const { draft } = this;
    const input = this.chooser();
    const note = busy && !isReady ? "Looking at it …" : isReady ? summary(draft) : size(draft.file.size);
    return element("header", {}, [
      element("div", {}, element("h2", {}, draft.file.name), element("p", { class: "soft", role: "status" }, note)),
      button("Another file", () => input.click(), { "data-key": "another" }),
      button("Forget it", () => this.forget(), { "data-key": "forget" }),
      input,
    ]);
  }

  how(isReady) {
    const { draft } = this;
    const act = { read: (name, value) => this.read(name, value) };
    return step("How it is read", "Change what was guessed wrong; the rows below follow.", [
      element("div", { class: "fields" }, readingFields(draft, act)),
      isReady && warningList([...draft.proposal.warnings, ...draft.hints()]),
      isReady && previewTable(draft),
    ]);
  }

  where(faults) {
    const { draft } = this;
    const act = { ask: () => this.ask(), draw: () => this.draw() };
    const note = draft.origin
      ? `These look like the refused rows of ${draft.origin.file}, corrected: they go where its other rows went.`
      : "";
    return step("Where the rows go", note, targetFields(draft, faults, this.model.may_create, act));
  }

  which(faults) {
    const act = { ask: () => this.ask(), draw: () => this.draw() };
    const note = this.draft.isNew ? "Leave out what you do not need." : "Columns that the dataset lacks are left out.";
    return step("Columns", note, [columnsTable(this.draft, faults, act), fault(faults, "columns")]);
  }

  foot(faults, busy) {
    const { draft } = this;
    const most = element("input", { type: "number", min: 0, value: draft.mostRejects, placeholder: "any number", "data-key": "most" });
    most.addEventListener("input", () => { draft.mostRejects = most.value; });
    const more = element("details", { open: this.moreIsOpen },
      element("summary", { "data-key": "more" }, "More"),
      field("Load nothing if more rows are refused than", most));
    more.addEventListener("toggle", () => { this.moreIsOpen = more.open; });
    const rows = Math.round(draft.proposal.rows_estimated);
    const text = `Load ${draft.isWhole ? "" : "about "}${many(rows, "row")}`;
    const isBlocked = busy || faults.size > 0 || this.problem !== null;
    const load = button(text, () => this.load(), { class: "main", disabled: isBlocked, "data-key": "load" });
    const hint = faults.size ? element("span", { class: "soft" }, [...faults.values()][0]) : null;
    return element("footer", {}, [
      more,
      this.refusal && problemNote(this.refusal),
      element("div", { class: "row" }, load, hint),
    ]);
  }
}

function step(title, note, ...parts) {
  const head = [element("h3", {}, title), note && element("p", { class: "soft" }, note)];
  return element("section", { class: "step", "aria-label": title }, head, ...parts);
}

function problemNote(problem, again) {
  const places = problem.places.map(({ place, message }) => element("li", {}, `${place}: ${message}`));
  const login = `/login?next=${encodeURIComponent(location.pathname)}`;
  return element("div", { class: "problem", role: "alert" }, [
    element("p", {}, problem.message),
    places.length > 0 && element("ul", {}, places),
    problem.status === 401 && element("a", { href: login }, "Sign in"),
    again && button("Try again", again, { "data-key": "again" }),
  ]);
}

export function render({ model, el }) {
  const bringing = new Bringing(model, el);
  drawOn(model, ["may_create"], () => bringing.draw());
  model.on("datasets", () => {
    if (!bringing.draft) return;
    bringing.draft.datasets = model.datasets;
    if (!bringing.sending) bringing.draw();
  });
  return () => bringing.end();
}
