"""Changes to runs that people order."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries as access
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.ids import new_id
from workbench.errors import Conflict, Forbidden
from workbench.notebooks import Notebook
from workbench.outbox import commands as outbox
from workbench.permissions import Permission
from workbench.runs import orders, quotas, states, tries, upstream
from workbench.runs.attempts import Attempt
from workbench.runs.models import Run
from workbench.runs.quotas import Quota
from workbench.runs.schemas import Status

DEFAULT = Quota()


class RunEnded(Conflict):
    """The run has ended already."""

    code = "run_ended"


class RunLive(Conflict):
    """The run has not ended yet."""

    code = "run_live"


class KeyUsed(Conflict):
    """This key stands for a run of another notebook or with other parameters; choose another."""

    code = "idempotency_key_reused"


async def start(
    session: AsyncSession,
    actor: Actor,
    notebook: Notebook,
    parameters: dict[str, Any],
    *,
    key: str | None = None,
    after: Collection[UUID] = (),
    quota: Quota = DEFAULT,
) -> Run:
    """Order a run of a notebook; a worker takes it once this transaction commits.

    It starts when all runs in `after` have succeeded, and is skipped when one has not. Of orders
    under the same `key` in a tenant only the first makes a run; the others answer it as it stands
    now, however late they come. Raise TooManyRuns when the quota is used up.
    """
    actor.require(Permission.RUN_START, notebook.name)
    checked = await orders.checked(session, actor, notebook, parameters)
    person, waits_for = _person(actor), sorted(set(after))
    if (first := await _under(session, actor, key, notebook, checked, waits_for)) is not None:
        return first
    await upstream.require_known(session, actor, waits_for)
    await quotas.check(session, actor, quota)
    values = {
        "id": new_id(),
        "tenant_id": actor.require_tenant(),
        "notebook": notebook.name,
        "parameters": checked,
        "status": Status.QUEUED,
        "queue": notebook.queue,
        "priority": notebook.priority,
        "retries": notebook.retries,
        "requested_by": person,
        "key": key,
        "after": waits_for,
    }
    made: Any = insert(Run).values(values).on_conflict_do_nothing().returning(Run)
    run: Run | None = await session.scalar(made)
    if run is None:  # somebody else ordered it under this key while we looked
        first = await _under(session, actor, key, notebook, checked, waits_for)
        if first is None:
            raise KeyUsed
        return first
    audit.record(session, actor, "run.start", str(run.id), run_id=run.id, notebook=run.notebook)
    await states.tell(session, actor, run.id)
    await states.enqueue(session, run)
    return run


async def cancel(session: AsyncSession, actor: Actor, run_id: UUID, now: datetime) -> Run:
    """End a run that waits or works; its kernel reads nothing more from this moment on."""
    values = {"status": Status.CANCELLED, "finished_at": now, "slot": None}
    run = await states.move(session, actor, run_id, states.LIVE, values)
    if run is None:
        raise RunEnded
    await access.revoke(session, Attempt(run_id, run.attempt).sid)
    await tries.closed(session, actor, run_id, run.attempt, Status.CANCELLED)
    audit.record(session, actor, "run.cancel", str(run_id), run_id=run_id)
    await states.tell(session, actor, run_id, "run.finished")
    await outbox.call(session, run_id)
    return run


async def retry(
    session: AsyncSession,
    actor: Actor,
    run_id: UUID,
    *,
    needed: Collection[Permission] = (),
    quota: Quota = DEFAULT,
) -> Run:
    """Order an ended run again with the same parameters and the rights of who orders it now.

    `needed` is what its notebook declares: an actor who is narrower than his user, such as an API
    token, starts nothing by it that he could not do himself.
    """
    for permission in needed:
        actor.require(permission)
    await quotas.check(session, actor, quota)
    values = {"status": Status.QUEUED, "requested_by": _person(actor), "retried": 0}
    values["orders"] = Run.orders + 1
    values |= states.BLANK
    run = await states.move(session, actor, run_id, states.ENDED, values)
    if run is None:
        raise RunLive
    audit.record(session, actor, "run.retry", str(run_id), run_id=run_id)
    await states.tell(session, actor, run_id)
    await states.enqueue(session, run)
    return run


async def _under(
    session: AsyncSession,
    actor: Actor,
    key: str | None,
    notebook: Notebook,
    parameters: dict[str, Any],
    after: list[UUID],
) -> Run | None:
    """The run that was ordered under a key; raise KeyUsed when it is another order."""
    if key is None:
        return None
    mine = Run.tenant_id == actor.require_tenant()
    run = await session.scalar(select(Run).where(mine, Run.key == key))
    ordered = (notebook.name, parameters, after)
    if run is not None and (run.notebook, run.parameters, run.after) != ordered:
        raise KeyUsed
    return run


def _person(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise Forbidden("A run needs a person who asks for it.")
    return actor.user_id
