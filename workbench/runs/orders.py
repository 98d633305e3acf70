"""What an order of a run must keep to, asked before the run is made, by whomever it is made."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db.ids import new_id
from workbench.errors import Forbidden
from workbench.notebooks import Notebook
from workbench.permissions import Permission
from workbench.runs import choices, states
from workbench.runs.models import Run
from workbench.runs.schemas import Status


async def checked(
    session: AsyncSession, actor: Actor, notebook: Notebook, parameters: dict[str, Any]
) -> dict[str, Any]:
    """The parameters with all defaults, if the actor may do and read what the run would."""
    for permission in notebook.permissions:
        actor.require_somewhere(permission)
    if notebook.sandbox:
        actor.require(Permission.SANDBOX_RUN)
    found = notebook.checked(parameters)
    await choices.check(session, actor, notebook, found)
    return found


async def start_for(
    session: AsyncSession, actor: Actor, person: Actor, notebook: Notebook, checked: dict[str, Any]
) -> Run:
    """Order, as a task of Workbench, a run that acts as a person, with parameters checked as him.

    So whoever may not start runs is still sent reports that show what he may see.
    """
    actor.require(Permission.RUN_START)
    if person.user_id is None or person.tenant_id != actor.tenant_id:
        raise Forbidden("A run needs a person who asks for it.")
    run = Run(
        id=new_id(),
        tenant_id=actor.require_tenant(),
        notebook=notebook.name,
        parameters=checked,
        status=Status.QUEUED,
        queue=notebook.queue,
        priority=notebook.priority,
        retries=notebook.retries,
        requested_by=person.user_id,
    )
    session.add(run)
    await session.flush()
    await session.refresh(run)
    audit.record(
        session,
        actor,
        "run.start",
        str(run.id),
        run_id=run.id,
        notebook=run.notebook,
        person=str(person.user_id),
    )
    await states.tell(session, actor, run.id)
    await states.enqueue(session, run)
    return run
