// Inviting somebody, and the invitations that wait for an answer.

function pending(model, invited, asked, draw) {
  const ask = askFirst(asked, invited.id, {
    label: "Take back",
    question: `Take the invitation of ${invited.email} back? Its link then leads nowhere.`,
    sure: "Take it back",
    draw,
    send: () => model.send_msg({ kind: "withdraw", id: invited.id }),
  });
  return element("li", { class: "item" },
    element("div", {}, element("strong", {}, invited.email), element("div", { class: "soft" }, `${invited.title}, ${invited.when}`)),
    model.may_manage && element("div", { class: "end" },
      button("Send again", () => model.send_msg({ kind: "resend", id: invited.id }), { "aria-label": `Send the invitation of ${invited.email} again`, "data-key": `resend ${invited.id}` }),
      ask.open),
    ask.sure);
}

export function render({ model, el }) {
  const host = element("div", { class: "stack" });
  const asked = new Set();
  el.append(host);
  const email = element("input", { type: "email", autocomplete: "off", placeholder: "name@example.com", maxlength: "254", "data-key": "email" });
  const role = element("select", { "data-key": "role", onchange: () => hint() });
  const note = element("p", { class: "hint" });
  const send = element("button", { type: "submit", class: "main", "data-key": "send" }, "Send invitation");

  function hint() {
    note.textContent = model.choices.find((choice) => choice.value === role.value)?.note ?? "";
  }

  const form = element("form", {
    class: "fields", novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      send.disabled = true;
      model.send_msg({ kind: "invite", value: email.value, form: { role: role.value } });
    },
  }, element("label", { class: "field" }, "E-mail", email), element("label", { class: "field" }, "Role", role), note, element("div", {}, send));

  function draw() {
    const chosen = role.value || "viewer";
    role.replaceChildren(...model.choices.map((choice) => element("option", { value: choice.value, selected: choice.value === chosen }, choice.title)));
    hint();
    send.disabled = false;
    const items = model.items.map((invited) => pending(model, invited, asked, draw));
    redraw(host,
      model.may_manage && element("section", { class: "card", "aria-label": "Invite somebody" },
        element("h2", {}, "Invite somebody"),
        element("p", { class: "soft" }, "They get a mail with a link that is good for a week."),
        form, told(model)),
      (items.length > 0 || !model.may_manage) && element("section", { class: "card", "aria-label": "Invitations" },
        element("h2", {}, "Waiting for an answer"),
        items.length ? element("ul", { class: "items" }, items) : element("p", { class: "soft" }, "No invitation is open."),
        !model.may_manage && told(model)));
  }

  model.on("sent", () => (email.value = ""));
  drawOn(model, ["items", "choices", "said", "turn"], draw);
}
