// Two fields for days and a row of spans. The server decides; the fields follow what it took.

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

export function render({ model, el }) {
  const fields = element("div", { class: "fields" });
  const [since, until] = ["First day", "Last day"].map((name) => {
    const label = element("label", {}, "");
    const input = element("input", { type: "date" });
    label.append(element("span", {}, name), input);
    fields.append(label);
    input.addEventListener("change", () => model.send_msg({ since: since.value, until: until.value }));
    return input;
  });
  const spans = element("div", { class: "spans", role: "group", "aria-label": "Spans" });
  for (const preset of model.presets) {
    const button = element("button", { type: "button" }, preset);
    button.addEventListener("click", () => model.send_msg({ preset }));
    spans.append(button);
  }
  const said = element("p", { role: "alert" });
  const box = element("div", { class: "box" });
  box.append(fields, spans, said);
  el.append(box);

  function draw() {
    for (const [input, value] of [[since, model.since], [until, model.until]]) {
      input.value = value;
      input.min = model.first;
      input.max = model.last;
    }
    said.textContent = model.said;
  }

  model.on(["since", "until", "first", "last"], draw);
  model.on("said", () => {
    said.textContent = model.said;
  });
  draw();
}
