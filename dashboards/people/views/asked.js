// What the components of people have in common: what was said, and asking before something is gone.

function told(model, ...more) {
  const parts = model.said ? element("div", { class: `told ${model.is_wrong ? "wrong" : ""}` }, element("span", {}, model.said), more) : null;
  return element("div", { role: "status" }, parts);
}

// A button that asks once more, in the same place, before the wish is sent.
function askFirst(asked, key, { label, question, sure, draw, send }) {
  if (!asked.has(key)) {
    const open = () => { asked.clear(); asked.add(key); draw(); };
    return { open: button(label, open, { "data-key": `ask ${key}` }), sure: null };
  }
  const close = () => { asked.delete(key); draw(); };
  const go = () => { asked.delete(key); draw(); send(); };
  return {
    open: null,
    sure: element("div", { class: "sure", role: "group", "aria-label": question },
      element("span", {}, question),
      button(sure, go, { class: "danger", "data-key": `sure ${key}` }),
      button("Keep", close, { "data-key": `ask ${key}` })),
  };
}

function select(value, options, attributes = {}) {
  const made = element("select", attributes, options.map((option) =>
    element("option", { value: option.value, title: option.note, selected: option.value === value }, option.title)));
  if (!options.some((option) => option.value === value)) made.prepend(element("option", { value, selected: true, disabled: true }, value || "Choose…"));
  return made;
}
