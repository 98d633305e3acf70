// The controls of a form, one maker for each kind. Each tells its value as JSON would hold it.

const INPUTS = { date: "date", time: "time", datetime: "datetime-local", integer: "number", number: "number" };
const NONE = "– none –";

function hints(field) {
  return field["x-workbench"] ?? {};
}

// What a text in a field stands for; what it cannot be is left to the room, which says so.
function worded(kind, text) {
  if (kind === "integer" || kind === "number") return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  if (kind === "datetime" && text && !/[zZ]|[+-]\d\d:\d\d$/.test(text)) return `${text}Z`;
  return text;
}

function isOptional(field) {
  return Array.isArray(field.type) && field.type.includes("null");
}

function single(field, kind, bounds, value, id, tell, label) {
  const type = INPUTS[kind] ?? "text";
  const shown = kind === "datetime" ? String(value ?? "").replace(/(:\d\d)?(\.\d+)?(Z|\+00:00)$/, "") : value;
  const input = element("input", {
    id, type, value: shown, "aria-label": label, autocomplete: "off",
    min: bounds.minimum, max: bounds.maximum, maxlength: field.maxLength,
    step: kind === "number" ? "any" : null, inputmode: kind === "integer" ? "numeric" : null,
  });
  const hear = () => tell(input.value === "" && isOptional(field) ? null : worded(kind, input.value));
  input.addEventListener("input", hear);
  return input;
}

// A number with both bounds can be slid as well; the two controls hold the same value.
function slid(field, kind, value, id, tell) {
  const input = single(field, kind, field, value, id, (given) => {
    slider.value = given ?? field.minimum;
    tell(given);
  });
  const step = kind === "integer" ? 1 : (field.maximum - field.minimum) / 100;
  const slider = element("input", { type: "range", min: field.minimum, max: field.maximum, step, value: value ?? field.minimum, tabindex: -1, "aria-hidden": "true" });
  slider.addEventListener("input", () => {
    input.value = slider.value;
    tell(worded(kind, slider.value));
  });
  return element("div", { class: "slid" }, slider, input);
}

function chosen(options, value, id, tell, may) {
  const all = may ? [[null, NONE], ...options] : options;
  const select = element("select", { id });
  if (!all.some(([option]) => option === value)) {
    select.append(element("option", { value: "", disabled: true, selected: true }, value === null || value === undefined ? "Choose" : String(value)));
  }
  all.forEach(([option, text], at) => select.append(element("option", { value: at, selected: option === value }, text)));
  select.addEventListener("change", () => tell(all[Number(select.value)][0]));
  return select;
}

function ticked(options, value, tell) {
  const held = new Set(Array.isArray(value) ? value : []);
  const box = ([option, text]) => {
    const input = element("input", { type: "checkbox", checked: held.has(option) });
    input.addEventListener("change", () => {
      if (input.checked) held.add(option);
      else held.delete(option);
      tell(options.map(([each]) => each).filter((each) => held.has(each)));
    });
    return element("label", { class: "tick" }, input, text);
  };
  if (!options.length) return element("p", { class: "soft" }, "There is nothing to choose.");
  return element("div", { class: "ticks" }, options.map(box));
}

function ranged(field, value, id, tell) {
  const kind = hints(field).of?.kind ?? "number";
  const held = Array.isArray(value) ? [...value] : [null, null];
  const change = (at) => (given) => {
    held[at] = given;
    tell(isOptional(field) && held.every((each) => each === "" || each === null) ? null : [...held]);
  };
  const part = (at, label) => {
    const of = field.prefixItems?.[at] ?? {};
    const bounds = { ...of, ...(hints(field).of ?? {}) };
    return single(of, kind, bounds, held[at], at ? null : id, change(at), label);
  };
  return element("div", { class: "pair" }, part(0, "From"), element("span", { class: "soft" }, "to"), part(1, "To"));
}

function switched(field, value, id, tell) {
  if (isOptional(field)) return chosen([[true, "Yes"], [false, "No"]], value, id, tell, true);
  const input = element("input", { id, type: "checkbox", role: "switch", checked: value === true });
  input.addEventListener("change", () => tell(input.checked));
  return input;
}

function listed(field, value, id, tell, choices) {
  const of = hints(field).of ?? {};
  const options = choices(of, field.items ?? {});
  if (options) return ticked(options, value, tell);
  const hear = (text) => tell(String(text ?? "").split(",").map((part) => part.trim()).filter(Boolean).map((part) => worded(of.kind, part)));
  const input = single({}, "text", {}, Array.isArray(value) ? value.join(", ") : "", id, hear);
  input.placeholder = "Several with commas between them";
  return input;
}

function controlOf(field, value, id, tell, choices) {
  const { kind } = hints(field);
  const options = choices(hints(field), field);
  if (kind === "list") return listed(field, value, id, tell, choices);
  if (kind === "range") return ranged(field, value, id, tell);
  if (kind === "boolean") return switched(field, value, id, tell);
  if (options) return chosen(options, value, id, tell, isOptional(field));
  const isBound = Number.isFinite(field.minimum) && Number.isFinite(field.maximum) && !isOptional(field);
  if (isBound && field.maximum - field.minimum <= 1000) return slid(field, kind, value, id, tell);
  return single(field, kind, { ...field, ...hints(field) }, value, id, tell);
}

// What may be typed, in words, where the control does not show it.
function bounded(field) {
  const { minimum, maximum } = { ...field, ...hints(field), ...(hints(field).of ?? {}) };
  const said = (bound) => (typeof bound === "number" ? bound.toLocaleString("en") : bound);
  if (minimum !== undefined && maximum !== undefined) return `${said(minimum)} to ${said(maximum)}`;
  if (minimum !== undefined) return `From ${said(minimum)}`;
  return maximum === undefined ? "" : `Up to ${said(maximum)}`;
}
