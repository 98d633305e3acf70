// One import at length: how far it is, what it did and refused, and what to do next.

const HEADS = ["Line", "Column", "Value", "Why it was refused"];

function headline(told) {
  if (told.status === "queued") return `${told.file} waits to be loaded`;
  if (told.status === "running") return `Loading ${told.file} into ${told.title}`;
  if (told.status === "failed") return `${told.file} was not loaded`;
  if (told.status === "cancelled") return `${told.file} was cancelled`;
  if (told.status === "undone") return `${told.file} was taken back`;
  return `${told.file} is in ${told.title}`;
}

function refusedRows(told, rejects) {
  if (!told.refused || told.is_live) return null;
  const head = element("tr", {}, HEADS.map((text) => element("th", { scope: "col" }, text)));
  const body = rejects.map((cells) => element("tr", {}, cells.map((cell) => element("td", {}, cell))));
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, body));
  const isPart = rejects.length < told.refused;
  return element("section", { class: "refused", "aria-label": "Refused rows" }, [
    element("h3", {}, isPart ? `The first ${rejects.length} of ${many(told.refused, "refused row")}` : many(told.refused, "refused row")),
    rejects.length > 0 && element("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": "Refused rows" }, table),
    told.csv && element("p", { class: "row" }, [
      element("a", { class: "way", href: told.csv, download: "" }, "Download refused rows (CSV)"),
      element("span", { class: "soft" }, "Correct them in a spreadsheet and drop the file here: they are loaded the same way."),
    ]),
  ]);
}

export function render({ model, el }) {
  const host = element("div", { class: "outcome" });
  const asked = new Set();
  let shown = "";
  el.append(host);

  function draw() {
    const { told } = model;
    if (!told.id) return redraw(host);
    const isGood = ["succeeded", "partial"].includes(told.status);
    redraw(host, element("section", { class: `card ${told.status}`, "aria-label": "Import" }, [
      element("header", {}, [
        element("div", { role: "status" }, element("h2", {}, headline(told)), element("p", { class: "soft" }, told.sentence)),
        badge(told),
      ]),
      bar(told),
      told.error && element("p", { class: "problem", role: "alert" }, told.error),
      model.said && element("p", { class: "problem", role: "alert" }, model.said),
      refusedRows(told, model.rejects),
      element("footer", { class: "row" }, [
        isGood && told.explore && element("a", { class: "main", href: told.explore }, "Open in Explore"),
        actionsOf(model, told, asked, draw),
        !told.is_live && button("Done", () => model.send_msg({ kind: "close" }), { "data-key": "close" }),
      ]),
    ]));
    if (shown !== told.id) host.scrollIntoView({ block: "nearest", behavior: "smooth" });
    shown = told.id;
  }

  drawOn(model, ["told", "rejects", "said"], draw);
}
