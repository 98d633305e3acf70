// What the pages that links in mail lead to have in common.

export const form = document.querySelector("form");
export const fields = document.getElementById("fields");
const message = document.getElementById("message");
const button = form.querySelector("button");

// The token stands in the fragment, which no server sees; nor shall the history keep it.
export function takeToken() {
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  return token;
}

export function say(text, { isGood = false } = {}) {
  message.textContent = text;
  message.classList.toggle("good", isGood);
  message.hidden = false;
  message.focus();
}

export function finish(text) {
  fields.hidden = true;
  say(text, { isGood: true });
}

export function fail(text) {
  fields.hidden = true;
  say(text);
}

export function post(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    credentials: "same-origin",
    body: JSON.stringify(body),
  });
}

export async function explain(answer) {
  const problem = await answer.json().catch(() => ({}));
  if (problem.code === "bad_link") {
    fail("This link has been used, replaced or withdrawn, or has expired. Ask for a new one.");
  } else if (answer.status === 429) {
    const seconds = Number(answer.headers.get("Retry-After"));
    const wait = seconds > 90 ? `${Math.ceil(seconds / 60)} minutes` : `${seconds || 60} seconds`;
    say(`That was too often. Wait ${wait}, then try again.`);
  } else if (answer.status === 401) {
    say("The password is wrong.");
  } else if (answer.status < 500) {
    say(problem.detail || "That cannot be used. Check what you typed.");
  } else {
    say("Workbench does not answer just now. Try again in a moment.");
  }
}

// Runs `send` at each submission; it answers a Response, or nothing when it has said why not.
export function onSubmit(send, done) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    try {
      const answer = await send(Object.fromEntries(new FormData(form)));
      if (answer?.ok) await done(answer);
      else if (answer) await explain(answer);
    } catch {
      say("Workbench cannot be reached. Check your connection, then try again.");
    } finally {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  });
}
