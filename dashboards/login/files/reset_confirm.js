// Chooses a new password with the token from the mail.

import { fail, finish, onSubmit, post, say, takeToken } from "/login/files/mail_page.js";

const token = takeToken();

onSubmit(
  ({ password, again }) => {
    if (password && password === again) {
      return post("/api/v1/auth/password-reset/confirm", { token, password });
    }
    say(password ? "The two passwords differ." : "Fill in the new password twice.");
    return null;
  },
  () => {
    localStorage.removeItem("workbench.signed-in");
    finish("Your password is changed. Sign in with it.");
  },
);

if (!token) fail("Open the link in the mail once more: this page has lost it.");
