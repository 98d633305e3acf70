// An editor of SQL. Ace is loaded once from our own server, into the shadow of this element.

const QUIET = 250; // ms without typing, after which the server learns the text
const THEME = "ace/theme/workbench";
const LIGHTS = `
.ace-workbench { background: transparent; color: var(--mui-palette-text-primary); }
.ace-workbench .ace_gutter { background: transparent; color: var(--mui-palette-text-secondary); opacity: .8; }
.ace-workbench .ace_cursor { color: var(--mui-palette-text-primary); }
.ace-workbench .ace_marker-layer .ace_selection { background: color-mix(in srgb, var(--mui-palette-primary-main) 28%, transparent); }
.ace-workbench .ace_marker-layer .ace_active-line, .ace-workbench .ace_gutter-active-line { background: color-mix(in srgb, var(--mui-palette-text-primary) 4%, transparent); }
.ace-workbench .ace_marker-layer .ace_bracket { border: 1px solid var(--mui-palette-divider); }
.ace-workbench .ace_keyword { color: var(--mui-palette-primary-main); font-weight: 600; }
.ace-workbench .ace_string { color: color-mix(in srgb, #d55e00 70%, var(--mui-palette-text-primary)); }
.ace-workbench .ace_numeric, .ace-workbench .ace_constant.ace_language { color: color-mix(in srgb, #0072b2 62%, var(--mui-palette-text-primary)); }
.ace-workbench .ace_function, .ace-workbench .ace_support.ace_function { color: color-mix(in srgb, #b05a92 68%, var(--mui-palette-text-primary)); }
.ace-workbench .ace_comment { color: var(--mui-palette-text-secondary); font-style: italic; }
.ace_editor.ace_autocomplete.ace-workbench { background: var(--mui-palette-background-paper); color: var(--mui-palette-text-primary); border: 1px solid var(--mui-palette-divider); border-radius: 8px; box-shadow: 0 6px 24px rgb(0 0 0 / 18%); line-height: 1.6; width: 320px; }
.ace_editor.ace_autocomplete.ace-workbench .ace_marker-layer .ace_active-line, .ace_editor.ace_autocomplete.ace-workbench .ace_marker-layer .ace_line-hover { background: color-mix(in srgb, var(--mui-palette-primary-main) 18%, transparent); border: 0; }
.ace_editor.ace_autocomplete.ace-workbench .ace_completion-highlight { color: var(--mui-palette-primary-main); text-shadow: none; font-weight: 600; }
`;

function script(source) {
  return new Promise((loaded, failed) => {
    const made = document.createElement("script");
    made.src = source;
    made.onload = loaded;
    made.onerror = () => failed(new Error(`${source} did not load`));
    document.head.append(made);
  });
}

let loading;
function ace(assets) {
  loading ??= (async () => {
    await script(`${assets}/ace.js`);
    await script(`${assets}/ext-language_tools.js`);
    await script(`${assets}/mode-sql.js`);
    window.ace.config.set("basePath", assets);
    window.ace.define(THEME, ["require", "exports", "module"], (_require, theme) => {
      Object.assign(theme, { isDark: false, cssClass: "ace-workbench", cssText: LIGHTS });
    });
    return window.ace;
  })();
  return loading;
}

function completer(model) {
  return {
    getCompletions(_editor, _session, _position, _prefix, answer) {
      answer(null, model.words.map(({ name, kind, weight }) => ({ value: name, meta: kind, score: weight })));
    },
  };
}

export async function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "box";
  el.append(box);
  const library = await ace(model.assets);
  const { Range } = library.require("ace/range");
  const tools = library.require("ace/ext/language_tools");
  const editor = library.edit(box, {
    mode: "ace/mode/sql", theme: THEME, value: model.value, minLines: 7, maxLines: 24,
    fontSize: 14, showPrintMargin: false, useSoftTabs: true, tabSize: 2, wrap: true,
    enableBasicAutocompletion: true, enableLiveAutocompletion: true, enableSnippets: false,
    textInputAriaLabel: model.label, showFoldWidgets: false, scrollPastEnd: 0, indentedSoftWrap: false,
  });
  editor.renderer.attachToShadowRoot();
  editor.renderer.setPadding(10);
  editor.renderer.setScrollMargin(8, 8);
  editor.resize(true);
  editor.completers = [completer(model), tools.keyWordCompleter];
  editor.commands.bindKeys({ Tab: null, "Shift-Tab": null }); // Tab leaves the field, as anywhere

  let timer, marker, isOurs = false;
  const tell = () => {
    clearTimeout(timer);
    if (model.value !== editor.getValue()) model.value = editor.getValue();
  };
  const unmark = () => {
    if (marker !== undefined) editor.session.removeMarker(marker);
    marker = undefined;
    editor.session.clearAnnotations();
  };
  const rangeOf = ({ line, column, length }) =>
    new Range(line - 1, column - 1, line - 1, column - 1 + Math.max(1, length));
  const mark = () => {
    unmark();
    const { line, column, message } = model.marked;
    if (!line) return;
    marker = editor.session.addMarker(rangeOf(model.marked), "wrong", "text", true);
    editor.session.setAnnotations([{ row: line - 1, column: column - 1, text: message, type: "error" }]);
    editor.gotoLine(line, column - 1, false);
  };
  const write = (text) => {
    if (text === editor.getValue()) return;
    isOurs = true;
    editor.session.doc.setValue(text);
    editor.clearSelection();
    editor.navigateFileEnd();
    isOurs = false;
    tell();
  };

  editor.commands.addCommand({
    name: "run",
    bindKey: { win: "Ctrl-Enter", mac: "Command-Enter|Ctrl-Enter" },
    exec: () => {
      tell();
      model.send_msg({ kind: "run", text: editor.getValue() });
    },
  });
  editor.on("blur", tell); // a button elsewhere is pressed after this
  editor.session.on("change", () => {
    if (marker !== undefined) unmark();
    clearTimeout(timer);
    if (!isOurs) timer = setTimeout(tell, QUIET);
  });
  model.on("marked", mark);
  model.on("value", () => {
    if (!editor.isFocused() && model.value !== editor.getValue()) write(model.value);
  });
  model.on("msg:custom", ({ kind, text }) => {
    if (kind === "amend" && marker !== undefined) editor.session.replace(rangeOf(model.marked), text);
    if (kind === "replace") write(text);
    if (kind === "insert") editor.insert(text);
    if (kind === "amend") tell();
    editor.focus();
  });
  const seen = new ResizeObserver(() => editor.resize());
  seen.observe(el);
  mark();
  return () => {
    clearTimeout(timer);
    seen.disconnect();
    editor.destroy();
  };
}
