// The form of a question. Every text is set as text, never as markup; the server judges each wish.

function element(name, attributes = {}, ...parts) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...parts);
  return made;
}

function options(list, chosen) {
  return list.map(([value, label]) => {
    const made = element("option", { value }, label);
    made.selected = String(value) === String(chosen ?? "");
    return made;
  });
}

function select(key, label, list, chosen, onChange) {
  const made = element("select", { "data-key": key, "aria-label": label }, ...options(list, chosen));
  made.addEventListener("change", () => onChange(made.value));
  return made;
}

// Columns as choices, those of joined datasets under the names of these.
function columns(key, label, fields, chosen, first, onChange) {
  const made = element("select", { "data-key": key, "aria-label": label });
  if (first) made.append(...options([["", first]], chosen));
  const own = fields.filter((field) => !field.family);
  made.append(...options(own.map((field) => [field.name, field.title]), chosen));
  for (const family of new Set(fields.map((field) => field.family).filter(Boolean))) {
    const group = element("optgroup", { label: family });
    const joined = fields.filter((field) => field.family === family);
    group.append(...options(joined.map((field) => [field.name, `${family}: ${field.title}`]), chosen));
    made.append(group);
  }
  made.addEventListener("change", () => onChange(made.value));
  return made;
}

function button(attributes, text, onClick) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
}

function part(title, ...parts) {
  return element("fieldset", {}, element("legend", {}, title), ...parts);
}

function input(attributes, value, onInput) {
  const made = element("input", attributes);
  made.value = value ?? "";
  made.addEventListener("input", () => onInput(made.value));
  return made;
}

// ------------------------------------------------------------------------------ the parts

function drawQuestion(model, asked, ask) {
  const { fields, functions } = model;
  const known = Object.fromEntries(fields.map((field) => [field.name, field]));
  const chosen = functions.find((one) => one.key === asked.function) ?? functions[0];
  const fits = (field, of) =>
    of === "number" ? field.is_number : of !== "ordered" || field.type !== "boolean";
  const show = [select("function", "Measure", functions.map((one) => [one.key, one.label]),
    asked.function, (value) => {
      const { of } = functions.find((one) => one.key === value);
      const keeps = known[asked.column] && of !== "none" && fits(known[asked.column], of);
      const first = of === "number"
        ? fields.find((field) => field.is_measure) ?? fields.find((field) => field.is_number)
        : fields.find((field) => fits(field, of));
      const column = of === "none" ? "" : keeps ? asked.column : first?.name ?? "";
      ask({ function: value, column });
    })];
  if (chosen.of !== "none") {
    const fitting = fields.filter((field) => fits(field, chosen.of));
    show.push(columns("column", "Measured column", fitting, asked.column, null,
      (column) => ask({ column })));
  }
  const by = [0, 1].filter((place) => place <= asked.by.length).map((place) => {
    const group = asked.by[place] ?? { column: "", step: "" };
    const change = (changed) => {
      const groups = [...asked.by];
      groups[place] = { ...group, ...changed };
      ask({ by: groups.filter((one) => one.column) });
    };
    const line = [columns(`by${place}`, place ? "Then by" : "By", fields, group.column,
      place ? "and by … (nothing more)" : "nothing: one figure for all",
      (column) => change({ column, step: model.steps[known[column]?.type]?.[0]?.[0] ?? "" }))];
    const steps = model.steps[known[group.column]?.type];
    if (steps) {
      const own = steps.some(([key]) => String(key) === String(group.step)) ? []
        : [[group.step, `steps of ${group.step}`]];
      line.push(select(`step${place}`, "Steps", [...steps, ...own], group.step,
        (step) => change({ step })));
    }
    return element("div", { class: "line" }, ...line);
  });
  return [part("Show", element("div", { class: "line" }, ...show)), part("By", ...by)];
}

function drawForm(model, asked, ask) {
  const first = element("input", { type: "number", min: 1, max: 1000, placeholder: "all that fit",
    "data-key": "first", "aria-label": "How many groups" });
  first.value = asked.first ?? "";
  first.addEventListener("change", () => ask({ first: first.value ? Number(first.value) : null }));
  const parts = [part("Sorted", element("div", { class: "line" },
    select("order", "Sorted", model.orders, asked.order, (order) => ask({ order })), first))];
  parts.push(part("Drawn as",
    select("chart", "Drawn as", model.kinds, asked.chart, (chart) => ask({ chart }))));
  if (model.fields.some((field) => field.type === "timestamp")) {
    const zone = element("input", { list: "zones", "data-key": "zone", "aria-label": "Time zone",
      placeholder: "UTC" });
    zone.value = asked.zone ?? "";
    zone.addEventListener("change", () => ask({ zone: zone.value.trim() || null }));
    const zones = element("datalist", { id: "zones" }, ...options(model.zones.map((n) => [n, n])));
    parts.push(part("Times of the clocks in", zone, zones));
  }
  return parts;
}

