"""What attempts leave in the room of files: what their kernels publish, and their reports."""

from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.files import arrivals
from workbench.files import commands as files
from workbench.files.arrivals import Arrival
from workbench.files.attached import Made
from workbench.files.schemas import Bounds, Kind
from workbench.permissions import Permission
from workbench.runs import attempts, queries
from workbench.runs.attempts import Attempt
from workbench.runs.models import Artifact
from workbench.storage import Storage

MAX_ARTIFACTS = 50


def arriving(
    database: Database, storage: Storage, actor: Actor, bounds: Bounds
) -> AbstractAsyncContextManager[Arrival]:
    """A file that a kernel publishes may arrive while the block runs; what is not kept is undone.

    A run leaves files without that its person holds `file:write`.
    """
    actor.require(Permission.RUN_START)
    system = arrivals.keeper(actor.require_tenant())
    return arrivals.arriving(database, storage, system, bounds)


async def publish(
    session: AsyncSession,
    actor: Actor,
    attempt: Attempt,
    arrival: Arrival,
    *,
    name: str,
    media_type: str,
) -> list[str]:
    """Keep what has arrived as a file of the attempt, in the place of one so named: do last.

    Answers where replaced bytes lie, for the door to remove after the commit. Raise StaleAttempt
    when the attempt is over, and TooMany when it has left enough.
    """
    actor.require(Permission.RUN_START)
    former = await _former(session, actor, attempt, name)
    file_id = await files.attach(
        session, actor, arrival, name=name, kind=Kind.ARTIFACT, owner_id=attempt.run_id
    )
    values = _values(media_type, arrival, file_id)
    replaced = await _replace(session, actor, attempt, name, values, former)
    await files.settle(session, actor, arrival, Kind.ARTIFACT)
    return replaced


async def keep_made(
    session: AsyncSession,
    actor: Actor,
    attempt: Attempt,
    made: Made,
    *,
    name: str,
    media_type: str,
) -> list[str]:
    """Keep what Workbench wrote of an attempt, where the tenant has no room too."""
    actor.require(Permission.RUN_START)
    former = await _former(session, actor, attempt, name)
    file_id = await files.keep_made(
        session, actor, made, name=name, kind=Kind.ARTIFACT, owner_id=attempt.run_id
    )
    values = _values(media_type, made, file_id)
    return await _replace(session, actor, attempt, name, values, former)


async def place(session: AsyncSession, actor: Actor, artifact: Artifact) -> str:
    """Where the bytes of an artifact lie that the actor has found."""
    actor.require_somewhere(Permission.RUN_READ)
    if artifact.file_id is None:
        raise NotFound
    return await files.place(session, actor, artifact.file_id, Kind.ARTIFACT)


async def _former(session: AsyncSession, actor: Actor, attempt: Attempt, name: str) -> UUID | None:
    """Hold the run, and answer which file has the name now."""
    await attempts.hold(session, actor, attempt, Artifact, name, MAX_ARTIFACTS)
    found = queries.artifact(actor, attempt.run_id, name).with_only_columns(Artifact.file_id)
    return await session.scalar(found)


async def _replace(
    session: AsyncSession,
    actor: Actor,
    attempt: Attempt,
    name: str,
    values: dict[str, Any],
    former: UUID | None,
) -> list[str]:
    await attempts.keep(session, actor, attempt, Artifact, name, values)
    if former is None:
        return []
    return [await files.discard(session, actor, former, Kind.ARTIFACT)]


def _values(media_type: str, bytes_: Arrival | Made, file_id: UUID) -> dict[str, Any]:
    return {"media_type": media_type, "size": bytes_.written.size, "file_id": file_id}
