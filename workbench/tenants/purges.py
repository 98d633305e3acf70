"""Purging a deleted tenant: by the catalogue, in batches, and with a proof that outlives it.

Each step may be repeated, so a purge that broke off anywhere goes on when it is ordered again.
PostgreSQL removes nothing of a tenant that is not deleted, whoever asks.
"""

from datetime import datetime
from graphlib import TopologicalSorter
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.db import roles
from workbench.db.ids import new_id
from workbench.errors import Conflict, NotFound
from workbench.permissions import Permission
from workbench.tenants.models import Purge, Tenant

OPEN = text("select workbench.open_to_steward()")
TABLES = text("select name, parents from workbench.tenant_tables()")
ROWS = text("select workbench.purge_rows(:tenant, :table, :most)")
USER = text("select workbench.purge_user(:purge, :user)")
ANSWERS = text("select workbench.purge_answers(:tenant)")
JOBS = text("select removed, working from workbench.purge_jobs(:tenant)")
PRIVATE = text("select workbench.purge_private(:tenant)")
LENSES = text("select workbench.sweep_lenses()")
STAGING = text("select workbench.purge_staging()")
LOGIN = text("select workbench.drop_tenant_login(:tenant)")
REMAINS = text("select place, left_over from workbench.remains(:tenant)")
# A kernel that is still connected ends with its login.
DISCONNECT = text(
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where usename = :login and pg_has_role(usesysid, 'usage')"
)


class NotDeleted(Conflict):
    """Only a deleted tenant can be purged; delete it first."""

    code = "not_deleted"


class StillAtWork(Conflict):
    """Work of this tenant has not ended yet; order the purge again in a minute."""

    code = "still_at_work"


class LeftOver(Conflict):
    """Something of the tenant is left; order the purge again."""

    code = "left_over"


def purges(actor: Actor) -> Select[Purge]:
    """Every purge, the newest first; for the platform's operator."""
    actor.require(Permission.TENANT_PURGE)
    return select(Purge).order_by(Purge.id.desc())


def purge(actor: Actor, purge_id: UUID) -> Select[Purge]:
    """One purge."""
    return purges(actor).where(Purge.id == purge_id)


def deleted(actor: Actor) -> Select[Tenant]:
    """The tenants that are deleted and not purged, the last deleted first."""
    actor.require(Permission.TENANT_PURGE)
    return (
        select(Tenant)
        .where(Tenant.deleted_at.is_not(None))
        .order_by(Tenant.deleted_at.desc())
        .execution_options(include_deleted=True)
    )


async def order(session: AsyncSession, actor: Actor, tenant_id: UUID) -> Purge:
    """Begin the purge of a deleted tenant, or take up the one that broke off."""
    begun = await session.scalar(
        purges(actor).where(Purge.purged_id == tenant_id, Purge.finished_at.is_(None))
    )
    if begun is not None:
        return begun
    if await session.scalar(deleted(actor).where(Tenant.id == tenant_id)) is None:
        living = await session.scalar(select(Tenant.id).where(Tenant.id == tenant_id))
        raise NotFound if living is None else NotDeleted
    purge = Purge(
        id=new_id(),
        purged_id=tenant_id,
        slug="",
        requested_by=actor.subject,
        removed={},
        user_ids=[],
    )
    session.add(purge)
    await session.flush()
    await session.refresh(purge)
    return purge


async def prepare(session: AsyncSession, actor: Actor) -> None:
    """Let the steward into the tables that came since it was last asked."""
    actor.require(Permission.TENANT_PURGE)
    await session.execute(OPEN)


async def remove_private(session: AsyncSession, actor: Actor, purge_id: UUID) -> int:
    """Drop the tables and views of the tenant's private datasets, and their schema."""
    purge = await _locked(session, actor, purge_id)
    dropped = await session.scalar(PRIVATE, {"tenant": purge.purged_id})
    return _note(purge, "private datasets", dropped)


async def tables(session: AsyncSession, actor: Actor) -> list[str]:
    """Every table that holds rows of tenants, children before their parents, tenants last."""
    actor.require(Permission.TENANT_PURGE)
    parents = {row.name: row.parents for row in await session.execute(TABLES)}
    return list(TopologicalSorter(parents).static_order())[::-1]


