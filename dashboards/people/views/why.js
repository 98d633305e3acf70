// Why a member may do something or may not: a question, the answer, and each step that led to it.

export function render({ model, el }) {
  const host = element("div", { class: "pair" });
  el.append(host);
  const draft = { email: "", permission: "row:read", kind: "dataset", name: "", row: "" };

  const field = (label, control) => element("label", { class: "field" }, label, control);
  const choose = (key, options) => element("select", { "data-key": key, onchange: (event) => { draft[key] = event.target.value; if (key === "kind") settle(); draw(); } },
    options.map(([value, title]) => element("option", { value, selected: value === draft[key] }, title)));
  const write = (key, attributes) => element("input", { type: "text", value: draft[key], autocomplete: "off", "data-key": key, oninput: (event) => (draft[key] = event.target.value), ...attributes });

  function settle() {
    draft.name = "";
    draft.permission = model.questions[draft.kind][0][0];
  }

  function asking() {
    const names = model.things.filter((thing) => thing.kind === draft.kind).map((thing) => [thing.name, thing.title]);
    return element("section", { class: "card", "aria-label": "Question" }, element("h2", {}, "Why can they, or can’t they?"),
      element("p", { class: "soft" }, "PostgreSQL is asked as that member. Rows are counted, never shown, and the question is in the audit."),
      element("form", { class: "fields", onsubmit: (event) => { event.preventDefault(); model.send_msg({ kind: event.submitter?.value || "explain", form: { ...draft } }); } },
        field("Member", [write("email", { list: "members", placeholder: "E-mail address" }), element("datalist", { id: "members" }, model.members.map(([email, name]) => element("option", { value: email }, name)))]),
        field("On", choose("kind", [["dataset", "A dataset"], ["dashboard", "A dashboard"], ["notebook", "A notebook"], ["", "Everything"]])),
        draft.kind && field("Which", choose("name", [["", "Choose…"], ...names])),
        field("May they…", choose("permission", model.questions[draft.kind])),
        draft.kind === "dataset" && draft.permission === "row:read" && field("Do they see one row? (its row_id, or empty)", write("row", { inputmode: "numeric" })),
        element("div", { class: "row" }, element("button", { type: "submit", class: "main", value: "explain", "data-key": "explain" }, "Explain"),
          element("button", { type: "submit", value: "reach", "data-key": "reach" }, "Show all they reach"))), told(model));
  }

  function answer() {
    const found = model.answer;
    if (!found.title) {
      return element("section", { class: "card none" }, element("h3", {}, "Ask about a member"), element("p", { class: "soft" }, "The answer tells each step: which role or grant gives it, which rows it shows, and what PostgreSQL said."));
    }
    return element("section", { class: `card answer ${found.tone}`, "aria-live": "polite", "aria-label": "Answer" }, element("h2", {}, found.title),
      element("ol", {}, found.steps.map((step) => element("li", {}, step))),
      found.proof && element("details", {}, element("summary", {}, "The proof: what PostgreSQL was asked"), element("pre", {}, found.proof)));
  }

  drawOn(model, ["things", "members", "answer", "said", "turn"], draw);

  function draw() {
    redraw(host, answer(), asking());
  }
}
