// An input of the browser's own kind for searching; Escape empties it.

const PAUSE = 250; // ms without typing, after which it is told

export function render({ model, el }) {
  const input = document.createElement("input");
  input.type = "search";
  input.maxLength = 200;
  input.autocomplete = "off";
  el.append(input);
  let clock;

  const tell = () => model.send_msg({ value: input.value });

  function draw() {
    input.setAttribute("aria-label", model.label);
    input.placeholder = model.placeholder || model.label;
    if (input.getRootNode().activeElement !== input) input.value = model.value;
  }

  input.addEventListener("input", () => {
    clearTimeout(clock);
    clock = setTimeout(tell, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    clearTimeout(clock);
    if (event.key === "Escape") input.value = "";
    tell();
  });
  model.on(["value", "label", "placeholder"], draw);
  model.on("remove", () => clearTimeout(clock));
  draw();
}
