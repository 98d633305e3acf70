// Draws three lists under tabs. Every value is set as text, never as markup.

const TABS = [["datasets", "Datasets"], ["saved", "Saved"], ["history", "History"]];
const NOTHING = {
  datasets: "There are no datasets yet. An engineer of your company can import a file; it then appears here.",
  saved: "Nothing is saved yet. “Save” under the editor keeps a statement under a name.",
  history: "What you run appears here, so that you can open it again.",
};

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

export function render({ model, el }) {
  const open = new Set(); // datasets whose columns are shown
  const bar = element("div", { role: "tablist", "aria-label": "Beside the editor" });
  const list = element("div", { class: "list", role: "tabpanel", tabindex: "0" });
  el.append(bar, list);
  const tell = (kind, what) => model.send_msg({ kind, what });

  function column({ name, insert, type, note }) {
    const button = element("button", { type: "button", class: "column", title: note || `Insert ${name}` });
    button.append(element("span", { class: "name" }, name), element("span", { class: "type" }, type));
    button.addEventListener("click", () => tell("insert", insert));
    return button;
  }

  function dataset({ name, insert, title, columns }) {
    const details = element("details");
    details.open = open.has(name);
    details.addEventListener("toggle", () => (details.open ? open.add(name) : open.delete(name)));
    const summary = element("summary");
    const put = element("button", { type: "button", class: "put", title: `Insert ${name}`, "aria-label": `Insert ${name}` }, "Insert");
    put.addEventListener("click", () => tell("insert", insert));
    const words = element("span", { class: "words" });
    words.append(element("span", { class: "name" }, name));
    if (title) words.append(element("span", { class: "note" }, title));
    summary.append(words);
    details.append(summary, ...columns.map(column));
    const entry = element("div", { class: "dataset" });
    entry.append(details, put); // beside the summary: a button within would be no button to readers
    return entry;
  }

  function entry(kind, { id, name, sql, note, is_well }) {
    const button = element("button", { type: "button", class: kind, title: sql ?? name });
    if (kind === "open" && id === model.opened) button.setAttribute("aria-current", "true");
    button.append(
      element("span", { class: sql ? "sql" : "name" }, sql ?? name),
      element("span", { class: is_well === false ? "note wrong" : "note" }, note),
    );
    button.addEventListener("click", () => tell(kind, id));
    return button;
  }

  function draw() {
    bar.replaceChildren(...TABS.map(([key, title]) => {
      const tab = element("button", { type: "button", role: "tab", "aria-selected": String(model.tab === key) }, title);
      tab.addEventListener("click", () => (model.tab = key));
      return tab;
    }));
    const items = model[model.tab];
    const kinds = {
      datasets: dataset,
      saved: (item) => entry("open", item),
      history: (item) => entry("again", item),
    };
    if (items.length === 1 && model.tab === "datasets") open.add(items[0].name);
    const parts = items.map(kinds[model.tab]);
    if (!parts.length && !model.is_loading) parts.push(element("p", {}, NOTHING[model.tab]));
    list.replaceChildren(...parts);
  }

  let isPlanned = false;
  model.on(["tab", "datasets", "saved", "history", "opened", "is_loading"], () => {
    if (isPlanned) return; // one drawing for all changes that arrive together
    isPlanned = true;
    queueMicrotask(() => {
      isPlanned = false;
      draw();
    });
  });
  draw();
}
