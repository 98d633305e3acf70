// What is shared with whom: the grants that there are, and a form that makes one.

const OPS = [["eq", "is"], ["ne", "is not"], ["in", "is one of (with commas)"], ["lt", "is less than"], ["le", "is at most"], ["gt", "is more than"], ["ge", "is at least"], ["is_null", "has no value"], ["has_value", "has a value"]];
const KINDS = [["dataset", "Dataset"], ["dashboard", "Dashboard"], ["notebook", "Notebook"]];
const MASKS = { text: [["null", "leave empty"], ["hash", "replace by a code"], ["partial", "show in part"]], date: [["null", "leave empty"], ["partial", "month only"]], timestamp: [["null", "leave empty"], ["partial", "month only"]] };
const BARE = new Set(["is_null", "has_value"]);
const QUIET = 300; // ms without typing, after which the preview is asked for

function choose(label, key, value, options, onchange) {
  return element("label", { class: "field" }, label, element("select", { "data-key": key, onchange: (event) => onchange(event.target.value) },
    options.map(([name, title]) => element("option", { value: name, selected: name === value }, title))));
}

function granted(model, grant, asked, draw) {
  const ask = askFirst(asked, grant.id, {
    label: "Revoke",
    question: `Revoke what ${grant.holder} may on ${grant.target}? It ends at once.`,
    sure: "Revoke it",
    draw,
    send: () => model.send_msg({ kind: "revoke", id: grant.id }),
  });
  return element("li", { class: "item" },
    element("div", {}, element("div", {}, element("strong", {}, grant.holder), " may ", grant.allowed, element("span", { class: "soft" }, ` · ${grant.kind} `), element("strong", {}, grant.target)),
      element("div", { class: "soft" }, [grant.part, `Since ${grant.since}`].filter(Boolean).join(" "))),
    model.may_manage && element("div", { class: "end" }, ask.open), model.may_manage && ask.sure);
}