async def remove_rows(
    session: AsyncSession, actor: Actor, purge_id: UUID, table: str, most: int
) -> int:
    """Remove some of the tenant's rows from a table and note how many; 0 when it is empty."""
    purge = await _locked(session, actor, purge_id)
    values = {"tenant": purge.purged_id, "table": table, "most": most}
    return _note(purge, table, await session.scalar(ROWS, values))


async def remove_jobs(session: AsyncSession, actor: Actor, purge_id: UUID) -> int:
    """Remove the tenant's jobs from the queue; answer how many are still at work."""
    purge = await _locked(session, actor, purge_id)
    jobs = (await session.execute(JOBS, {"tenant": purge.purged_id})).one()
    _note(purge, "queue", jobs.removed)
    return int(jobs.working)


async def remove_people(session: AsyncSession, actor: Actor, purge_id: UUID) -> int:
    """Remove the members whom no other tenant knows, with log-ins and addresses."""
    purge = await _locked(session, actor, purge_id)
    values = [{"purge": purge.id, "user": user_id} for user_id in purge.user_ids]
    removed = [await session.scalar(USER, value) for value in values]
    return _note(purge, "users", sum(map(bool, removed)))


async def remove_traces(session: AsyncSession, actor: Actor, purge_id: UUID) -> None:
    """Remove kept answers, forgotten staging tables and the login of the tenant's notebooks."""
    purge = await _locked(session, actor, purge_id)
    await session.execute(DISCONNECT, {"login": roles.tenant_login(purge.purged_id)})
    tenant = {"tenant": purge.purged_id}
    _note(purge, "answers kept for operators", await session.scalar(ANSWERS, tenant))
    _note(purge, "staging tables", await session.scalar(STAGING))
    _note(purge, "lenses", await session.scalar(LENSES))
    _note(purge, "PostgreSQL login", await session.scalar(LOGIN, tenant))


async def note(
    session: AsyncSession, actor: Actor, purge_id: UUID, place: str, removed: int
) -> None:
    """Note how much another room removed from a place."""
    _note(await _locked(session, actor, purge_id), place, removed)


async def remains(session: AsyncSession, actor: Actor, tenant_id: UUID) -> dict[str, int]:
    """Count what is left of a tenant in PostgreSQL, place by place, by walking the catalogue."""
    actor.require(Permission.TENANT_PURGE)
    rows = await session.execute(REMAINS, {"tenant": tenant_id})
    return {row.place: row.left_over for row in sorted(rows, key=lambda row: str(row.place))}


async def finish(
    session: AsyncSession, actor: Actor, purge_id: UUID, files_left: int, now: datetime
) -> Purge:
    """Count again and keep the proof; raise LeftOver when anything remains."""
    purge = await _locked(session, actor, purge_id)
    proof = await remains(session, actor, purge.purged_id) | {"files": files_left}
    if left := {place: count for place, count in proof.items() if count}:
        places = ", ".join(f"{place} ({count})" for place, count in left.items())
        raise LeftOver(f"Something of the tenant is left in {places}; order the purge again.")
    purge.proof, purge.error, purge.finished_at = proof, None, now
    await session.flush()
    await session.refresh(purge)  # PostgreSQL wrote into it where the audit ended
    return purge


async def fail(session: AsyncSession, actor: Actor, purge_id: UUID, error: str) -> None:
    """Note why a purge broke off."""
    (await _locked(session, actor, purge_id)).error = error


async def _locked(session: AsyncSession, actor: Actor, purge_id: UUID) -> Purge:
    statement = purge(actor, purge_id).where(Purge.finished_at.is_(None))
    found = await session.scalar(statement.with_for_update())
    if found is None:
        raise NotFound("This purge has ended, or never began.")
    return found


def _note(purge: Purge, place: str, count: Any) -> int:
    removed = int(count or 0)
    purge.removed = purge.removed | {place: purge.removed.get(place, 0) + removed}
    return removed
