"""`workbench serve` and `workbench work`: the two kinds of process that Workbench consists of."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from typing import Annotated, Any, Literal

import typer
import uvicorn

from workbench import __version__, logs, observability
from workbench.cli.options import Port
from workbench.db import connect
from workbench.db.session import Database
from workbench.errors import Unavailable
from workbench.settings import Settings
from workbench.storage import Storage

STOP_SECONDS = 5
READ_SECONDS = 60  # after which a client that takes nothing more of an answer is let go
BACKLOG = 2048
Doors = Literal["api", "dashboards"]


class Queue(StrEnum):
    """What a worker takes from."""

    INTERACTIVE = "interactive"
    BATCH = "batch"
    IMPORTS = "imports"
    TENANTS = "tenants"


def serve(
    port: Port = None,
    only: Annotated[Doors | None, typer.Option(help="Serve one of the two doors.")] = None,
) -> None:
    """Serve the API and the dashboards on one port."""
    settings = with_port(port)
    with closing(listen(settings)) as listener, connect.server(settings):
        run(settings, listener, only)


def work(
    queue: Annotated[
        list[Queue] | None,
        typer.Option(help="Take from this queue, any number of times; from every one unless set."),
    ] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, max=256, help="Runs at once, of which one is an interactive one.")
    ] = 4,
) -> None:
    """Take runs and imports from the queue until stopped."""
    from workbench.worker import loop, tasks  # noqa: PLC0415 (papermill takes a second to import)

    share = tasks.Share(tuple(each.value for each in queue or Queue), concurrency)
    settings = Settings()
    prepare(settings)
    with connect.server(settings):
        connect.check(settings)
        asyncio.run(loop.serve(settings, share=share))


def with_port(port: int | None) -> Settings:
    """The settings, with the port that the command line names."""
    return Settings() if port is None else Settings(port=port)


def prepare(settings: Settings, *, quiet: bool = False) -> None:
    """Begin to log and, where a DSN is set, to report errors.

    `quiet` leaves the output to the command itself, and standard error to what goes wrong.
    """
    if quiet:
        logs.configure("console", stream=sys.stderr, level=logging.WARNING)
    else:
        logs.configure(settings.log)
    dsn = settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else None
    environment = "embedded" if settings.is_embedded else "production"
    observability.configure(dsn, release=__version__, environment=environment)


def listen(settings: Settings) -> socket.socket:
    """Take the port; raise Unavailable when somebody else has it."""
    # Named as TCP, so that the loop switches Nagle's delay off for what it accepts: with it an
    # answer in two pieces would wait 40 ms for the client's acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # what it accepts inherits it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, READ_SECONDS * 1000)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}); "
            "choose another with --port."
        ) from error
    return listener


def build(settings: Settings, database: Database, only: Doors | None = None) -> Any:
    """Compose the doors that one process serves into one ASGI application."""
    from workbench.api import app as api  # noqa: PLC0415 (what `tenant list` need not wait for)

    storage = Storage(settings.storage)
    app = api.create(settings, database, storage, with_rooms=only != "dashboards")
    if only != "api":
        from dashboards import app as dashboards  # noqa: PLC0415 (Panel takes two seconds)

        dashboards.mount(app, settings, database, storage)
    return app


def run(
    settings: Settings,
    listener: socket.socket,
    only: Doors | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve on the listener until a signal ends it; call `ready` once requests can come."""
    prepare(settings)
    connect.check(settings)
    database = connect.database(settings)
    app = build(settings, database, only)
    listener.listen(BACKLOG)
    ready()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        # Otherwise who sends X-Forwarded-For from this machine chooses the address that is counted.
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(_Server(config), listener, database))


async def _serve(server: uvicorn.Server, listener: socket.socket, database: Database) -> None:
    try:
        await server.serve([listener])
    finally:
        await database.close()


class _Server(uvicorn.Server):
    """A server for which a signal is a wish, and no exception in the middle of its shutdown."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gracefully at the first signal, at once at the second."""
        loop = asyncio.get_running_loop()
        for wish in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(wish, self.handle_exit, wish, None)
        yield
