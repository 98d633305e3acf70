// The fields of a schedule: what was typed is told at once, and answered with the next times.

const PAUSE = 250; // ms without a key
const MISSED = [[1, "Run the newest of them late"], [0, "Leave them out"], [3, "Run up to 3 of them late"], [24, "Run up to 24 of them late"]];
const zones = () => (Intl.supportedValuesOf ? ["UTC", ...Intl.supportedValuesOf("timeZone")] : ["UTC"]);

function labelled(name, label, control, note, fault) {
  control.id ||= `sketch-${name}`;
  return element("div", { class: "field" }, [
    element("label", { for: control.id }, label), control, note && element("small", {}, note), fault,
  ]);
}

function picked(options, value, hear, key) {
  const made = element("select", { "data-key": key }, options.map(([each, text]) => element("option", { value: each, selected: String(each) === String(value) }, text)));
  made.addEventListener("change", () => hear(made.value));
  return made;
}

function typed(value, hear, attributes) {
  const made = element("input", { value, autocomplete: "off", ...attributes });
  made.addEventListener("input", () => hear(made.value));
  return made;
}

export function render({ model, el }) {
  const host = element("div", { class: "sketch form" });
  const next = element("div", { class: "next", role: "status" });
  const faults = {};
  let held = {};
  let timer = 0;
  el.append(host);

  function fault(name) {
    faults[name] = element("p", { class: "fault", role: "alert" });
    return faults[name];
  }

  function sketch() {
    const { name, notebook, time_zone, after, catch_up, recipients, isChain, rhythm } = held;
    return { name, notebook, time_zone, after: isChain ? after : [], catch_up, recipients, cron: isChain ? null : cronOf(rhythm) };
  }

  function tell(changes, again) {
    held = { ...held, ...changes };
    clearTimeout(timer);
    const send = () => model.send_msg({ kind: "sketch", form: sketch() });
    if (again) {
      draw();
      send();
    } else timer = setTimeout(send, PAUSE);
  }

  // Whoever leaves a field has told all of it, before a button hears that it was pressed.
  host.addEventListener("change", () => {
    clearTimeout(timer);
    model.send_msg({ kind: "sketch", form: sketch() });
  });

  const beat = (changes, again) => tell({ rhythm: { ...held.rhythm, ...changes } }, again);

  function clock() {
    const { rhythm } = held;
    const isOwn = rhythm.rhythm === "own";
    const at = typed(rhythm.at, (value) => beat({ at: value }), { type: "time", "data-key": "at" });
    const cron = typed(rhythm.cron, (value) => beat({ cron: value }), { type: "text", maxlength: 100, spellcheck: false, "data-key": "cron" });
    const days = Array.from({ length: 28 }, (_, at) => [at + 1, `${at + 1}.`]);
    const list = element("datalist", { id: "zones" }, zones().map((zone) => element("option", { value: zone })));
    const zone = typed(held.time_zone, (value) => tell({ time_zone: value }), { type: "text", list: "zones", "data-key": "zone" });
    return [
      labelled("rhythm", "How often", picked(RHYTHMS, rhythm.rhythm, (value) => beat({ rhythm: value, cron: cronOf(rhythm) }, true), "rhythm")),
      rhythm.rhythm === "weekly" && labelled("weekday", "On", picked(DAYS, rhythm.weekday, (value) => beat({ weekday: value }), "weekday")),
      rhythm.rhythm === "monthly" && labelled("day", "On the", picked(days, rhythm.day, (value) => beat({ day: value }), "day")),
      isOwn ? labelled("cron", "Cron expression", cron, "Minute, hour, day, month and weekday, such as 0 6 * * MON-FRI.", fault("cron")) : labelled("at", "At", at, "", fault("cron")),
      [labelled("zone", "Time zone", zone, "", fault("time_zone")), list],
      labelled("catch_up", "When nobody was there at its time", picked(MISSED, held.catch_up, (value) => tell({ catch_up: Number(value) }), "catch_up"), "", fault("catch_up")),
    ];
  }

  function chain() {
    if (!model.others.length) return element("p", { class: "soft" }, "There is no other schedule yet that it could wait for.");
    const box = ([id, name]) => {
      const input = element("input", { type: "checkbox", checked: held.after.includes(id), "data-key": `after ${id}` });
      input.addEventListener("change", () => tell({ after: input.checked ? [...held.after, id] : held.after.filter((each) => each !== id) }));
      return element("label", { class: "tick" }, input, name);
    };
    return element("div", { class: "field" }, [element("span", {}, "Once all of these have succeeded"), element("div", { class: "ticks" }, model.others.map(box)), fault("after")]);
  }

  function kind(isChain, text) {
    const input = element("input", { type: "radio", name: "trigger", checked: held.isChain === isChain, "data-key": `trigger ${isChain}` });
    input.addEventListener("change", () => tell({ isChain }, true));
    return element("label", { class: "tick" }, input, text);
  }

  function draw() {
    const name = typed(held.name, (value) => tell({ name: value }), { type: "text", maxlength: 80, "data-key": "name" });
    const notebook = model.is_new
      ? picked(model.notebooks, held.notebook, (value) => tell({ notebook: value }, true), "notebook")
      : element("output", {}, (model.notebooks.find(([each]) => each === held.notebook) ?? [held.notebook, held.notebook])[1]);
    const mails = element("textarea", { rows: 2, "data-key": "recipients" }, held.recipients.join(", "));
    mails.addEventListener("input", () => tell({ recipients: mails.value.split(/[\s,;]+/).filter(Boolean) }));
    redraw(host, [
      element("div", { class: "fields" }, [
        labelled("name", "Name", name, "", fault("name")),
        labelled("notebook", "Notebook", notebook, "", fault("notebook")),
      ]),
      element("fieldset", {}, [
        element("legend", {}, "When it runs"),
        element("div", { class: "row" }, kind(false, "By the clock"), kind(true, "After other schedules")),
        element("div", { class: "fields" }, held.isChain ? chain() : clock()),
        next,
      ]),
      element("div", { class: "fields wide" }, labelled("recipients", "Mail the report to (optional)", mails, "Addresses of members, with commas between them. It runs once more for each, who sees only what is his.", fault("recipients"))),
      fault(""),
    ]);
    mark();
  }

  function mark() {
    for (const [name, line] of Object.entries(faults)) line.textContent = model.faults[name] ?? "";
    const times = model.times.map((text) => element("li", {}, text));
    redraw(next, !held.isChain && times.length > 0 && [element("p", { class: "soft" }, `Its next times, in ${held.time_zone}:`), element("ul", {}, times)]);
  }

  function begin() {
    const told = model.sketch;
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    held = { name: "", notebook: "", time_zone: zone, after: [], catch_up: 1, recipients: [], ...told, isChain: Boolean(told.after?.length), rhythm: rhythmOf(told.cron) };
    if (!told.notebook) return redraw(host);
    draw();
    model.send_msg({ kind: "sketch", form: sketch() });
  }

  model.on(["sketch"], () => queueMicrotask(begin));
  model.on(["times", "faults"], mark);
  begin();
}
