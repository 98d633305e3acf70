// Schedules: when each runs next, why one rests, and what can be done about it.

function slots(model, told) {
  if (model.ticks.id !== told.id) return null;
  const items = model.ticks.slots.map(({ slot, to, said }) =>
    element("li", {}, [element("span", {}, slot), " ", to ? going(model, to, `${said} →`) : element("span", { class: "soft" }, said)]));
  return element("div", { class: "slots" }, items.length ? element("ul", {}, items) : element("p", { class: "soft" }, "It has not come to its first time yet."));
}

function doing(model, told) {
  const send = (kind) => () => model.send_msg({ kind, id: told.id });
  const change = model.may_change && [
    told.is_paused ? button("Resume", send("resume"), { "data-key": `resume ${told.id}` }) : button("Pause", send("pause"), { "data-key": `pause ${told.id}` }),
    going(model, told.edit, "Change", { class: "way" }),
    button("Delete", send("remove"), { "data-key": `remove ${told.id}` }),
  ];
  const isOpen = model.ticks.id === told.id;
  return element("div", { class: "row" }, [
    change,
    button("What it came to", send("ticks"), { "aria-expanded": String(isOpen), "data-key": `ticks ${told.id}` }),
    going(model, told.runs, "All runs"),
  ]);
}

function item(model, told) {
  const state = told.is_paused ? ["cancelled", "Paused"] : ["succeeded", "Going"];
  const next = told.times.length > 0 && element("div", { class: "times" }, [element("span", { class: "soft" }, "Next: "), told.times.slice(0, 3).join(" · "), element("span", { class: "soft" }, ` (${told.time_zone})`)]);
  return element("li", { class: "schedule" }, [
    element("div", { class: "top" }, [
      element("div", {}, element("strong", {}, told.name), element("span", { class: "soft" }, `  runs ${told.title}`)),
      element("span", { class: `badge ${state[0]}` }, state[1]),
    ]),
    element("div", { class: "when" }, [told.when, told.owner === "you" ? ". It acts with your rights." : `. It acts with the rights of ${told.owner}.`]),
    next,
    told.recipients && element("div", { class: "when" }, `Its report goes to ${told.recipients}.`),
    told.is_paused && told.reason && element("p", { class: "rests" }, `It rests: ${told.reason} “Resume” sets it going again, with your rights.`),
    doing(model, told),
    slots(model, told),
  ]);
}

function nothing(model) {
  return element("div", { class: "card none" }, [
    element("h2", {}, "No schedules yet"),
    element("p", { class: "soft" }, "A schedule starts a notebook by itself: every morning, each Monday, or after another one has succeeded."),
    model.may_change && element("p", { class: "next" }, going(model, "?tab=schedules&schedule=new", "Make a schedule", { class: "main" })),
  ]);
}

export function render({ model, el }) {
  const host = element("div", { class: "planning" });
  el.append(host);

  function draw() {
    const waiting = [1, 2].map(() => element("li", { class: "schedule waiting", "aria-hidden": "true" }));
    const items = model.is_loading ? waiting : model.items.map((told) => item(model, told));
    redraw(host, [
      element("div", { class: "row" }, [
        element("h2", {}, "Schedules"),
        model.may_change && items.length > 0 && going(model, "?tab=schedules&schedule=new", "New schedule", { class: "main first" }),
      ]),
      items.length ? element("ul", { class: "card list" }, items) : nothing(model),
    ]);
  }

  drawOn(model, ["items", "ticks", "may_change", "is_loading"], draw);
}
