// The tenant's own roles: made, and deleted. What they allow is ticked in the matrix.

const NAME = /^[a-z][a-z0-9-]{0,39}$/;

function own(model, role, asked, draw) {
  const holders = role.members === 1 ? "1 member loses" : `${role.members} members lose`;
  const ask = askFirst(asked, role.id, {
    label: "Delete",
    question: `Delete the role ${role.name}? ${holders} what it gives, and its grants end.`,
    sure: `Delete ${role.name}`,
    draw,
    send: () => model.send_msg({ kind: "delete", id: role.id }),
  });
  return element("li", { class: "item" },
    element("div", {}, element("strong", {}, role.name), element("div", { class: "soft" }, [role.description, many(role.members, "member")].filter(Boolean).join(" · "))),
    model.may_manage && element("div", { class: "end" }, ask.open), model.may_manage && ask.sure);
}

export function render({ model, el }) {
  const host = element("div", { class: "stack" });
  const asked = new Set();
  el.append(host);
  const name = element("input", { maxlength: "40", placeholder: "such as jfk-desk", autocomplete: "off", "data-key": "name", oninput: () => check() });
  const description = element("input", { maxlength: "500", placeholder: "What it is for", autocomplete: "off", "data-key": "description" });
  const send = element("button", { type: "submit", class: "main", "data-key": "send", disabled: true }, "Make the role");
  const note = element("p", { class: "hint" });
  const form = element("form", {
    class: "fields",
    onsubmit: (event) => {
      event.preventDefault();
      send.disabled = true;
      model.send_msg({ kind: "create", value: name.value, form: { description: description.value } });
    },
  }, element("label", { class: "field" }, "Name", name), element("label", { class: "field" }, "Description", description), note, element("div", {}, send));

  function check() {
    const isGood = NAME.test(name.value);
    send.disabled = !isGood;
    note.textContent = name.value && !isGood ? "Small letters, digits and hyphens, a letter first." : "It allows nothing until you tick boxes in the table.";
  }

  function draw() {
    const items = model.items.map((role) => own(model, role, asked, draw));
    check();
    redraw(host,
      model.may_manage && element("section", { class: "card", "aria-label": "Make a role" },
        element("h2", {}, "Make a role"),
        element("p", { class: "soft" }, "A role adds to what a member's own role allows; it takes nothing away."), form, told(model)),
      element("section", { class: "card", "aria-label": "Roles of your own" }, element("h2", {}, "Roles of your own"),
        items.length ? element("ul", { class: "items" }, items) : element("p", { class: "soft" }, "None yet. The five roles of Workbench are in the table."),
        !model.may_manage && told(model)));
  }

  model.on("made", () => { name.value = ""; description.value = ""; });
  drawOn(model, ["items", "said", "turn"], draw);
}
