"""`workbench serve` and `workbench work`: the two kinds of process that Workbench consists of."""

import asyncio
import socket
from contextlib import closing
from typing import Annotated, Literal

import typer
import uvicorn
from fastapi import FastAPI

from workbench import logs, observability
from workbench.api import app as api
from workbench.cli.options import Port
from workbench.db import connect
from workbench.db.session import Database
from workbench.errors import Unavailable
from workbench.settings import Settings
from workbench.storage import Storage

STOP_SECONDS = 5
Doors = Literal["api", "dashboards"]


def serve(
    port: Port = None,
    only: Annotated[Doors | None, typer.Option(help="Serve one of the two doors.")] = None,
) -> None:
    """Serve the API and the dashboards on one port."""
    settings = with_port(port)
    with closing(listen(settings)) as listener, connect.server(settings):
        run(settings, listener, only)


def work() -> None:
    """Take runs and imports from the queue until stopped."""
    from workbench import worker  # papermill takes a second that no other command should wait for

    settings = Settings()
    prepare(settings)
    with connect.server(settings):
        asyncio.run(worker.serve(settings))


def with_port(port: int | None) -> Settings:
    """The settings, with the port that the command line names."""
    return Settings() if port is None else Settings(port=port)


def prepare(settings: Settings) -> None:
    """Begin to log and, where a DSN is set, to report errors."""
    logs.configure(settings.log)
    observability.configure(settings)


def listen(settings: Settings) -> socket.socket:
    """Take the port; raise Unavailable when somebody else has it."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}); "
            "choose another with --port."
        ) from error
    return listener


def build(settings: Settings, database: Database, only: Doors | None = None) -> FastAPI:
    """Compose the doors that one process serves."""
    storage = Storage(settings.storage)
    app = api.create(settings, database, storage, with_routes=only != "dashboards")
    if only != "api":
        from dashboards import app as dashboards  # Panel takes two seconds; `--only api` needs none

        dashboards.mount(app, settings, database, storage)
    return app


def run(settings: Settings, listener: socket.socket, only: Doors | None = None) -> None:
    """Serve on the listener until a signal ends it."""
    prepare(settings)
    database = connect.database(settings)
    app = build(settings, database, only)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=STOP_SECONDS
    )
    uvicorn.Server(config).run(sockets=[listener])
