// What can be done about a run. Ending it is asked twice; deleting it can be taken back.

// Printing may fail, so the file is fetched here, and a failure is said beside the button.
async function fetched(address, name, say) {
  say("The PDF is being made …");
  try {
    const answer = await fetch(address);
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({}));
      return say(problem.detail ?? "It could not be printed. Try again in a moment.");
    }
    const link = element("a", { href: URL.createObjectURL(await answer.blob()), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    say("");
  } catch {
    say("Workbench cannot be reached. Try again in a moment.");
  }
}

export function render({ model, el }) {
  const host = element("div", { class: "acts" });
  const asked = new Set();
  let said = "";
  let shown = "";
  el.append(host);

  const send = (kind) => () => model.send_msg({ kind, id: model.told.id });
  const say = (text) => {
    said = text;
    draw();
  };

  function draw() {
    const { told } = model;
    if (shown !== told.id) {
      asked.clear();
      said = "";
      shown = told.id;
    }
    const cancelling = { text: "Cancel this run", question: "End it now? What it has done is lost.", yes: "End it", no: "Let it run", act: send("cancel") };
    redraw(host, [
      element("div", { class: "row" }, [
        told.may_cancel && asking(asked, `cancel ${told.id}`, draw, cancelling),
        told.clone && going(model, told.clone, "Run with changes", { class: "way" }),
        told.may_retry && button("Run again", send("retry"), { "data-key": "retry" }),
        told.compare && going(model, told.compare, "Compare with the run before", { class: "way" }),
        told.pdf && button("Save as PDF", () => fetched(told.pdf, `report-${told.id}.pdf`, say), { "data-key": "pdf" }),
        told.notebook && element("a", { class: "way", href: told.notebook, download: "" }, "Executed notebook"),
        told.may_delete && button("Delete", send("delete"), { "data-key": "delete" }),
      ]),
      said && element("p", { class: "soft", role: "status" }, said),
      told.why_not && element("p", { class: "soft" }, told.why_not),
    ]);
  }

  drawOn(model, ["told"], draw);
}
