"""Who may run a statement now: one at a time each, and a few for a tenant.

A statement that runs is a row without an end, and unique indexes let no more of them be than there
are slots, whichever process serves it. A row whose server has gone is found by what PostgreSQL
runs: no backend bears its label.
"""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets.sql import Asked
from workbench.datasets.sql_errors import IdTaken
from workbench.datasets.sql_models import Statement
from workbench.db import backends
from workbench.db.session import Database, label
from workbench.errors import Forbidden, TooMany
from workbench.permissions import Permission

SHARE = 4  # statements that a tenant may run at once
PATIENCE = timedelta(seconds=5)
PAUSE = 0.1
KEPT = 1000  # statements of each member
MAX_TEXT = 20_000
BUSY = "Your other statement, or those of your tenant, still run; try again later."
CLAIM = text(
    "insert into statements "
    "(tenant_id, id, user_id, saved_query_id, sql, parameters, slot, label) "
    "select :tenant, :id, :user, :saved, :sql, cast(:parameters as jsonb), slot, :label "
    "from generate_series(1, :share) slot on conflict do nothing returning slot"
)
END_LOST = text("select workbench.end_lost_statements(:alive)")
OLD = text("select tenant_id from workbench.statements_old(:before, :most)")


async def claim(
    database: Database, actor: Actor, asked: Asked, patience: timedelta = PATIENCE
) -> None:
    """Note that a statement begins, as soon as there is a slot; raise TooMany when none gets free.

    Slots of servers that are gone get free on the way.
    """
    actor.require(Permission.SQL_RUN)
    if actor.user_id is None:
        raise Forbidden("Statements are run by people, runs and API tokens.")
    clock = asyncio.get_running_loop().time
    until = clock() + patience.total_seconds()
    is_first = True
    while not await _claimed(database, actor, asked, is_first=is_first):
        if clock() > until:
            raise TooMany(BUSY)
        is_first = False
        await asyncio.sleep(PAUSE)


async def _claimed(database: Database, actor: Actor, asked: Asked, *, is_first: bool) -> bool:
    values = {
        "tenant": actor.require_tenant(),
        "id": asked.id,
        "user": actor.user_id,
        "saved": asked.saved_query,
        "sql": audit.kept(asked.sql, MAX_TEXT),
        "parameters": json.dumps(dict(asked.parameters), default=str),
        "label": label(actor, asked.id),
        "share": SHARE,
    }
    async with database.session(actor) as session:
        if (await session.execute(CLAIM, values)).first() is not None:
            return True
        if is_first:
            if await session.scalar(_one(actor, asked.id)) is not None:
                raise IdTaken
            await session.execute(END_LOST, {"alive": await backends.names(database)})
    return False


async def finish(
    session: AsyncSession,
    actor: Actor,
    asked: Asked,
    outcome: str,
    *,
    rows: int | None = None,
    elapsed_ms: float | None = None,
) -> None:
    """Note how a statement ended, which frees its slot; of many, the oldest are forgotten."""
    actor.require(Permission.SQL_RUN)
    figures = {"outcome": outcome, "rows": rows, "elapsed_ms": elapsed_ms}
    ends = update(Statement).where(*_key(actor, asked.id)).values(ended_at=_now(), **figures)
    await session.execute(ends)
    mine = (Statement.tenant_id == actor.require_tenant(), Statement.user_id == actor.user_id)
    last = select(Statement.started_at).where(*mine).order_by(Statement.started_at.desc())
    oldest = last.offset(KEPT).limit(1).scalar_subquery()
    await session.execute(
        delete(Statement)
        .where(*mine, Statement.started_at <= oldest, Statement.ended_at.is_not(None))
        .execution_options(synchronize_session=False)
    )


async def tenants_with_old(session: AsyncSession, before: datetime, most: int) -> list[UUID]:
    """The tenants with statements that began before a time; ids only."""
    return list(await session.scalars(OLD, {"before": before, "most": most}))


async def forget(session: AsyncSession, actor: Actor, before: datetime) -> None:
    """Forget the tenant's statements that began before a time."""
    actor.require(Permission.SQL_RUN)
    await session.execute(
        delete(Statement)
        .where(Statement.tenant_id == actor.require_tenant(), Statement.started_at < before)
        .where(Statement.ended_at.is_not(None))
        .execution_options(synchronize_session=False)
    )


def _one(actor: Actor, statement: UUID) -> Any:
    return select(Statement.id).where(*_key(actor, statement))


def _key(actor: Actor, statement: UUID) -> tuple[Any, Any]:
    return Statement.tenant_id == actor.require_tenant(), Statement.id == statement


def _now() -> Any:
    return text("clock_timestamp()")
