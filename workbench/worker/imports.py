"""Loading an import as the user who ordered it, with the rights held now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.commands import loads
from workbench.datasets.errors import StaleImport
from workbench.datasets.models import Import
from workbench.datasets.progress import Progress
from workbench.errors import NotFound, WorkbenchError
from workbench.identity.tokens import Claims
from workbench.worker.admission import NoLongerMember
from workbench.worker.parts import Parts, now

LIMIT = timedelta(hours=6)
BEAT_SECONDS = 0.5
AWAY = (None, "57P01", "57P02", "57P03")  # no answer at all, or: it shuts down, crashed, starts
log = structlog.get_logger(__name__)


async def load(parts: Parts, tenant_id: UUID, import_id: UUID, *, is_last_try: bool) -> None:
    """Load an import, or note why it failed; PostgreSQL's absence is raised before the last try.

    When the worker stops, the import goes back into the queue.
    """
    keeper = Actor.of_system("imports", *commands.LOADER, tenant_id=tenant_id)
    try:
        order = await _begun(parts, keeper, import_id)
    except NotFound:
        log.warning("import_gone", import_id=str(import_id))
        return
    if order.status != "running":
        return
    try:
        await _load(parts, keeper, order)
    except asyncio.CancelledError:
        await asyncio.shield(_release(parts, keeper, order))
        raise
    except StaleImport:
        log.info("import_taken", import_id=str(import_id), attempt=order.attempt)
    except WorkbenchError as error:
        await _fail(parts, keeper, order, str(error))
    except (DBAPIError, psycopg.Error) as error:
        if _is_lost(error) and not is_last_try:
            raise
        log.exception("import_broke", import_id=str(import_id))
        await _fail(parts, keeper, order, "PostgreSQL refused the import.")
    except Exception:
        log.exception("import_broke", import_id=str(import_id))
        await _fail(parts, keeper, order, "Workbench could not load this file.")


async def _begun(parts: Parts, keeper: Actor, import_id: UUID) -> Import:
    async with parts.database.session(keeper) as session:
        order = await commands.begin_import(session, keeper, import_id)
    if order.status == "running" and order.attempt > 1:
        # What a lost worker still has PostgreSQL do would keep locks that this attempt waits for.
        await parts.database.cancel_statements(import_id)
    return order


async def _load(parts: Parts, keeper: Actor, order: Import) -> None:
    """Load the import beside a beat that tells how far it is; raise StaleImport when it is over."""
    progress = Progress()
    loading = asyncio.ensure_future(_loaded(parts, keeper, order, progress))
    try:
        while not (await asyncio.wait([loading], timeout=BEAT_SECONDS))[0]:
            await _beat(parts, keeper, order, progress)
        await loading
    except BaseException as error:
        loading.cancel()
        await asyncio.wait([loading])
        if not loading.cancelled() and loading.exception() is None:
            return  # it had committed already
        if isinstance(error, DBAPIError | psycopg.Error):
            # Perhaps PostgreSQL refused to go on because the attempt is over.
            await _beat(parts, keeper, order, progress)
        raise


async def _loaded(parts: Parts, keeper: Actor, order: Import, progress: Progress) -> None:
    database = parts.database
    async with _admitted(parts, keeper, order) as user, database.session(user) as session:
        await commands.load(
            session, user, parts.storage, order.id, attempt=order.attempt, progress=progress
        )


@asynccontextmanager
async def _admitted(parts: Parts, keeper: Actor, order: Import) -> AsyncIterator[Actor]:
    """The user as an actor who acts through the import; raise NoLongerMember.

    An attempt that is over ends nobody's access: the next one may act by now.
    """
    claims = Claims(order.id, order.requested_by, keeper.require_tenant())
    async with parts.database.session(keeper) as session:
        user = await access.admit(session, claims, now() + LIMIT)
    if user is None:
        raise NoLongerMember
    try:
        yield user
    finally:
        async with parts.database.session(keeper) as session:
            found = await loads.locked(session, keeper, order.id)
            if found.attempt == order.attempt:
                await access.revoke(session, order.id)


async def _beat(parts: Parts, keeper: Actor, order: Import, progress: Progress) -> None:
    """Tell how far the attempt is; raise StaleImport when it is over."""
    async with parts.database.session(keeper) as session:
        if not await commands.note_progress(session, keeper, order.id, order.attempt, progress):
            raise StaleImport


def _is_lost(error: DBAPIError | psycopg.Error) -> bool:
    """Whether PostgreSQL is away, rather than that it refused something."""
    found = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(found, psycopg.OperationalError) and found.sqlstate in AWAY


async def _release(parts: Parts, keeper: Actor, order: Import) -> None:
    try:
        async with parts.database.session(keeper) as session:
            await commands.release_import(session, keeper, order.id, order.attempt)
    except (StaleImport, NotFound, DBAPIError):
        log.info("import_not_released", import_id=str(order.id))


async def _fail(parts: Parts, keeper: Actor, order: Import, reason: str) -> None:
    try:
        async with parts.database.session(keeper) as session:
            await commands.fail_import(session, keeper, order.id, reason, attempt=order.attempt)
    except (StaleImport, NotFound):
        log.warning("import_gone", import_id=str(order.id))
