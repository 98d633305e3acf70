"""Loading an import as the user who ordered it, with the rights held now."""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.models import Import
from workbench.errors import NotFound, WorkbenchError
from workbench.worker import admission
from workbench.worker.parts import Parts

LIMIT = timedelta(hours=1)
log = structlog.get_logger(__name__)


async def load(parts: Parts, tenant_id: UUID, import_id: UUID, *, is_last_try: bool) -> None:
    """Load an import, or note why it failed; PostgreSQL's absence is raised before the last try."""
    keeper = Actor.of_system("imports", *commands.LOADER, tenant_id=tenant_id)
    try:
        await _load(parts, keeper, import_id)
    except WorkbenchError as error:
        await _fail(parts, keeper, import_id, str(error))
    except DBAPIError as error:
        if error.connection_invalidated and not is_last_try:
            raise
        log.exception("import_broke", import_id=str(import_id))
        await _fail(parts, keeper, import_id, "PostgreSQL refused the import.")
    except Exception:
        log.exception("import_broke", import_id=str(import_id))
        await _fail(parts, keeper, import_id, "Workbench could not load this file.")


async def _load(parts: Parts, keeper: Actor, import_id: UUID) -> None:
    database = parts.database
    async with database.session(keeper) as session:
        order = await session.scalar(
            select(Import).where(Import.tenant_id == keeper.tenant_id, Import.id == import_id)
        )
        if order is None:
            raise NotFound
        await commands.begin_import(session, keeper, import_id)
        requested_by = order.requested_by
    async with (
        admission.admitted(database, keeper, import_id, requested_by, LIMIT) as user,
        database.session(user) as session,
    ):
        await commands.load(session, user, parts.storage, import_id)


async def _fail(parts: Parts, keeper: Actor, import_id: UUID, reason: str) -> None:
    try:
        async with parts.database.session(keeper) as session:
            await commands.fail_import(session, keeper, import_id, reason)
    except NotFound:
        log.warning("import_gone", import_id=str(import_id))