function drawChips(model, edit) {
  return model.chips.map((chip, at) => element("li", {},
    button({ class: "text", "data-key": `chip${at}`, disabled: !chip.word,
      title: chip.word ? "Change this filter" : null }, chip.text, () => edit(at, chip)),
    button({ class: "drop", "aria-label": `Remove the filter ${chip.text}` }, "×",
      () => model.send_msg({ kind: "unfilter", at }))));
}

// ------------------------------------------------------------------------- one more filter

function controls(model, draft, suggest) {
  const field = model.fields.find((one) => one.name === draft.column);
  const word = model.words[field.type].find((one) => one.key === draft.word);
  const set = (place) => (value) => { draft.values[place] = value; };
  const one = (attributes, place = 0) =>
    input({ "aria-label": "Value", ...attributes }, draft.values[place], set(place));
  switch (word.control) {
    case "none": return [];
    case "date": return [one({ type: "date" })];
    case "two_dates": return [one({ type: "date", "aria-label": "First day" }), "to",
      one({ type: "date", "aria-label": "Last day" }, 1)];
    case "number": return [one({ type: "number", step: "any" })];
    case "two_numbers": return [one({ type: "number", step: "any", "aria-label": "From" }), "to",
      one({ type: "number", step: "any", "aria-label": "To" }, 1)];
    case "numbers": return [input({ inputmode: "decimal", placeholder: "6, or several: 6, 7, 8",
      "aria-label": "Value" }, draft.values.join(", "),
    (text) => { draft.values = text.split(",").map((piece) => piece.trim()).filter(Boolean); })];
    case "picks": return [picks(model, draft, suggest)];
    case "text": return [one({ type: "text", list: "texts" }), element("datalist", { id: "texts" })];
    default: return [choices(model.choices[word.control].map((label, at) => [String(at), label]),
      draft)];
  }
}

function choices(list, draft, note = () => "") {
  return element("div", { class: "choices" }, ...list.map(([value, label]) => {
    const box = element("input", { type: "checkbox" });
    box.checked = draft.values.includes(value);
    box.addEventListener("change", () => {
      draft.values = draft.values.filter((one) => one !== value);
      if (box.checked) draft.values.push(value);
    });
    return element("label", {}, box, element("span", {}, label),
      element("small", {}, note(value)));
  }));
}

function picks(model, draft, suggest) {
  const search = input({ type: "search", placeholder: "Search", "aria-label": "Search values" }, "",
    (piece) => suggest(piece));
  const list = element("div", { class: "found" });
  const draw = () => {
    const found = model.suggestions.column === draft.column ? model.suggestions.values : [];
    const counts = Object.fromEntries(found);
    const shown = [...new Set([...draft.values.filter(Boolean), ...found.map(([text]) => text)])];
    list.replaceChildren(choices(shown.map((text) => [text, text]), draft,
      (text) => counts[text]?.toLocaleString() ?? ""));
  };
  draw();
  model.on("suggestions", draw);
  return element("div", { class: "picks" }, search, list);
}

function drawEditor(model, draft, redraw, close) {
  const field = model.fields.find((one) => one.name === draft.column);
  let timer = 0;
  const suggest = (piece) => {
    clearTimeout(timer);
    timer = setTimeout(() => model.send_msg({ kind: "suggest", column: draft.column, piece }), 200);
  };
  const column = columns("draft", "Column to filter", model.fields, draft.column, null, (name) => {
    const type = model.fields.find((one) => one.name === name).type;
    redraw({ at: draft.at, column: name, word: model.words[type][0].key, values: [] });
  });
  const word = select("word", "How", model.words[field.type].map((one) => [one.key, one.label]),
    draft.word, (key) => redraw({ ...draft, word: key, values: [] }));
  const made = element("form", { class: "editor" }, column, word,
    element("div", { class: "line" }, ...controls(model, draft, suggest)),
    element("div", { class: "line" },
      element("button", { class: "strong", type: "submit" }, draft.at < 0 ? "Add" : "Change"),
      button({}, "Cancel", close)));
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    model.send_msg({ kind: "filter", at: draft.at, column: draft.column, word: draft.word,
      values: draft.values.map((value) => value ?? "") });
    close();
  });
  if (field.type === "text") suggest("");
  return made;
}

// ------------------------------------------------------------------------------ the whole

