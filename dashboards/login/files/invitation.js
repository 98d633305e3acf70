// Shows what an invitation offers, and accepts it.

import { explain, fail, fields, finish, onSubmit, post, say, takeToken }
  from "/login/files/mail_page.js";

const SIGNED_IN = "workbench.signed-in";
const token = takeToken();
const byId = (id) => document.getElementById(id);
let offer;

async function isSignedInAs(email) {
  if (!localStorage.getItem(SIGNED_IN)) return false;
  const answer = await fetch("/api/v1/auth/me", { credentials: "same-origin" }).catch(() => null);
  return answer?.ok ? (await answer.json()).email === email : false;
}

async function show() {
  const answer = await post("/api/v1/invitations/show", { token }).catch(() => null);
  if (!answer?.ok) {
    byId("lead").hidden = true;
    if (answer) await explain(answer);
    else fail("Workbench cannot be reached. Check your connection, then try again.");
    return;
  }
  offer = await answer.json();
  byId("title").textContent = `Join ${offer.tenant_name}`;
  byId("lead").textContent = `You are invited as ${offer.role}.`;
  byId("email").value = offer.email;
  byId("name-field").hidden = offer.has_account;
  byId("password-field").hidden = offer.has_account && await isSignedInAs(offer.email);
  byId("password").autocomplete = offer.has_account ? "current-password" : "new-password";
  byId("hint").textContent = offer.has_account
    ? "The password of your account with this address."
    : "12 characters or more; a few words together are fine.";
  fields.hidden = false;
  const inputs = [...fields.querySelectorAll("input:not([readonly])")];
  (inputs.find((input) => !input.closest("[hidden]")) ?? fields.querySelector("button")).focus();
}

async function enter({ password }) {
  if (password) {
    const order = { email: offer.email, password, tenant: offer.tenant };
    const answer = await post("/api/v1/auth/login", order).catch(() => null);
    if (answer?.ok) {
      localStorage.setItem(SIGNED_IN, "yes");
      localStorage.setItem("workbench.refreshed", String(Date.now()));
      location.replace("/dashboards/home");
      return;
    }
  }
  finish(`You are a member of ${offer.tenant_name} now. Sign in to go there.`);
}

let typed = {};
onSubmit(
  ({ name, password }) => {
    if (!offer.has_account && !(name && password)) {
      say("Fill in your name and a password.");
      return null;
    }
    typed = { name, password };
    const order = { token };
    if (name && !offer.has_account) order.name = name;
    if (password) order.password = password;
    return post("/api/v1/invitations/accept", order);
  },
  () => enter(typed),
);

if (token) show();
else fail("Open the link in the mail once more: this page has lost it.");
