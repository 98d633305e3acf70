// On every dashboard: stays signed in, signs out, and notices when the log-in has ended.

(() => {
  const SIGNED_IN = "workbench.signed-in";
  const REFRESHED = "workbench.refreshed";
  const EVERY = 12 * 60 * 1000; // an access token lives 15 minutes
  const SIGNED_OUT = 4401; // close code of the guard
  let isLeaving = false;

  function leave(why) {
    const here = encodeURIComponent(location.pathname + location.search);
    location.replace(`/login?next=${here}${why}`);
  }

  function post(path) {
    return fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "same-origin",
      body: "{}",
    });
  }

  // Only the API knows why a log-in has ended; the log-in page has the words for each code.
  async function leaveBecause(answer) {
    const problem = await answer?.json().catch(() => ({}));
    localStorage.removeItem(SIGNED_IN);
    leave(`&ended=${encodeURIComponent(problem?.code ?? "")}`);
  }

  async function askWhy() {
    const answer = await post("/api/v1/auth/refresh").catch(() => null);
    if (answer?.ok) location.reload();
    else leaveBecause(answer);
  }

  async function stay() {
    const last = Number(localStorage.getItem(REFRESHED)) || 0;
    if (Date.now() - last < EVERY) return; // another tab has done it
    localStorage.setItem(REFRESHED, String(Date.now()));
    const answer = await post("/api/v1/auth/refresh").catch(() => null);
    if (answer?.status === 401) {
      leaveBecause(answer);
    } else if (!answer?.ok) {
      localStorage.setItem(REFRESHED, String(last)); // nobody answered: try again soon
    }
  }

  async function signOut() {
    localStorage.removeItem(SIGNED_IN);
    await post("/api/v1/auth/logout").catch(() => null);
    location.replace("/login");
  }

  window.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener("close", (event) => {
        if (event.code === SIGNED_OUT) askWhy();
        else if (!isLeaving) offerReload();
      });
    }
  };

  // A visit cannot be taken up again on a new socket: only a new page helps.
  function offerReload() {
    if (document.getElementById("lost")) return;
    const banner = document.createElement("div");
    banner.id = "lost";
    banner.setAttribute("role", "alert");
    banner.style.cssText =
      "position:fixed;left:50%;bottom:24px;transform:translateX(-50%);z-index:9999;display:flex;" +
      "gap:16px;align-items:center;padding:12px 18px;border-radius:10px;background:#17212b;" +
      "color:#fff;font:15px Roboto,'Segoe UI',sans-serif;box-shadow:0 6px 24px #0006";
    const button = document.createElement("button");
    button.textContent = "Reload";
    button.style.cssText =
      "padding:6px 14px;border:0;border-radius:8px;background:#2fb5a6;color:#06211e;" +
      "font:inherit;font-weight:600;cursor:pointer";
    button.addEventListener("click", () => location.reload());
    banner.append("The connection is lost.", button);
    document.body.append(banner);
  }

  function tellScreen() {
    const [red] = getComputedStyle(document.body).color.match(/\d+/);
    const scheme = Number(red) > 127 ? "dark" : "light"; // light text stands on a dark ground
    const told = `${scheme}.${innerWidth < 600 ? "narrow" : "wide"}`;
    document.cookie = `workbench_screen=${told}; Path=/; Max-Age=31536000; SameSite=Lax`;
    const { locale, timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const place = encodeURIComponent(`${navigator.language || locale}~${timeZone}`);
    document.cookie = `workbench_place=${place}; Path=/; Max-Age=31536000; SameSite=Lax`;
  }

  // Open shadow roots hide the button from `target`, not from the path.
  document.addEventListener("click", (event) => {
    const isSignOut = (node) => node.dataset && "signOut" in node.dataset;
    const isToggle = (node) => node.getAttribute?.("aria-label") === "Toggle theme";
    if (event.composedPath().some(isSignOut)) signOut();
    if (event.composedPath().some(isToggle)) setTimeout(tellScreen, 500);
  });
  window.addEventListener("pagehide", () => {
    isLeaving = true;
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) stay();
  });
  window.addEventListener("resize", () => setTimeout(tellScreen, 500));
  if (!localStorage.getItem(REFRESHED)) localStorage.setItem(REFRESHED, String(Date.now()));
  setInterval(stay, 60 * 1000);
  stay();
})();
