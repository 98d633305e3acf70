// A form by one declaration. What was typed is told at once; the faults come back from the room.

const PAUSE = 250; // ms without a key, until what was typed is told

export function render({ model, el }) {
  const host = element("form", { class: "form", novalidate: true, autocomplete: "off" });
  const faults = new Map();
  let values = {};
  let number = 0;
  let timer = 0;
  let made = null;
  el.append(host);

  function tell(name, value, again) {
    values = { ...values, [name]: value };
    number += 1;
    clearTimeout(timer);
    timer = setTimeout(() => model.send_msg({ kind: "changed", form: { values, number } }), PAUSE);
    if (again) draw();
    else mark();
  }

  function choices(hint, field) {
    const all = field.enum ?? (field.const === undefined ? null : [field.const]); // one choice is a constant
    if (all) return all.filter((option) => option !== null).map((option) => [option, String(option)]);
    if (hint.kind === "dataset") return Object.keys(model.datasets).map((name) => [name, name]);
    if (hint.kind !== "column") return null;
    const columns = model.datasets[values[hint.dataset]] ?? [];
    const fits = ([, type]) => !hint.types?.length || hint.types.includes(type);
    return columns.filter(fits).map(([name, type]) => [name, `${name} (${type})`]);
  }

  function row([name, field]) {
    const id = `field-${name}`;
    const { kind, unit } = hints(field);
    const fault = element("p", { class: "fault", id: `${id}-fault`, role: "alert" });
    const control = controlOf(field, values[name], id, (value) => tell(name, value, kind === "dataset"), choices);
    control.setAttribute("data-key", name);
    control.setAttribute("aria-describedby", `${id}-note ${id}-fault`);
    faults.set(name, [fault, control]);
    const notes = [field.description, kind === "secret" && "Only its name is given; its value stays where the worker is.", kind === "datetime" && "In UTC."];
    const bounds = bounded(field);
    return element("div", { class: `field ${kind}` }, [
      element("label", { for: id }, [field.title, unit && element("span", { class: "soft" }, ` in ${unit}`), isOptional(field) && element("span", { class: "soft" }, " (optional)")]),
      control,
      element("small", { id: `${id}-note` }, [...notes, bounds && `${bounds}.`].filter(Boolean).join(" ")),
      fault,
    ]);
  }

  // Only words and colours: no control is made anew while somebody types in it.
  function mark() {
    const isChecked = model.checked >= number;
    for (const [name, [fault, control]] of faults) {
      const said = model.faults[name] ?? "";
      if (fault.textContent !== said) fault.textContent = said;
      control.toggleAttribute("aria-invalid", Boolean(said));
    }
    const known = new Set(model.fields.map(([name]) => name));
    const others = Object.entries(model.faults).filter(([name]) => !known.has(name)).map(([, said]) => said);
    const all = [model.fault, ...others].filter(Boolean).join(" ");
    made.whole.textContent = all;
    made.whole.hidden = !all;
    const isWrong = Object.keys(model.faults).length > 0;
    made.submit.disabled = model.is_busy || model.is_loading || (isWrong && isChecked);
    made.submit.textContent = model.is_busy ? "One moment …" : model.action;
    host.classList.toggle("busy", model.is_busy);
  }

  function draw() {
    faults.clear();
    made = { whole: element("p", { class: "problem", role: "alert" }), submit: element("button", { type: "submit", class: "main" }, model.action) };
    const none = element("p", { class: "soft" }, "It takes no parameters; it can start as it is.");
    const waiting = [1, 2, 3].map(() => element("div", { class: "field waiting", "aria-hidden": "true" }));
    const rows = model.is_loading ? waiting : model.fields.length ? model.fields.map(row) : none;
    redraw(host, element("div", { class: "fields" }, rows), made.whole, element("div", { class: "row" }, made.submit));
    mark();
  }

  function begin() {
    values = { ...model.values };
    number = 0;
    draw();
  }

  host.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    if (!made.submit.disabled) model.send_msg({ kind: "submit", form: { values, number } });
  });
  model.on(["fields", "values", "datasets", "is_loading"], () => queueMicrotask(begin));
  model.on(["faults", "fault", "checked", "is_busy", "action"], mark);
  begin();
}
