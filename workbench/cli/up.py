"""`workbench up`: everything on one machine, with one command."""

import json
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel

from workbench.cli import console, serve
from workbench.cli.children import Child
from workbench.cli.demo import is_loaded, load_once
from workbench.cli.lab import TOKEN, address, new_token
from workbench.cli.options import Port
from workbench.db import connect
from workbench.permissions import Role
from workbench.settings import Settings

# The demo's largest and smallest airline; `demo.json` has the log-ins of all of them.
SHOWN = ("ua", "oo", None)
ENGINEER = "engineer@ua.example"

Demo = Annotated[bool, typer.Option("--demo/--no-demo", help="Load the demo on the first start.")]
Lab = Annotated[
    bool, typer.Option("--lab/--no-lab", help="Start JupyterLab for an engineer of the demo.")
]


def up(port: Port = None, *, demo: Demo = True, lab: Lab = True) -> None:
    """Start PostgreSQL, the worker, the API and the dashboards; Ctrl-C stops all of it."""
    settings = _readable(serve.with_port(port))
    with closing(serve.listen(settings)) as listener, ExitStack() as running:
        running.enter_context(connect.server(settings))
        connect.migrate(settings)
        if demo:
            load_once(settings)
        serve.run(settings, listener, ready=lambda: _beside(settings, running, lab=lab))


def _beside(settings: Settings, running: ExitStack, *, lab: bool) -> None:
    """Start what runs beside the doors, now that these are open, and say where everything is."""
    running.enter_context(Child("worker", "work", settings=settings))
    _welcome(settings, _jupyter(settings, running) if lab and is_loaded(settings) else None)


def _jupyter(settings: Settings, running: ExitStack) -> str:
    """Start JupyterLab beside the rest and answer its address."""
    with closing(serve.listen(settings.model_copy(update={"port": 0}))) as free:
        port = free.getsockname()[1]
    token = new_token()
    command = ("lab", "--tenant", SHOWN[0], "--as", ENGINEER, "--port", str(port))
    running.enter_context(Child("JupyterLab", *command, settings=settings, **{TOKEN: token}))
    return address(settings, port, token)


def _readable(settings: Settings) -> Settings:
    """Log for the person who watches, unless a form was asked for."""
    if "log" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"log": "console"})


def _welcome(settings: Settings, jupyter: str | None) -> None:
    home = f"http://{settings.host}:{settings.port}"
    lines = [f"Open [bold]{home}[/]", f"API   {home}/docs", ""]
    if jupyter:
        lines += [f"JupyterLab as {ENGINEER}", f"  {jupyter}", ""]
    people = settings.prepared_home() / "demo.json"
    if people.exists():
        lines += ["Log-ins of the demo", *_log_ins(people), f"All of them: {people}", ""]
    lines.append("Ctrl-C stops it; the data stay.")
    console.out.print(Panel("\n".join(lines), title="Workbench", expand=False, padding=(1, 2)))


def _log_ins(people: Path) -> list[str]:
    return [
        f"  {person['email']:<26}  {person['password']}"
        for person in json.loads(people.read_text())
        if person["tenant"] in SHOWN
        and (person["tenant"] != "oo" or person["role"] == Role.ANALYST)
    ]
