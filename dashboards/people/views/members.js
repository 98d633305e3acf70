// The members of the company: looked for, given another role, removed, and brought back.

const QUIET = 250; // ms without typing, after which the server is asked

function initials(name) {
  return name.split(/\s+/).filter(Boolean).slice(0, 2).map((word) => [...word][0].toUpperCase()).join("") || "?";
}

function who(member) {
  return element("div", { class: "who" },
    element("span", { class: "face", "aria-hidden": "true" }, initials(member.name)),
    element("div", {}, element("strong", {}, member.name, member.is_self && element("span", { class: "you" }, "you")), element("small", {}, member.email)));
}

function role(model, member) {
  if (!model.may_manage) return element("span", {}, member.title);
  return select(member.role, model.choices, {
    "aria-label": `Role of ${member.name}`,
    "data-key": `role ${member.id}`,
    disabled: member.is_self,
    title: member.is_self ? "Nobody changes the role that they hold themselves." : null,
    onchange: (event) => model.send_msg({ kind: "role", id: member.id, value: event.target.value }),
  });
}

function tags(model, member) {
  const may = model.may_give && !member.is_self;
  const held = member.roles.map((each) => element("span", { class: "tag" }, each.name,
    may && button("×", () => model.send_msg({ kind: "take", id: member.id, value: each.id }),
      { "aria-label": `Take the role ${each.name} from ${member.name}`, "data-key": `take ${member.id} ${each.id}` })));
  const left = model.own_roles.filter((each) => !member.roles.some((own) => own.id === each.id));
  const more = may && left.length > 0 && element("select", {
    "aria-label": `Give ${member.name} another role`,
    "data-key": `give ${member.id}`,
    onchange: (event) => model.send_msg({ kind: "give", id: member.id, value: event.target.value }),
  }, element("option", { value: "" }, "+ role"), left.map((each) => element("option", { value: each.id }, each.name)));
  return element("div", { class: "tags" }, held, more);
}

function row(model, member, asked, draw) {
  const may = model.may_manage && !member.is_self;
  const ask = may && askFirst(asked, member.id, {
    label: "Remove",
    question: `Remove ${member.name}? Their access ends at once; what they made stays.`,
    sure: `Remove ${member.name}`,
    draw,
    send: () => model.send_msg({ kind: "remove", id: member.id }),
  });
  return element("li", { class: "person" },
    who(member), element("div", {}, role(model, member)), tags(model, member),
    element("div", { class: "dates" }, `Since ${member.since}`, member.seen && element("span", {}, `Last active ${member.seen}`)),
    model.may_manage && element("div", { class: "end" }, ask && ask.open), ask && ask.sure);
}

function nobody(model) {
  const sought = model.sought || model.role;
  return element("div", { class: "none" },
    element("h3", {}, sought ? "Nobody fits" : "Nobody is here yet"),
    element("p", { class: "soft" }, sought ? "Look for another part of the name or address, or choose “All”." : "Invite the first colleague with the form on this page."));
}

export function render({ model, el }) {
  const host = element("section", { class: "card", "aria-label": "Members" });
  const asked = new Set();
  let timer, typed = null;
  el.append(host);

  const search = element("input", {
    type: "search", placeholder: "Name or e-mail", "aria-label": "Look for a member", "data-key": "search",
    oninput: (event) => {
      typed = event.target.value;
      clearTimeout(timer);
      timer = setTimeout(() => model.send_msg({ kind: "search", value: typed }), QUIET);
    },
  });

  function chips() {
    const one = (value, title, count) => button([title, element("span", {}, count.toLocaleString("en"))],
      () => model.send_msg({ kind: "filter", value }), { class: "chip", "aria-pressed": String(model.role === value), "data-key": `chip ${value}` });
    return element("div", { class: "chips", role: "group", "aria-label": "Roles" }, model.counts.map((each) => one(...each)));
  }

  function draw() {
    if (typed === null) search.value = model.sought;
    const rows = model.items.map((member) => row(model, member, asked, draw));
    const list = rows.length ? element("ul", { class: `people ${model.may_manage ? "" : "reading"}` }, rows) : nobody(model);
    redraw(host,
      element("div", { class: "tools" }, search, chips()),
      told(model, model.can_undo && button("Undo", () => model.send_msg({ kind: "undo" }), { "data-key": "undo" })),
      model.is_loading ? element("div", { class: "waiting", "aria-hidden": "true" }, " ") : list,
      element("div", { class: "foot" }, element("p", { "aria-live": "polite" }, model.label),
        button("Previous", () => model.send_msg({ kind: "previous" }), { disabled: !model.has_previous, "data-key": "previous" }),
        button("Next", () => model.send_msg({ kind: "next" }), { disabled: !model.has_next, "data-key": "next" })));
  }

  drawOn(model, ["items", "counts", "own_roles", "label", "said", "turn", "is_loading", "role"], draw);
  return () => clearTimeout(timer);
}
