"""JupyterLab for one engineer, signed in to one tenant."""

import asyncio
import signal
import sys
from contextlib import suppress
from datetime import timedelta

from workbench.actor import Actor
from workbench.cli.acting import acting
from workbench.jupyter import starting
from workbench.settings import ROOT, Settings
from workbench.worker import kernel, parts, ticketing

TICKET_LIFETIME = timedelta(minutes=15)
RENEWAL = timedelta(minutes=5)
DAY = timedelta(days=1)


def serve_lab(
    settings: Settings, tenant: str, member: str | None, port: int, environment: dict[str, str]
) -> None:
    """Serve JupyterLab for a member of a tenant until it is stopped."""
    with suppress(asyncio.CancelledError):
        asyncio.run(_lab(settings, tenant, member, port, environment))


async def _lab(
    settings: Settings, tenant: str, member: str | None, port: int, environment: dict[str, str]
) -> None:
    _stop_when_told()
    made = parts.make(settings)
    try:
        async with acting(made.database, tenant, member, lifetime=DAY) as actor:
            with kernel.scratch(settings.kernel_user) as place:
                await _renew(made, actor, place)
                await _serve(made, actor, place, port, environment)
    finally:
        await made.database.close()


def _stop_when_told() -> None:
    """Let a signal cancel the current task, so that JupyterLab and its kernels end as well."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is not None:
        for wish in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(wish, task.cancel)


async def _serve(
    made: parts.Parts, actor: Actor, place: kernel.Place, port: int, environment: dict[str, str]
) -> None:
    ahead = {"WORKBENCH_WARM_KERNELS": str(made.settings.warm_kernels)}
    options = place.options() | {"env": place.environment() | ahead | environment}
    host = made.settings.host
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "jupyterlab", "--no-browser", f"--ip={host}", f"--port={port}"),
        *("--ServerApp.port_retries=0", "--ServerApp.allow_root=True", "--log-level=ERROR"),
        f"--ServerApp.root_dir={ROOT / 'notebooks'}",
        *starting.OPTIONS,
        start_new_session=True,  # Ctrl-C would make it ask a question that nobody sees
        **options,
    )
    renewal = asyncio.create_task(_renew_for_ever(made, actor, place))
    try:
        await process.wait()
    finally:
        renewal.cancel()
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _renew_for_ever(made: parts.Parts, actor: Actor, place: kernel.Place) -> None:
    while True:
        await asyncio.sleep(RENEWAL.total_seconds())
        await _renew(made, actor, place)


async def _renew(made: parts.Parts, actor: Actor, place: kernel.Place) -> None:
    """Write a fresh ticket; the notebook reads it anew at each use."""
    async with made.database.session(actor) as session:
        ticket = await ticketing.issue(made, session, actor, TICKET_LIFETIME)
    place.hand(ticket)
