"""`workbench up`: everything on one machine, with one command."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer
from rich.panel import Panel

from workbench.cli import console, serve
from workbench.cli.demo import load_once
from workbench.cli.options import Port
from workbench.db import connect
from workbench.settings import Settings

STOP_SECONDS = 10
Demo = Annotated[bool, typer.Option("--demo/--no-demo", help="Load the demo on the first start.")]


def up(port: Port = None, *, demo: Demo = True) -> None:
    """Start PostgreSQL, the worker, the API and the dashboards; Ctrl-C stops all of it."""
    settings = serve.with_port(port)
    with closing(serve.listen(settings)) as listener, connect.server(settings):
        connect.migrate(settings)
        if demo:
            load_once(settings)
        with _worker():
            _welcome(settings)
            serve.run(settings, listener)


@contextmanager
def _worker() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "workbench", "work"])
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _welcome(settings: Settings) -> None:
    address = f"http://{settings.host}:{settings.port}"
    lines = [f"Workbench is at [bold]{address}[/]", f"API: {address}/docs", ""]
    demo = settings.prepared_home() / "demo.json"
    if demo.exists():
        wanted = {("ua", "owner"), ("ua", "engineer"), ("ua", "analyst"), ("oo", "analyst")}
        lines.append("Demo log-ins (all of them: .workbench/demo.json)".replace(".workbench", str(demo.parent)))
        lines += [
            f"  {person['email']:<28} {person['password']}"
            for person in json.loads(demo.read_text())
            if (person["tenant"], person["role"]) in wanted or person["tenant"] is None
        ]
    lines += ["", "Ctrl-C stops it; the data stay."]
    console.out.print(Panel("\n".join(lines), title="Workbench", expand=False, padding=(1, 2)))
