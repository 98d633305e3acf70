// A modal dialog: the browser keeps the focus within, closes it on Escape, and gives the focus back.

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

export function render({ model, el }) {
  const dialog = element("dialog", { "aria-labelledby": "title", "aria-describedby": "text" });
  const title = element("h2", { id: "title" });
  const text = element("p", { id: "text" });
  const label = element("label");
  const wanted = element("span");
  const input = element("input", { autocomplete: "off", spellcheck: "false" });
  label.append(wanted, input);
  const no = element("button", { type: "button", class: "no" }, "Cancel");
  const yes = element("button", { type: "submit", class: "yes" });
  const buttons = element("div", { class: "buttons" });
  buttons.append(no, yes);
  const form = element("form", { method: "dialog" });
  form.append(title, text, label, buttons);
  dialog.append(form);
  el.append(dialog);

  const isTyped = () => input.value.trim() === model.typed;

  function open() {
    title.textContent = model.title;
    text.textContent = model.text;
    yes.textContent = model.action;
    yes.classList.toggle("grave", model.is_grave);
    label.hidden = !model.typed;
    wanted.textContent = `Type “${model.typed}” to go on`;
    input.value = "";
    yes.disabled = !isTyped();
    if (!dialog.open) dialog.showModal();
    (model.typed ? input : no).focus();
  }

  function answer(given) {
    model.send_msg({ asked: model.asked, answer: given, typed: input.value.trim() });
    if (dialog.open) dialog.close();
  }

  input.addEventListener("input", () => {
    yes.disabled = !isTyped();
  });
  no.addEventListener("click", () => answer("no"));
  dialog.addEventListener("cancel", () => answer("no"));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) answer("no"); // beside the form
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isTyped()) answer("yes");
  });
  model.on("asked", open);
  if (model.asked) open();
}
