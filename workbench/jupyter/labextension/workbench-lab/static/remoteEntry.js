/* Cards for the notebooks on the shelf, and "Run as a job" in the toolbar of an open one.

   This is a container of module federation, written by hand: JupyterLab calls init() with what it
   shares and get() for the plugin, so that nothing has to be built. Text becomes text here, never
   HTML, and no token reaches the page: all is asked of JupyterLab's own server. */
(() => {
  "use strict";

  const CATEGORY = "Workbench";
  const POLL = 500; // ms
  const ENDED = ["succeeded", "failed", "cancelled", "timed_out"];
  const ICON =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">' +
    '<path class="jp-icon3" fill="#616161" d="M4 4h10l6 6v10H4zM13 5.5V11h5.5zM8 13v4l4-2z"/></svg>';
  const RUN_ICON =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">' +
    '<path class="jp-icon3" fill="#616161" d="M3 4h12v2H3zm0 5h12v2H3zm0 5h7v2H3zm10 0v7l6-3.5z"/></svg>';

  let shared;

  async function load(name) {
    const versions = Object.values(shared[name]);
    return (await versions[0].get())();
  }

  async function plugin() {
    const [application, apputils, docmanager, launcher, services, ui, lumino, core] =
      await Promise.all(
        [
          "@jupyterlab/application",
          "@jupyterlab/apputils",
          "@jupyterlab/docmanager",
          "@jupyterlab/launcher",
          "@jupyterlab/services",
          "@jupyterlab/ui-components",
          "@lumino/widgets",
          "@jupyterlab/coreutils",
        ].map(load),
      );
    const house = { apputils, services, ui, lumino, core };
    return {
      id: "workbench-lab:plugin",
      description: "Cards for the shelf, and runs that are ordered from an open notebook.",
      autoStart: true,
      optional: [launcher.ILauncher, apputils.ICommandPalette],
      requires: [docmanager.IDocumentManager],
      activate: (app, _documents, cards, palette) =>
        activate(app, cards, palette, house),
    };
  }

  function activate(app, cards, palette, house) {
    const { apputils, ui } = house;
    const icon = new ui.LabIcon({ name: "workbench:notebook", svgstr: ICON });
    const runIcon = new ui.LabIcon({ name: "workbench:run", svgstr: RUN_ICON });
    const open = (path) => app.commands.execute("docmanager:open", { path });

    app.commands.addCommand("workbench:open", {
      label: (args) => args.title ?? "Open a notebook",
      caption: (args) => args.question ?? "",
      icon,
      execute: (args) => open(args.path),
    });
    app.commands.addCommand("workbench:new", {
      label: "New notebook",
      caption: "Write a notebook that passes the check",
      icon: ui.addIcon,
      execute: async () => {
        const title = "New notebook";
        const label = "Small letters, digits and _";
        const asked = await apputils.InputDialog.getText({ title, label, okLabel: "Write" });
        if (!asked.button.accept || !asked.value) return undefined;
        return told(apputils, async () =>
          open((await ask(house, "new", { name: asked.value.trim() })).path),
        );
      },
    });
    app.commands.addCommand("workbench:run", {
      label: "Run as a job",
      caption: "Order a run of this notebook with its parameters",
      icon: runIcon,
      isEnabled: () => isNotebook(app.shell.currentWidget),
      execute: () => told(apputils, () => order(app, house, app.shell.currentWidget)),
    });
    palette?.addItem({ command: "workbench:run", category: CATEGORY });
    palette?.addItem({ command: "workbench:new", category: CATEGORY });
    app.docRegistry.addWidgetExtension("Notebook", {
      createNew: (panel) => {
        const button = new ui.ToolbarButton({
          icon: runIcon,
          tooltip: "Run as a job",
          onClick: () => told(apputils, () => order(app, house, panel)),
        });
        panel.toolbar.insertBefore("spacer", "workbench-run", button);
        return button;
      },
    });
    if (cards) void deal(cards, house);
  }

  /* One card for each notebook on the shelf; none while nobody answers. */
  async function deal(cards, house) {
    cards.add({ command: "workbench:new", category: CATEGORY, rank: 1000 });
    try {
      const { items } = await ask(house, "notebooks");
      items.forEach(({ path, title, question }, rank) => {
        const args = { path, title, question };
        cards.add({ command: "workbench:open", category: CATEGORY, args, rank });
      });
    } catch (error) {
      house.apputils.Notification.warning(error.message, { autoClose: false });
    }
  }

  async function order(app, house, panel) {
    const { model, contentsModel, path } = panel.context;
    if (model.dirty && contentsModel?.writable) await panel.context.save();
    const found = await ask(house, `order?path=${encodeURIComponent(path)}`);
    const { notebook } = found;
    const body = new house.lumino.Widget({ node: form(notebook, found.values) });
    body.getValue = () => answers(body.node, notebook.parameters.properties);
    const { Dialog, showDialog } = house.apputils;
    const buttons = [Dialog.cancelButton(), Dialog.okButton({ label: "Run" })];
    const asked = await showDialog({ title: notebook.title, body, buttons });
    if (!asked.button.accept) return;
    const parameters = asked.value;
    const run = await ask(house, "runs", { notebook: notebook.name, parameters });
    follow(app, house, notebook.title, run);
  }

  /* A tab that shows how a run stands until it has ended, and then its report. */
  function follow(app, house, title, run) {
    const content = new house.lumino.Widget({ node: element("div", "jp-RenderedHTMLCommon") });
    content.node.style.cssText = "display: flex; flex-direction: column; padding: 12px;";
    const widget = new house.apputils.MainAreaWidget({ content });
    widget.id = `workbench-run-${run.id}`;
    widget.title.label = title;
    widget.title.closable = true;
    app.shell.add(widget, "main", { mode: "split-bottom" });
    const state = element("p", "workbench-state");
    const bar = element("progress");
    const cancel = element("button", "jp-Button jp-mod-styled", "Cancel");
    cancel.onclick = () => told(house.apputils, () => ask(house, `runs/${run.id}/cancel`, {}));
    content.node.append(element("h3", "", title), state, bar, cancel);
    void watch(house, widget, run, (now) => {
      state.textContent = sentence(now);
      show(bar, now);
      if (!ENDED.includes(now.status)) return;
      cancel.remove();
      bar.remove();
      reported(house, content.node, now);
    });
  }

  async function watch(house, widget, run, tell) {
    for (let now = run; !widget.isDisposed; ) {
      tell(now);
      if (ENDED.includes(now.status)) return;
      await new Promise((resolve) => setTimeout(resolve, POLL));
      try {
        now = await ask(house, `runs/${run.id}`);
      } catch (error) {
        now = { ...now, error: error.message };
      }
    }
  }

  function sentence({ status, cells, cells_done: done, cell_title: at, waits, error }) {
    const words = [status.replace("_", " ")];
    if (status === "queued" && waits) words.push(`waits: ${waits.replaceAll("_", " ")}`);
    if (status === "running" && cells) words.push(`${done ?? 0} of ${cells} cells`);
    if (status === "running" && at) words.push(at);
    if (error) words.push(error);
    return words.join(" · ");
  }

  function show(bar, { progress, cells, cells_done: done }) {
    const share = progress ?? (cells ? (done ?? 0) / cells : null);
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
  }

  /* The report, in a frame that belongs to no origin and runs nothing, and a link to it. */
  function reported(house, node, run) {
    if (run.status === "cancelled") return;
    const href = address(house, `runs/${run.id}/report`);
    const link = element("a", "workbench-report", "Open the report");
    link.href = href;
    link.target = "_blank";
    link.rel = "noopener";
    const frame = element("iframe");
    frame.setAttribute("sandbox", "");
    frame.src = href;
    frame.style.cssText = "flex: 1; border: 0; margin-top: 8px; background: white;";
    node.append(link, frame);
  }

  function form(notebook, values) {
    const node = element("div");
    node.append(element("p", "", notebook.question));
    const kept = "A worker executes the notebook as it lies on the shelf.";
    node.append(element("p", "", kept));
    for (const [name, declared] of Object.entries(notebook.parameters.properties)) {
      const label = element("label", "", declared.title ?? name);
      label.style.cssText = "display: block; margin-top: 8px;";
      label.title = declared.description ?? "";
      const value = name in values ? values[name] : declared.default;
      const field = input(declared, value);
      field.dataset.parameter = name;
      label.append(element("br"), field);
      node.append(label);
    }
    return node;
  }

  function input(declared, value) {
    if (declared.enum) {
      const field = element("select", "jp-mod-styled");
      for (const one of declared.enum) {
        const option = element("option", "", one === null ? "–" : String(one));
        option.selected = one === value;
        field.append(option);
      }
      return field;
    }
    const field = element("input", "jp-mod-styled");
    if (declared.type === "boolean") {
      field.type = "checkbox";
      field.checked = value === true;
      return field;
    }
    field.type = isOf(declared, "number") || isOf(declared, "integer") ? "number" : "text";
    if (field.type === "number") field.step = isOf(declared, "integer") ? "1" : "any";
    if (declared.format === "date") field.type = "date";
    field.value = value === null ? "" : plain(value);
    return field;
  }

  /* What the form says, in the types that are declared; nothing, where that is allowed, is null. */
  function answers(node, properties) {
    const found = {};
    for (const field of node.querySelectorAll("[data-parameter]")) {
      const name = field.dataset.parameter;
      found[name] = answer(field, properties[name]);
    }
    return found;
  }

  function answer(field, declared) {
    if (declared.enum) return declared.enum[field.selectedIndex];
    if (field.type === "checkbox") return field.checked;
    if (field.value === "" && isOf(declared, "null")) return null;
    if (isOf(declared, "number") || isOf(declared, "integer")) return Number(field.value);
    return isOf(declared, "array") ? read(field.value) : field.value;
  }

  /* A text that is no JSON is sent as it is: Workbench says what would fit. */
  function read(text) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }

  const plain = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  const isOf = (declared, type) => [declared.type].flat().includes(type);
  const isNotebook = (widget) => widget?.context?.path?.endsWith(".ipynb") ?? false;

  function element(tag, className = "", text = "") {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    return made;
  }

  function address({ services, core }, path) {
    const { baseUrl } = services.ServerConnection.makeSettings();
    return core.URLExt.join(baseUrl, "workbench", path);
  }

  async function ask(house, path, order) {
    const settings = house.services.ServerConnection.makeSettings();
    const init = order === undefined ? {} : { method: "POST", body: JSON.stringify(order) };
    const url = address(house, path);
    const answer = await house.services.ServerConnection.makeRequest(url, init, settings);
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.message ?? `JupyterLab answered ${answer.status}.`);
    return said;
  }

  async function told(apputils, act) {
    try {
      return await act();
    } catch (error) {
      return apputils.Notification.error(error.message, { autoClose: false });
    }
  }

  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB["workbench-lab"] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const made = await plugin();
      return () => ({ __esModule: true, default: made });
    },
  };
})();
