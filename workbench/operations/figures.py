"""Figures of the platform, put together for its operator."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Row, TextClause
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.db import schema
from workbench.operations import queries
from workbench.operations.schemas import (
    Backends,
    DatabaseView,
    DayUse,
    FailedJob,
    FailedRuns,
    Line,
    LongTransaction,
    Post,
    RowsHeld,
    Size,
    TenantUse,
    Work,
    Worker,
)
from workbench.permissions import Permission
from workbench.tenants import queries as tenants_
from workbench.tenants import usage

V = TypeVar("V", bound=BaseModel)
SILENT = timedelta(minutes=1)  # after which a worker counts as gone; it beats every ten seconds
LONG = timedelta(minutes=1)
DAY = timedelta(days=1)
MOST_SIZES = 8
MOST_FAILED = 50


async def tenants(
    session: AsyncSession, actor: Actor, now: datetime, *, file_quota: int
) -> list[TenantUse]:
    """Every tenant that is not deleted with what it uses, by slug."""
    actor.require(Permission.PLATFORM_READ)
    since = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    used = {row.tenant_id: row for row in await session.execute(queries.tenants(actor, since))}
    found = await session.scalars(tenants_.tenants(actor))
    return [
        TenantUse(
            id=tenant.id,
            slug=tenant.slug,
            name=tenant.name,
            created_at=tenant.created_at,
            suspended_at=tenant.suspended_at,
            suspended_reason=tenant.suspended_reason,
            **_used(used[tenant.id], file_quota),
        )
        for tenant in found
        if tenant.id in used
    ]


async def rows_held(session: AsyncSession, actor: Actor) -> list[RowsHeld]:
    """How many rows each tenant has that has any."""
    actor.require(Permission.PLATFORM_READ)
    await session.execute(usage.OPEN)
    return await _all(session, RowsHeld, queries.rows_held(actor))


async def days(session: AsyncSession, actor: Actor, now: datetime, count: int) -> list[DayUse]:
    """What was ordered on each of the last days, today among them, tenant by tenant."""
    actor.require(Permission.PLATFORM_READ)
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return await _all(session, DayUse, queries.days(actor, today - DAY * (count - 1)))


async def work(session: AsyncSession, actor: Actor, now: datetime) -> Work:
    """What waits and works, who works, and what waits to leave."""
    actor.require(Permission.PLATFORM_READ)
    said = (await session.execute(queries.workers(actor))).all()
    post = (await session.execute(queries.post(actor, now - DAY))).one()
    return Work(
        lines=await _all(session, Line, queries.lines(actor)),
        failed_jobs=len(await failed_jobs(session, actor)),
        workers=[Worker(**row._asdict(), is_alive=row.seen_at > now - SILENT) for row in said],
        post=Post(**post._asdict()),
    )


async def failed_jobs(session: AsyncSession, actor: Actor) -> list[FailedJob]:
    """The last jobs that were given up."""
    actor.require(Permission.PLATFORM_READ)
    return await _all(session, FailedJob, queries.failed_jobs(actor, MOST_FAILED))


async def failed_runs(session: AsyncSession, actor: Actor, now: datetime) -> list[FailedRuns]:
    """How the runs that were ordered within a day failed."""
    actor.require(Permission.PLATFORM_READ)
    return await _all(session, FailedRuns, queries.failed_runs(actor, now - DAY))


async def database(session: AsyncSession, actor: Actor, now: datetime) -> DatabaseView:
    """How large the database is, and who is connected to it."""
    actor.require(Permission.PLATFORM_READ)
    server = (await session.execute(queries.server(actor))).one()
    backends = (await session.execute(queries.connections(actor))).all()
    return DatabaseView(
        **server._asdict(),
        sizes=await _all(session, Size, queries.sizes(actor, MOST_SIZES)),
        backends=_by_login(backends),
        long_transactions=_long(backends, now),
        head=schema.head(),
    )


async def _all(session: AsyncSession, shape: type[V], statement: TextClause) -> list[V]:
    return [shape(**row._asdict()) for row in await session.execute(statement)]


def _used(row: Row[Any], file_quota: int) -> dict[str, Any]:
    found = {name: value for name, value in row._asdict().items() if name != "tenant_id"}
    return found | {"file_quota": file_quota if row.file_quota is None else row.file_quota}


def _by_login(found: Sequence[Row[Any]]) -> list[Backends]:
    """Each login's connections, the most first; tenants' own logins are counted as one."""
    logins: dict[str, dict[int, str | None]] = {}
    for row in found:
        is_tenants = (row.login or "").startswith("workbench_tenant_")
        states = logins.setdefault("notebooks" if is_tenants else row.login or "?", {})
        states[row.pid] = row.state or states.get(row.pid)
    made = [_backends(login, states.values()) for login, states in logins.items()]
    return sorted(made, key=lambda each: (-each.total, each.login))


def _backends(login: str, states: Iterable[str | None]) -> Backends:
    known = list(states)
    waiting = [state for state in known if state and state.startswith("idle in transaction")]
    return Backends(
        login=login,
        total=len(known),
        active=known.count("active"),
        idle_in_transaction=len(waiting),
    )


def _long(found: Sequence[Row[Any]], now: datetime) -> list[LongTransaction]:
    long = {row.pid: row for row in found if row.since is not None and row.since < now - LONG}
    made = [LongTransaction(**row._asdict()) for row in long.values()]
    return sorted(made, key=lambda each: each.since)
