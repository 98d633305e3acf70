// Shows code as text, with a button that copies all of it.

export function render({ model, el }) {
  const head = document.createElement("div");
  head.className = "head";
  const title = document.createElement("span");
  const button = document.createElement("button");
  button.type = "button";
  const said = document.createElement("span");
  said.className = "said";
  said.setAttribute("role", "status");
  head.append(title, said, button);
  const pre = document.createElement("pre");
  pre.tabIndex = 0;
  const code = document.createElement("code");
  pre.append(code);
  el.append(head, pre);

  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(model.code);
      said.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      said.textContent = "Selected: copy it with Ctrl+C";
    }
    setTimeout(() => {
      said.textContent = "";
    }, 3000);
  });

  function piece([kind, text]) {
    if (!kind) return document.createTextNode(text);
    const made = document.createElement("span");
    made.className = kind;
    made.textContent = text;
    return made;
  }

  function draw() {
    title.textContent = model.title;
    pre.setAttribute("aria-label", model.title || "Code");
    pre.setAttribute("role", "region");
    code.replaceChildren(...model.pieces.map(piece));
  }

  model.on(["pieces", "title"], draw);
  draw();
}
