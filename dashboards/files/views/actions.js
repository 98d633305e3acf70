// What can be done about an import, the same in the list and at length.

const ACTIONS = { cancel: "Cancel", retry: "Try again", undo: "Undo this import" };

// Undoing takes rows away, so it is asked twice; `asked` remembers for which imports it was.
function actionsOf(model, told, asked, draw) {
  const send = (kind) => () => {
    asked.delete(told.id);
    model.send_msg({ kind, id: told.id });
    draw();
  };
  const ask = (is) => () => {
    if (is) asked.add(told.id);
    else asked.delete(told.id);
    draw();
  };
  if (asked.has(told.id) && told.actions.includes("undo")) {
    return element("span", { class: "sure", role: "group", "aria-label": "Undo?" }, [
      element("span", {}, told.undoing),
      button("Undo it", send("undo"), { class: "danger", "data-key": `sure ${told.id}` }),
      button("Keep it", ask(false), { "data-key": `keep ${told.id}` }),
    ]);
  }
  return told.actions.map((kind) =>
    button(ACTIONS[kind], kind === "undo" ? ask(true) : send(kind), { "data-key": `${kind} ${told.id}` }),
  );
}

function badge(told) {
  return element("span", { class: `badge ${told.status}` }, told.label);
}

function bar(told) {
  const value = told.progress === null ? {} : { value: told.progress };
  return told.is_live ? element("progress", { max: 1, "aria-label": "Progress", ...value }) : null;
}