export function render({ model, el }) {
  const host = element("div", { class: "pair" });
  const asked = new Set();
  el.append(host);
  let timer;
  const blank = () => ({ holder: "role", role: "", email: "", kind: "dataset", name: "", permissions: null, join: "all", conditions: [], masks: {} });
  let draft = blank();

  const things = () => model.things.filter((thing) => thing.kind === draft.kind);
  const thing = () => things().find((each) => each.name === draft.name);
  const permissions = () => draft.permissions ?? (model.grantable[draft.kind] ?? []).filter((each) => each.usual).map((each) => each.name);

  function form() {
    return {
      role: draft.holder === "role" ? draft.role : "", email: draft.holder === "role" ? "" : draft.email, kind: draft.kind, name: draft.name,
      permissions: permissions(), join: draft.join, conditions: draft.conditions, masks: draft.masks,
    };
  }

  function change(changes, isTyped = false) {
    Object.assign(draft, changes);
    clearTimeout(timer);
    timer = setTimeout(() => model.send_msg({ kind: "preview", form: form() }), isTyped ? QUIET : 0);
    if (!isTyped) draw();
  }

  function holder() {
    const roles = [["", model.roles.length ? "Choose…" : "No roles yet"], ...model.roles];
    return [
      choose("Share with", "holder", draft.holder, [["role", "A role"], ["member", "A member"]], (value) => change({ holder: value })),
      draft.holder === "role" ? choose("Role", "role", draft.role, roles, (value) => change({ role: value }))
        : element("label", { class: "field" }, "Member", element("input", { type: "text", list: "members", value: draft.email, placeholder: "E-mail address", autocomplete: "off", "data-key": "email", oninput: (event) => change({ email: event.target.value }, true) }),
          element("datalist", { id: "members" }, model.members.map(([email, name]) => element("option", { value: email }, name)))),
    ];
  }

  function what() {
    const names = [["", "Choose…"], ...things().map((each) => [each.name, each.title])];
    const boxes = (model.grantable[draft.kind] ?? []).map((each) => element("label", { class: "check" }, element("input", {
      type: "checkbox", checked: permissions().includes(each.name), "data-key": `may ${each.name}`,
      onchange: (event) => change({ permissions: event.target.checked ? [...permissions(), each.name] : permissions().filter((name) => name !== each.name) }),
    }), each.words));
    return [
      choose("What", "kind", draft.kind, KINDS, (value) => change({ kind: value, name: "", permissions: null, conditions: [], masks: {} })),
      choose(KINDS.find(([kind]) => kind === draft.kind)[1], "name", draft.name, names, (value) => change({ name: value, conditions: [], masks: {} })),
      element("fieldset", {}, element("legend", {}, "They may"), element("div", { class: "checks" }, boxes)),
    ];
  }

  function line(row, at) {
    const set = (changes, isTyped) => change({ conditions: draft.conditions.map((each, place) => (place === at ? { ...each, ...changes } : each)) }, isTyped);
    const pick = (label, key, value, options, onchange) => element("select", { "aria-label": label, "data-key": `${key} ${at}`, onchange: (event) => onchange(event.target.value) }, options.map(([name, title]) => element("option", { value: name, selected: name === value }, title)));
    return element("div", { class: "line" },
      pick("Column", "column", row.column, thing().columns.map((column) => [column.name, column.name]), (value) => set({ column: value })),
      pick("Comparison", "op", row.op, OPS, (value) => set({ op: value })),
      !BARE.has(row.op) && element("input", { type: "text", "aria-label": "Value", placeholder: thing().columns.find((column) => column.name === row.column)?.type, value: row.value, "data-key": `value ${at}`, oninput: (event) => set({ value: event.target.value }, true) }),
      button("×", () => change({ conditions: draft.conditions.filter((_, place) => place !== at) }), { "aria-label": "Take the condition away", "data-key": `drop ${at}` }));
  }

  function part() {
    if (draft.kind !== "dataset" || !thing() || !permissions().includes("row:read")) return null;
    const first = thing().columns[0]?.name ?? "";
    const free = thing().columns.filter((column) => !(column.name in draft.masks));
    const masks = Object.entries(draft.masks).map(([column, mask]) => {
      const kind = thing().columns.find((each) => each.name === column)?.type;
      return element("div", { class: "line" }, element("span", { class: "tag" }, column),
        element("select", { "aria-label": `How ${column} is masked`, "data-key": `mask ${column}`, onchange: (event) => change({ masks: { ...draft.masks, [column]: event.target.value } }) }, (MASKS[kind] ?? [["null", "leave empty"]]).map(([name, title]) => element("option", { value: name, selected: name === mask }, title))),
        button("×", () => { const { [column]: _, ...left } = draft.masks; change({ masks: left }); }, { "aria-label": `Do not mask ${column}`, "data-key": `unmask ${column}` }));
    });
    return element("fieldset", { class: "part" }, element("legend", {}, "Only a part of it"),
      draft.conditions.length > 1 && choose("Rows where", "join", draft.join, [["all", "all of these hold"], ["any", "one of these holds"]], (value) => change({ join: value })),
      draft.conditions.map(line), masks,
      element("div", { class: "row" },
        button("+ Rows where…", () => change({ conditions: [...draft.conditions, { column: first, op: "eq", value: "" }] }), { "data-key": "more" }),
        free.length > 0 && element("select", { class: "adding", "aria-label": "Mask a column", "data-key": "masking", onchange: (event) => change({ masks: { ...draft.masks, [event.target.value]: "null" } }) },
          element("option", { value: "" }, "+ Mask a column…"), free.map((column) => element("option", { value: column.name }, column.name)))));
  }

  function making() {
    return element("section", { class: "card", "aria-label": "Share something" },
      element("h2", {}, "Share something"),
      element("p", { class: "soft" }, "It adds to what they may already. Whoever reads a whole dataset by a role sees all of it; to show a part only, make them a guest."),
      element("form", { class: "fields", onsubmit: (event) => { event.preventDefault(); model.send_msg({ kind: "create", form: form() }); } },
        holder(), what(), part(),
        element("p", { class: "preview", role: "status" }, model.preview),
        element("div", {}, element("button", { type: "submit", class: "main", "data-key": "send", disabled: !draft.name }, "Share"))), told(model));
  }

  function draw() {
    const items = model.items.map((grant) => granted(model, grant, asked, draw));
    const none = element("div", { class: "none" }, element("h3", {}, "Nothing is shared yet"), element("p", { class: "soft" }, "Roles decide what members see. Share single datasets, dashboards or notebooks here, also only some of their rows."));
    redraw(host,
      element("section", { class: "card", "aria-label": "Grants" }, element("h2", {}, "What is shared"),
        !model.may_manage && told(model),
        model.is_loading ? element("div", { class: "waiting", "aria-hidden": "true" }, " ") : items.length ? element("ul", { class: "items" }, items) : none,
        (model.has_previous || model.has_next) && element("div", { class: "foot" }, element("p", {}, ""),
          button("Newer", () => model.send_msg({ kind: "previous" }), { disabled: !model.has_previous, "data-key": "previous" }),
          button("Older", () => model.send_msg({ kind: "next" }), { disabled: !model.has_next, "data-key": "next" }))),
      model.may_manage && making());
  }

  model.on("made", () => { draft = blank(); });
  drawOn(model, ["items", "things", "roles", "members", "preview", "said", "turn", "is_loading"], draw);
  return () => clearTimeout(timer);
}
