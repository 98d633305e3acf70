"""The report of a run, for who prints it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.errors import NotFound
from workbench.permissions import Permission
from workbench.runs import artifacts, queries
from workbench.storage import Storage

REPORT = "report.html"


async def to_print(session: AsyncSession, actor: Actor, run_id: UUID) -> str:
    """Where the report lies that is to be printed; the audit notes that it was read."""
    actor.require_somewhere(Permission.RUN_READ)
    found = await session.scalar(queries.artifact(actor, run_id, REPORT))
    if found is None:
        raise NotFound
    audit.record(session, actor, "report.read", f"run {run_id}", run_id=run_id, form="pdf")
    return await artifacts.place(session, actor, found)


def read(storage: Storage, key: str) -> bytes:
    """The report's bytes."""
    with storage.read(key) as file:
        return file.read()
