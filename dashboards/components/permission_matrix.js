// Roles beside permissions; a role that may be changed has boxes to tick, any other has marks.

export function render({ model, el }) {
  const host = element("div", { class: "scroller matrix", tabindex: "0", role: "region", "aria-label": "Roles and what they allow" });
  el.append(host);

  function cell(role, permission) {
    const holds = role.permissions.includes(permission.name);
    const what = `${role.title}: ${permission.words}`;
    const isOpen = role.can_change && (holds || model.givable.includes(permission.name));
    if (!isOpen) {
      return element("td", { class: holds ? "yes" : "no" },
        element("span", { "aria-hidden": "true" }, holds ? "✓" : "–"), element("span", { class: "sr" }, holds ? "yes" : "no"));
    }
    return element("td", {}, element("label", {}, element("input", {
      type: "checkbox", checked: holds, "aria-label": what, title: what, "data-key": `${role.name} ${permission.name}`,
      onchange: (event) => {
        const kind = event.target.checked ? "hold" : "drop";
        model.send_msg({ kind, id: role.id, value: permission.name });
      },
    })));
  }

  function head() {
    const one = (role) => element("th", { scope: "col", class: role.can_change ? "own" : "", title: role.note }, element("span", {}, role.title), element("small", {}, role.count));
    return element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "May…"), model.roles.map(one)));
  }

  function group(each) {
    const rows = each.permissions.map((permission) => element("tr", {},
      element("th", { scope: "row", title: permission.name }, permission.words), model.roles.map((role) => cell(role, permission))));
    return element("tbody", {}, element("tr", { class: "group" }, element("th", { scope: "rowgroup", colspan: model.roles.length + 1 }, each.title)), rows);
  }

  function draw() {
    if (!model.roles.length) {
      host.replaceChildren(element("div", { class: "waiting", "aria-hidden": "true" }, " "));
      return;
    }
    const left = host.scrollLeft;
    redraw(host, element("table", {}, head(), model.groups.map(group)));
    host.scrollLeft = left;
  }

  drawOn(model, ["roles", "groups", "givable", "turn"], draw);
}
