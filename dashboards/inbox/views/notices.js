// Draws what a visitor was told. Every value is set as text; links are made by the server of ids.

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function button(text, onClick, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
}

function item(model, notice) {
  const made = element("li", { class: notice.is_new ? "new" : "old" });
  const dot = element("span", { class: notice.is_wrong ? "dot wrong" : "dot", "aria-hidden": "true" });
  const body = element("div", { class: "body" });
  const title = element("h3", {}, notice.title);
  if (notice.is_new) title.append(element("span", { class: "tag" }, "New"));
  const when = element("time", { datetime: notice.at }, notice.ago);
  when.title = new Date(notice.at).toLocaleString();
  body.append(title, element("p", {}, notice.text), when);
  const ways = element("div", { class: "ways" });
  const read = () => model.send_msg({ kind: "read", notice: notice.id });
  const way = element("a", { href: notice.link, "aria-label": `Open the run: ${notice.title}` }, "Open the run");
  if (notice.is_new) {
    way.addEventListener("click", read);
    ways.append(way, button("Mark as read", read, { "aria-label": `Mark as read: ${notice.title}` }));
  } else {
    ways.append(way);
  }
  made.append(dot, body, ways);
  return made;
}

export function render({ model, el }) {
  const head = element("div", { class: "head" });
  const list = element("ul", { "aria-label": "What you were told" });
  const foot = element("div", { class: "foot" });
  el.append(head, list, foot);

  function draw() {
    const label = model.unread ? `${model.unread} new` : "Nothing new";
    const all = button("Mark all as read", () => model.send_msg({ kind: "all" }));
    all.disabled = !model.unread;
    head.replaceChildren(element("h2", { "aria-live": "polite" }, label), all);
    list.replaceChildren(...model.notices.map((notice) => item(model, notice)));
    const more = button("Show more", () => model.send_msg({ kind: "more" }));
    foot.replaceChildren(...(model.has_more ? [more] : []));
  }

  let isPlanned = false;
  model.on(["notices", "unread", "has_more"], () => {
    if (isPlanned) return; // one drawing for all changes that arrive together
    isPlanned = true;
    queueMicrotask(() => {
      isPlanned = false;
      draw();
    });
  });
  draw();
}
