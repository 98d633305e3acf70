// Fetches a file from the API with the cookie of this page, and hands it to the browser.

const FORMATS = [["csv", "CSV"], ["parquet", "Parquet"], ["arrow", "Arrow"]];
const FOR_LATER = 10_000; // ms; a browser may read the file after the click

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  return problem.detail ?? "The file could not be made. Try again in a moment.";
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), FOR_LATER);
}

export function render({ model, el }) {
  const row = document.createElement("div");
  row.className = "row";
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "Download");
  const name = document.createElement("span");
  name.textContent = "Download all rows as";
  const said = document.createElement("p");
  said.setAttribute("role", "status");
  const buttons = FORMATS.map(([format, title]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.addEventListener("click", () => fetched(format));
    return button;
  });
  row.append(name, ...buttons);
  el.append(row, said);

  async function fetched(format) {
    buttons.forEach((button) => (button.disabled = true));
    said.textContent = "Preparing the file…";
    try {
      const answer = await fetch(model.address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
          sql: model.sql,
          parameters: model.parameters,
          format,
          bom: format === "csv",
        }),
      });
      if (!answer.ok) {
        said.textContent = await refusal(answer);
        return;
      }
      const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
      save(await answer.blob(), named?.[1] ?? `answer.${format}`);
      said.textContent = "";
    } catch {
      said.textContent = "The download broke off. Try again.";
    } finally {
      draw();
    }
  }

  function draw() {
    buttons.forEach((button) => (button.disabled = Boolean(model.refusal) || !model.sql));
    if (model.refusal) said.textContent = model.refusal;
  }

  model.on(["sql", "parameters", "refusal"], () => {
    said.textContent = "";
    draw();
  });
  draw();
}
