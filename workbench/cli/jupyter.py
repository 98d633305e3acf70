"""JupyterLab for one engineer, signed in to one tenant."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import OperationalError

from workbench.actor import Actor
from workbench.cli.acting import acting
from workbench.jupyter import engineers, starting
from workbench.jupyter.engineers import Engineer
from workbench.settings import ROOT, Settings
from workbench.worker import kernel, parts, ticketing

TICKET_LIFETIME = timedelta(minutes=15)
RENEWAL = timedelta(minutes=5)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
STOP_SECONDS = 15.0
TOKEN = "JUPYTER_TOKEN"  # noqa: S105 (the variable's name, as JupyterLab reads it)
HUB = ("JUPYTERHUB_", "JPY_")  # what JupyterHub tells its servers


@dataclass(frozen=True, slots=True)
class Wanted:
    """The JupyterLab of one member of a tenant: how it is started, as which system user, and where.

    One that `ends` does so when its member may act no more; another is left without data.
    """

    tenant: str
    member: str | None
    command: tuple[str, ...]
    environment: dict[str, str]
    user: str | None = None
    folder: Path | None = None
    lifetime: timedelta = DAY
    renewal: timedelta = RENEWAL
    ends: bool = False


def alone(settings: Settings, tenant: str, member: str | None, port: int, token: str) -> Wanted:
    """A JupyterLab on a port of its own, which lets in who has the token."""
    command = (
        *("-m", "jupyterlab", "--no-browser", f"--ip={settings.host}", f"--port={port}"),
        *("--ServerApp.port_retries=0", "--ServerApp.allow_root=True", "--log-level=ERROR"),
        f"--ServerApp.root_dir={ROOT / 'notebooks'}",
        *starting.OPTIONS,
    )
    return Wanted(tenant, member, command, {TOKEN: token}, settings.kernel_user)


def of_the_hub(engineer: Engineer, own: Path) -> Wanted:
    """A JupyterLab behind JupyterHub, which tells it by variables where it is and who may enter."""
    told = {name: value for name, value in os.environ.items() if name.startswith(HUB)}
    command = (
        *("-m", "jupyterhub.singleuser", "--ServerApp.allow_root=True", "--log-level=ERROR"),
        f"--ServerApp.root_dir={own}",
        *starting.OPTIONS,
    )
    environment = told | {"HOME": str(own), "USER": engineer.name}
    user = engineers.user(own)
    who = (str(engineer.tenant), engineer.email)
    return Wanted(*who, command, environment, user, own, WEEK, ends=True)


def serve(settings: Settings, wanted: Wanted) -> None:
    """Serve a JupyterLab until it is stopped."""
    with suppress(asyncio.CancelledError):
        asyncio.run(_serve(settings, wanted))


async def _serve(settings: Settings, wanted: Wanted) -> None:
    _stop_when_told()
    made = parts.make(settings)
    who = (wanted.tenant, wanted.member)
    try:
        async with acting(made.database, *who, lifetime=wanted.lifetime) as actor:
            with kernel.scratch(wanted.user) as place:
                await _renew(made, actor, place)
                await run(made, actor, place, wanted)
    finally:
        await made.database.close()


def _stop_when_told() -> None:
    """Let a signal cancel the current task, so that JupyterLab and its kernels end as well."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is not None:
        for wish in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(wish, task.cancel)


async def run(made: parts.Parts, actor: Actor, place: kernel.Place, wanted: Wanted) -> None:
    """Run a JupyterLab in a place, with a ticket that is renewed, until it or its right ends."""
    ahead = {"WORKBENCH_WARM_KERNELS": str(made.settings.warm_kernels)}
    environment = place.environment() | ahead | wanted.environment
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *wanted.command),
        start_new_session=True,  # Ctrl-C would make it ask a question that nobody sees
        **(place.options() | {"env": environment, "cwd": str(wanted.folder or place.folder)}),
    )
    ended = asyncio.create_task(process.wait())
    renewal = asyncio.create_task(_renew_for_ever(made, actor, place, wanted.renewal))
    try:
        await asyncio.wait(
            {ended, renewal} if wanted.ends else {ended}, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        renewal.cancel()
        with suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait({ended}, timeout=STOP_SECONDS)
        if not ended.done():  # it waits for a kernel that does not end
            os.killpg(process.pid, signal.SIGKILL)
        await ended


async def _renew_for_ever(
    made: parts.Parts, actor: Actor, place: kernel.Place, pause: timedelta
) -> None:
    """Renew the ticket until the member may act no more; PostgreSQL may be away for a while."""
    while True:
        await asyncio.sleep(pause.total_seconds())
        with suppress(OperationalError):
            await _renew(made, actor, place)


async def _renew(made: parts.Parts, actor: Actor, place: kernel.Place) -> None:
    """Write a fresh ticket; the notebook reads it anew at each use."""
    async with made.database.session(actor) as session:
        ticket = await ticketing.issue(made, session, actor, TICKET_LIFETIME)
    place.hand(ticket)
