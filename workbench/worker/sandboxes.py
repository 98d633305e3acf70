"""Disposable databases for runs: made before the kernel starts, gone after it has ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from sqlalchemy import URL

from workbench.actor import Actor
from workbench.db import sandbox
from workbench.db.sandbox import Sandbox, SandboxBusy
from workbench.notebooks import Notebook
from workbench.permissions import Permission
from workbench.settings import Settings, driver_url
from workbench.worker.live import Live
from workbench.worker.parts import Parts

MOST = 2  # at once in one worker
PAUSE_SECONDS = 2.0


def address(settings: Settings) -> URL | None:
    """The server that is given for sandboxes, if any."""
    return driver_url(settings.sandbox_url) if settings.sandbox_url else None


async def sweep(settings: Settings) -> None:
    """Remove the sandboxes of workers that were killed."""
    await asyncio.to_thread(sandbox.sweep, address(settings))


@asynccontextmanager
async def opened(
    parts: Parts, slots: asyncio.Semaphore, notebook: Notebook, user: Actor, live: Live
) -> AsyncIterator[Sandbox | None]:
    """The sandbox of a notebook that declares one, None for any other.

    Raise Forbidden when the user may not have one, and StaleAttempt when the run is cancelled
    while it waits.
    """
    if not notebook.sandbox:
        yield None
        return
    user.require(Permission.SANDBOX_RUN)
    await _acquire(slots, live)
    try:
        with ExitStack() as stack:
            try:
                yield await _made(parts, stack, live)
            finally:
                await asyncio.to_thread(stack.close)
    finally:
        slots.release()


async def _acquire(slots: asyncio.Semaphore, live: Live) -> None:
    while True:
        try:
            async with asyncio.timeout(PAUSE_SECONDS):
                await slots.acquire()
        except TimeoutError:
            await live.beat()
        else:
            return


async def _made(parts: Parts, stack: ExitStack, live: Live) -> Sandbox:
    given, tenants = address(parts.settings), parts.database.logins.app
    while True:
        wanted = sandbox.disposable(given, tenants)
        making = asyncio.ensure_future(asyncio.to_thread(stack.enter_context, wanted))
        try:
            return await asyncio.shield(making)
        except SandboxBusy:
            await live.beat()
            await asyncio.sleep(PAUSE_SECONDS)
        finally:
            await asyncio.wait([making])  # a worker that stops leaves no half-made one behind
