// A menu of who one is and where. Switching asks the API with the page's own cookie, then starts anew.

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

async function ask(model, slug) {
  const answer = await fetch(model.address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    credentials: "same-origin",
    body: JSON.stringify({ tenant: slug }),
  });
  if (answer.ok) return;
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || "Workbench does not answer just now. Try again in a moment.");
}

export function render({ model, el }) {
  const button = element("button", { type: "button", class: "open", "aria-haspopup": "true", "aria-expanded": "false" });
  const menu = element("div", { class: "menu", popover: "auto" });
  const out = element("button", { type: "button", class: "out", "data-sign-out": "" }, "Sign out");
  const box = element("div", { class: "box" });
  box.append(button, out, menu);
  el.append(box);

  async function go(slug, said) {
    said.textContent = "One moment …";
    try {
      await ask(model, slug);
      location.assign(model.home);
    } catch (error) {
      said.textContent = error.message;
    }
  }

  function place(said, each) {
    const isHere = each.slug === model.tenant;
    const made = element("button", { type: "button", class: "place" }, each.name);
    if (isHere) made.setAttribute("aria-current", "true");
    else made.addEventListener("click", () => go(each.slug, said));
    return made;
  }

  function draw() {
    const here = model.places.find((each) => each.slug === model.tenant);
    const name = here?.name ?? "Platform";
    const initials = name.split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("");
    button.replaceChildren(
      element("span", { class: "name" }, model.who ? name : ""),
      element("span", { class: "initials", "aria-hidden": "true" }, initials.toUpperCase()),
    );
    button.setAttribute("aria-label", `${name}, signed in as ${model.who}`);
    const said = element("p", { class: "said", role: "status" });
    const parts = [element("p", { class: "who" }, model.who)];
    if (model.places.length > 1) {
      parts.push(element("p", { class: "head" }, "Go to another company"));
      parts.push(...model.places.map((each) => place(said, each)), said);
    }
    const keys = element("button", { type: "button", class: "place", "data-shortcuts": "" }, "Keyboard shortcuts");
    keys.addEventListener("click", () => menu.hidePopover());
    const leave = element("button", { type: "button", class: "place leave", "data-sign-out": "" }, "Sign out");
    parts.push(element("hr"), keys, leave);
    menu.replaceChildren(...parts);
  }

  button.addEventListener("click", () => menu.togglePopover());
  menu.addEventListener("toggle", (event) => {
    const isOpen = event.newState === "open";
    button.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return;
    const { right, bottom } = button.getBoundingClientRect();
    menu.style.top = `${bottom + 6}px`;
    menu.style.left = `${Math.max(8, right - menu.offsetWidth)}px`;
  });
  let isPlanned = false;
  model.on(["who", "tenant", "places"], () => {
    if (isPlanned) return; // one drawing for all changes that arrive together
    isPlanned = true;
    queueMicrotask(() => {
      isPlanned = false;
      draw();
    });
  });
  draw();
}
