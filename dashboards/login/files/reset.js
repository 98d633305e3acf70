// Asks for a mail with which a new password can be chosen.

import { finish, onSubmit, post, say } from "/login/files/mail_page.js";

onSubmit(
  ({ email }) => {
    if (email) return post("/api/v1/auth/password-reset", { email });
    say("Fill in your e-mail address.");
    return null;
  },
  () => finish(
    "If this address has an account, a mail is on its way. Its link works once, for 30 minutes.",
  ),
);
