"""Changes to runs that people order."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.ids import new_id
from workbench.errors import Conflict, Forbidden
from workbench.notebooks import Notebook
from workbench.outbox import commands as outbox
from workbench.permissions import Permission
from workbench.runs import choices, states
from workbench.runs.models import Run
from workbench.runs.schemas import Status


class RunEnded(Conflict):
    """The run has ended already."""

    code = "run_ended"


class RunLive(Conflict):
    """The run has not ended yet."""

    code = "run_live"


async def start(
    session: AsyncSession, actor: Actor, notebook: Notebook, parameters: dict[str, Any]
) -> Run:
    """Order a run of a notebook; a worker takes it once this transaction commits."""
    actor.require(Permission.RUN_START, notebook.name)
    for permission in notebook.permissions:
        actor.require_somewhere(permission)
    if notebook.sandbox:
        actor.require(Permission.SANDBOX_RUN)
    checked = notebook.checked(parameters)
    await choices.check(session, actor, notebook, checked)
    run = Run(
        id=new_id(),
        tenant_id=actor.require_tenant(),
        notebook=notebook.name,
        parameters=checked,
        status=Status.QUEUED,
        requested_by=_person(actor),
    )
    session.add(run)
    await session.flush()
    await session.refresh(run)
    audit.record(session, actor, "run.start", str(run.id), run_id=run.id, notebook=run.notebook)
    await states.enqueue(session, run.tenant_id, run.id)
    return run


async def cancel(session: AsyncSession, actor: Actor, run_id: UUID, now: datetime) -> Run:
    """End a run that waits or works; its kernel reads nothing more from this moment on."""
    values = {"status": Status.CANCELLED, "finished_at": now}
    run = await states.move(session, actor, run_id, states.LIVE, values)
    if run is None:
        raise RunEnded
    await access.revoke(session, run_id)
    audit.record(session, actor, "run.cancel", str(run_id), run_id=run_id)
    outbox.put(session, actor, "run.finished", run_id=run_id)
    await outbox.call(session, run_id)
    return run


async def retry(
    session: AsyncSession, actor: Actor, run_id: UUID, *, needed: Collection[Permission] = ()
) -> Run:
    """Order an ended run again with the same parameters and the rights of who orders it now.

    `needed` is what its notebook declares: an actor who is narrower than his user, such as an API
    token, starts nothing by it that he could not do himself.
    """
    for permission in needed:
        actor.require(permission)
    values = {"status": Status.QUEUED, "requested_by": _person(actor)} | states.BLANK
    run = await states.move(session, actor, run_id, states.ENDED, values)
    if run is None:
        raise RunLive
    audit.record(session, actor, "run.retry", str(run_id), run_id=run_id)
    await states.enqueue(session, run.tenant_id, run.id)
    return run


def _person(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise Forbidden("A run needs a person who asks for it.")
    return actor.user_id
