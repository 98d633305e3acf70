// Puts as many links into the bar as there is room for, and the others into a menu.

const PHONE = 640; // pixels of the window, below which all links are in the menu

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function link(model, { path, name }) {
  const made = element("a", { href: path }, name);
  if (path === model.at) made.setAttribute("aria-current", "page");
  return made;
}

export function render({ model, el }) {
  const nav = element("nav", { "aria-label": "Dashboards" });
  const bar = element("span", { class: "bar" });
  const button = element("button", { type: "button", "aria-haspopup": "true", "aria-expanded": "false" });
  const menu = element("div", { class: "menu", popover: "auto", "aria-label": "More dashboards" });
  nav.append(bar, button, menu);
  el.append(nav);

  function place() {
    const { left, bottom } = button.getBoundingClientRect();
    menu.style.top = `${bottom + 6}px`;
    menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
  }

  button.addEventListener("click", () => menu.togglePopover());
  menu.addEventListener("toggle", (event) => {
    const isOpen = event.newState === "open";
    button.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return;
    place();
    menu.querySelector("a")?.focus();
  });
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const links = [...menu.querySelectorAll("a")];
    const next = links.indexOf(el.getRootNode().activeElement) + step;
    links.at(next % links.length)?.focus();
    event.preventDefault();
  });

  function fit() {
    if (menu.matches(":popover-open")) menu.hidePopover();
    const links = model.links.map((each) => link(model, each));
    const isPhone = innerWidth < PHONE;
    bar.replaceChildren(...(isPhone ? [] : links));
    button.hidden = false;
    button.textContent = isPhone
      ? (model.links.find((each) => each.path === model.at)?.name ?? "Menu")
      : "More";
    const room = nav.clientWidth - button.offsetWidth - 8;
    const fits = (width) => bar.scrollWidth <= width;
    const rest = [];
    if (!isPhone && !fits(nav.clientWidth)) {
      // The page itself stays in sight.
      while (!fits(room)) {
        const last = [...bar.children].filter((each) => !each.hasAttribute("aria-current")).at(-1);
        if (!last) break;
        last.remove();
        rest.unshift(last);
      }
    }
    menu.replaceChildren(...(isPhone ? links : rest));
    button.hidden = !menu.childElementCount;
  }

  const watcher = new ResizeObserver(fit);
  watcher.observe(nav);
  model.on(["links", "at"], fit);
  model.on("remove", () => watcher.disconnect());
  fit();
}
