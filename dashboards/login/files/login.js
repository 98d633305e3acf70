// Signs in through the API, or silently when this browser still holds a living log-in.

const form = document.getElementById("login");
const message = document.getElementById("message");
const button = form.querySelector("button");
const tenantField = document.getElementById("tenant-field");
const next = form.dataset.next; // checked by the server: a path of this site

const SIGNED_IN = "workbench.signed-in";
const REFRESHED = "workbench.refreshed";
const TOLD = ["password_changed", "reused_token"]; // the page has words for these

function post(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    credentials: "same-origin",
    body: JSON.stringify(body),
  });
}

function goOn() {
  const isDark = /workbench_screen=dark/.test(document.cookie)
    || (!document.cookie.includes("workbench_screen=")
      && matchMedia("(prefers-color-scheme: dark)").matches);
  const told = `${isDark ? "dark" : "light"}.${innerWidth < 600 ? "narrow" : "wide"}`;
  document.cookie = `workbench_screen=${told}; Path=/; Max-Age=31536000; SameSite=Lax`;
  const { locale, timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const place = encodeURIComponent(`${navigator.language || locale}~${timeZone}`);
  document.cookie = `workbench_place=${place}; Path=/; Max-Age=31536000; SameSite=Lax`;
  localStorage.setItem(SIGNED_IN, "yes");
  localStorage.setItem(REFRESHED, String(Date.now()));
  location.replace(next);
}

function say(text) {
  message.textContent = text;
  message.hidden = false;
  message.focus();
}

function mark(isWrong) {
  for (const input of form.querySelectorAll("input")) {
    input.setAttribute("aria-invalid", String(isWrong));
  }
}

async function explain(answer) {
  const problem = await answer.json().catch(() => ({}));
  if (problem.code === "tenant_needed") {
    tenantField.hidden = false;
    say("You belong to several companies: say which one.");
    document.getElementById("tenant").focus();
  } else if (answer.status === 429) {
    const seconds = answer.headers.get("Retry-After");
    say(`Too many tries. Wait ${seconds ? `${seconds} seconds` : "a moment"}, then try again.`);
  } else if (answer.status === 401) {
    mark(true);
    say("The e-mail address or the password is wrong.");
  } else if (answer.status < 500) {
    mark(true);
    say(problem.detail || "That cannot be used to sign in. Check both fields.");
  } else {
    say("Workbench does not answer just now. Try again in a moment.");
  }
}

async function signIn(event) {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  if (!fields.email || !fields.password) {
    say("Fill in both your e-mail address and your password.");
    form.querySelector(fields.email ? "#password" : "#email").focus();
    return;
  }
  if (!fields.tenant) delete fields.tenant;
  mark(false);
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    const answer = await post("/api/v1/auth/login", fields);
    if (answer.ok) goOn();
    else await explain(answer);
  } catch {
    say("Workbench cannot be reached. Check your connection, then try again.");
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
}

async function refreshSilently() {
  if (!localStorage.getItem(SIGNED_IN)) return;
  const answer = await post("/api/v1/auth/refresh", {}).catch(() => null);
  if (answer?.ok) {
    goOn();
    return;
  }
  localStorage.removeItem(SIGNED_IN);
  const problem = await answer?.json().catch(() => ({}));
  if (TOLD.includes(problem?.code) && !new URLSearchParams(location.search).get("ended")) {
    location.replace(`/login?next=${encodeURIComponent(next)}&ended=${problem.code}`);
  }
}

form.addEventListener("submit", signIn);
refreshSilently();
