// What one is told of: a list of sentences, and a sentence to be completed.

function picked(label, options) {
  const made = element("select", { "aria-label": label, "data-key": label }, options.map(([value, text]) => element("option", { value }, text)));
  return made;
}

export function render({ model, el }) {
  const host = element("section", { class: "alerts card", "aria-label": "Alerts" });
  el.append(host);

  function draw() {
    const event = picked("What", model.events);
    const notebook = picked("Of", [["", "any notebook"], ...model.notebooks]);
    const channel = picked("How", model.channels);
    const add = () => model.send_msg({ kind: "subscribe", form: { event: event.value, notebook: notebook.value, channel: channel.value } });
    const item = ([id, text]) => element("li", { class: "alert" }, [
      element("span", {}, text),
      button("Stop", () => model.send_msg({ kind: "unsubscribe", id }), { "aria-label": `Stop: ${text}`, "data-key": `stop ${id}` }),
    ]);
    redraw(host, [
      element("h2", {}, "Alerts"),
      element("div", { class: "row field add" }, [
        element("span", {}, "Tell me when"), event, element("span", {}, "of"), notebook, channel,
        button("Tell me", add, { class: "main", "data-key": "add" }),
      ]),
      model.items.length > 0
        ? element("ul", {}, model.items.map(item))
        : !model.is_loading && element("p", { class: "soft" }, "You are told of nothing yet. These are your own: colleagues choose for themselves."),
    ]);
  }

  drawOn(model, ["items", "notebooks", "is_loading"], draw);
}
