// A bell with the number of what is new; 99 at most is written out.

const DRAWING = "M12 22a2 2 0 0 0 2-2h-4a2 2 0 0 0 2 2zm6-6v-5c0-3.1-1.6-5.6-4.5-6.3V4a1.5 1.5 0 0 0-3 0v.7"
  + "C7.6 5.4 6 7.9 6 11v5l-2 2v1h16v-1z";

export function render({ model, el }) {
  const link = document.createElement("a");
  link.href = model.address;
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", DRAWING);
  icon.append(path);
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.setAttribute("aria-hidden", "true");
  const told = document.createElement("span");
  told.className = "told";
  told.setAttribute("role", "status");
  link.append(icon, badge);
  el.append(link, told);

  function draw() {
    const label = model.unread ? `Inbox, ${model.unread} new` : "Inbox";
    link.setAttribute("aria-label", label);
    link.title = label;
    badge.textContent = model.unread > 99 ? "99+" : String(model.unread);
    badge.hidden = !model.unread;
  }

  model.on("unread", () => {
    draw();
    told.textContent = model.unread ? `${model.unread} new in the inbox` : "";
  });
  draw();
}