function follow(model) {
  let isFirst = true;
  const write = () => {
    if (!model.address) return;
    const there = `?${model.address}`;
    if (location.search !== there) {
      if (isFirst) history.replaceState(null, "", there);
      else history.pushState(null, "", there);
    }
    isFirst = false; // from now on, going back undoes a choice
  };
  model.on("address", write);
  window.addEventListener("popstate", () =>
    model.send_msg({ kind: "address", search: location.search }));
  write();
}

async function copy(made) {
  await navigator.clipboard.writeText(location.href).then(
    () => { made.textContent = "Copied"; },
    () => { made.textContent = "Copy it from the address bar"; });
  setTimeout(() => { made.textContent = "Copy link"; }, 2000);
}

function drawLeaving(model) {
  const { csv, parquet, note } = model.leaving;
  const link = (href, text) => element("a", { href, download: true }, text);
  const made = button({}, "Copy link", () => copy(made));
  const links = csv ? [link(csv, "CSV"), link(parquet, "Parquet")] : [];
  return [part("Take it along", element("div", { class: "line leaving" }, made, ...links),
    element("p", {}, note))];
}

export function render({ model, el }) {
  const boxes = Object.fromEntries(
    ["toggle", "dataset", "question", "where", "form", "leaving"].map((name) =>
      [name, element("div", { class: `box ${name}` })]));
  const chips = element("ul", { class: "chips" });
  const editing = element("div");
  const root = element("section", { class: "asking", "aria-label": "Question" });
  root.append(...Object.values(boxes));
  const rest = element("div", { class: "rest" }, boxes.dataset, boxes.question, boxes.where,
    boxes.form, boxes.leaving);
  root.append(rest);
  const said = element("p", { class: "said", role: "alert" });
  boxes.where.append(part("Where", chips, editing), said);
  el.append(root);

  // What was chosen shows at once; only that is sent, for the answer to the choice before may still
  // be under way.
  let asked = model.asked;
  const ask = (changed) => {
    asked = { ...asked, ...changed };
    model.send_msg({ kind: "ask", asked: changed });
    draw();
  };
  model.on("asked", () => { asked = model.asked; });
  model.on("said", () => { if (model.said) asked = model.asked; });
  const offer = button({ class: "add" }, "+ Add a filter", () => edit(-1));

  function edit(at, chip) {
    const column = chip?.column ?? model.fields[0]?.name;
    const field = model.fields.find((one) => one.name === column);
    if (!field) return;
    const word = chip?.word ?? model.words[field.type][0].key;
    open({ at, column, word, values: [...(chip?.values ?? [])] });
  }

  function open(draft) {
    editing.replaceChildren(drawEditor(model, draft, open, close));
    editing.querySelector(draft.at < 0 ? "select" : "input, select")?.focus();
  }

  function close() {
    editing.replaceChildren(offer);
    offer.focus();
  }

  function draw() {
    const focused = el.getRootNode().activeElement?.dataset?.key;
    const toggle = button({ class: "toggle", "aria-expanded": root.classList.contains("open") },
      "Change the question", () => {
        root.classList.toggle("open");
        draw();
      });
    boxes.toggle.replaceChildren(toggle);
    const names = model.datasets.map(({ name, title, is_private }) =>
      [name, is_private ? `${title} (private)` : title]);
    const isKnown = names.some(([name]) => name === model.asked.dataset);
    boxes.dataset.replaceChildren(part("Dataset", select("dataset", "Dataset",
      isKnown ? names : [["", "Choose a dataset"], ...names], model.asked.dataset,
      (dataset) => dataset && model.send_msg({ kind: "dataset", dataset }))));
    const isOpen = model.fields.length > 0;
    for (const name of ["question", "where", "form", "leaving"]) boxes[name].hidden = !isOpen;
    if (isOpen) {
      boxes.question.replaceChildren(...drawQuestion(model, asked, ask));
      chips.replaceChildren(...drawChips(model, edit));
      boxes.form.replaceChildren(...drawForm(model, asked, ask));
      boxes.leaving.replaceChildren(...drawLeaving(model));
    }
    said.textContent = model.said;
    root.style.colorScheme = model.is_dark ? "dark" : "light";
    if (focused) root.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  let isPlanned = false;
  model.on(["datasets", "fields", "asked", "chips", "leaving", "said", "is_dark"], () => {
    if (isPlanned) return; // one drawing for all changes that arrive together
    isPlanned = true;
    queueMicrotask(() => {
      isPlanned = false;
      draw();
    });
  });
  model.on("fields", () => editing.replaceChildren(offer));
  editing.append(offer);
  follow(model);
  draw();
}
