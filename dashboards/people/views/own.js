// One's own sign-ins, each of which can be ended, and API tokens, whose text is shown once.

function signIn(model, each, asked, draw) {
  const ask = askFirst(asked, each.id, {
    label: "Sign out there", question: "Sign out there? Its next click leads to the log-in.", sure: "Sign it out", draw,
    send: () => model.send_msg({ kind: "sign-out", id: each.id }),
  });
  return element("li", { class: "item" },
    element("div", {}, element("strong", {}, each.device), each.is_here && element("span", { class: "you" }, "here"), element("div", { class: "soft" }, each.when)),
    !each.is_here && element("div", { class: "end" }, ask.open), !each.is_here && ask.sure);
}

function token(model, each, asked, draw) {
  const ask = askFirst(asked, each.id, {
    label: "Revoke", question: `Revoke ${each.name}? Programs that use it are refused at once.`, sure: `Revoke ${each.name}`, draw,
    send: () => model.send_msg({ kind: "revoke", id: each.id }),
  });
  return element("li", { class: "item" },
    element("div", {}, element("strong", {}, each.name), !each.is_own && element("span", { class: "you" }, each.email),
      element("div", { class: "soft" }, `${each.prefix}… · ${each.when}`), element("div", { class: "soft" }, `May: ${each.scope}`)),
    element("div", { class: "end" }, ask.open), ask.sure);
}

export function render({ model, el }) {
  const host = element("div", { class: "pair" });
  const asked = new Set();
  el.append(host);
  let isOpen = false, secret = "";
  const name = element("input", { type: "text", maxlength: "100", placeholder: "such as nightly load", autocomplete: "off", "data-key": "token" });
  const days = element("select", { "data-key": "days" }, [["30", "30 days"], ["90", "90 days"], ["365", "a year"]].map(([value, title]) => element("option", { value, selected: value === "90" }, title)));
  const boxes = element("div", { class: "checks" });

  function secretShown() {
    if (!secret) return null;
    const copy = button("Copy", () => navigator.clipboard?.writeText(secret), { "data-key": "copy" });
    return element("div", { class: "told" }, element("span", {}, "Copy the token now; it is not shown again."), copy, element("code", { class: "secret" }, secret));
  }

  function making() {
    if (!isOpen) return button("Make an API token", () => { isOpen = true; secret = ""; draw(); name.focus(); }, { "data-key": "open" });
    return element("form", {
      class: "fields",
      onsubmit: (event) => {
        event.preventDefault();
        const scope = [...boxes.querySelectorAll("input:checked")].map((box) => box.value);
        model.send_msg({ kind: "make", value: name.value, form: { scope, days: Number(days.value) } });
      },
    }, element("label", { class: "field" }, "Name of the program", name), element("label", { class: "field" }, "Good for", days),
      element("fieldset", {}, element("legend", {}, "It may"), boxes),
      element("div", { class: "row" }, element("button", { type: "submit", class: "main", "data-key": "make" }, "Make it"), button("Not now", () => { isOpen = false; draw(); }, { "data-key": "open" })));
  }

  function draw() {
    if (boxes.childElementCount !== model.scope.length) {
      boxes.replaceChildren(...model.scope.map(([value, words]) => element("label", { class: "check", title: value }, element("input", { type: "checkbox", value, "data-key": `scope ${value}` }), words)));
    }
    const others = model.sign_ins.filter((each) => !each.is_here).length;
    const everywhere = askFirst(asked, "everywhere", {
      label: "Sign out everywhere else", question: "Sign out everywhere but here?", sure: "Sign out there", draw,
      send: () => model.send_msg({ kind: "sign-out-elsewhere" }),
    });
    const tokens = model.tokens.map((each) => token(model, each, asked, draw));
    redraw(host,
      model.said && element("div", { class: "wide" }, told(model)),
      element("section", { class: "card", "aria-label": "Sign-ins" }, element("h2", {}, "Where you are signed in"),
        model.is_loading ? element("div", { class: "waiting", "aria-hidden": "true" }, " ") : element("ul", { class: "items" }, model.sign_ins.map((each) => signIn(model, each, asked, draw))),
        others > 0 && element("div", { class: "row" }, everywhere.open, everywhere.sure)),
      element("section", { class: "card", "aria-label": "API tokens" }, element("h2", {}, "API tokens"),
        model.may_have_tokens ? [
          element("p", { class: "soft" }, "Programs sign in with them. A token never does more than whoever made it."),
          tokens.length > 0 && element("ul", { class: "items" }, tokens), secretShown(), making(),
        ] : element("p", { class: "soft" }, "Engineers make API tokens. Ask an owner of your company if a program of yours needs one.")));
  }

  model.on("msg:custom", ({ text }) => { secret = text; isOpen = false; name.value = ""; draw(); });
  drawOn(model, ["sign_ins", "tokens", "scope", "said", "turn", "is_loading"], draw);
}
