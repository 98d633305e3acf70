// Speaking to the API with the cookie of this log-in; its problems become words for people.

const PREVIEW = "/api/v1/imports/preview";
const WORDS = {
  401: "Your sign-in has ended. Sign in again, then drop the file once more.",
  413: "This file is larger than this server takes. Split it, or ask the operator for more room.",
};
const UNREADABLE = "The file cannot be read any more; it was moved or changed. Choose it again.";

class Problem extends Error {
  constructor(text, { places = [], code = "", status = 0 } = {}) {
    super(text);
    this.places = places;
    this.code = code;
    this.status = status;
  }
}

function problemOf(status, body) {
  let told = {};
  try {
    told = JSON.parse(body);
  } catch {
    // a proxy between us and the server does not speak in problems
  }
  const text = WORDS[status] ?? told.detail ?? `The server answered ${status}. Try again.`;
  return new Problem(text, { places: told.errors ?? [], code: told.code, status });
}

async function askPreview(file, part, reading, signal) {
  const form = new FormData();
  form.set("reading", JSON.stringify(reading));
  form.set("file", part, file.name);
  const options = { method: "POST", body: form, credentials: "same-origin", signal };
  let answer;
  try {
    answer = await fetch(PREVIEW, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    // A file that was changed on the disk breaks a request as a cut line does.
    await file.slice(0, 1).arrayBuffer().catch(() => {
      throw new Problem(UNREADABLE);
    });
    throw new Problem("The connection broke. Your file is still here; try again.");
  }
  if (!answer.ok) throw problemOf(answer.status, await answer.text());
  return answer.json();
}

// How a file would be read. A sample that cannot be read may have been cut amidst a row.
async function preview(file, reading, signal) {
  const part = await sampleOf(file).catch(() => {
    throw new Problem(UNREADABLE);
  });
  const answer = { isWhole: part === file };
  try {
    answer.proposal = await askPreview(file, part, reading, signal);
  } catch (error) {
    if (answer.isWhole || error.code !== "malformed_file") throw error;
    answer.proposal = await askPreview(file, file, reading, signal);
    answer.isWhole = true;
  }
  if (!answer.isWhole) answer.proposal.rows_estimated *= file.size / part.size;
  return answer;
}

// Only XMLHttpRequest tells how much has been sent. The key makes a second try the same request.
function sendFile(dataset, form, key, onprogress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    const refuse = (text) => () => reject(new Problem(text));
    request.upload.addEventListener("progress", (event) => onprogress(event.loaded / event.total));
    request.addEventListener("load", () => {
      if (request.status === 202) resolve(JSON.parse(request.responseText));
      else reject(problemOf(request.status, request.responseText));
    });
    request.addEventListener("error", refuse("The connection broke; nothing was loaded. Try again."));
    request.addEventListener("abort", refuse("Stopped; nothing was loaded."));
  });
  request.open("POST", `/api/v1/datasets/${encodeURIComponent(dataset)}/imports`);
  request.setRequestHeader("Idempotency-Key", key);
  request.send(form);
  return { done, stop: () => request.abort() };
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
