"""Ordering a run anew with some of its parameters changed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.notebooks import Notebook
from workbench.permissions import Permission
from workbench.runs import commands
from workbench.runs.models import Run
from workbench.runs.quotas import Quota


async def clone(
    session: AsyncSession,
    actor: Actor,
    notebook: Notebook,
    run: Run,
    changes: Mapping[str, Any],
    *,
    quota: Quota = commands.DEFAULT,
) -> Run:
    """Order another run of a run's notebook with its parameters and changes to them.

    A parameter that the notebook takes no more is left out; one that is changed must be known.
    """
    actor.require(Permission.RUN_START, notebook.name)
    kept = {name: given for name, given in run.parameters.items() if name in notebook.parameters}
    made = await commands.start(session, actor, notebook, {**kept, **changes}, quota=quota)
    names = sorted(changes)
    audit.record(
        session, actor, "run.clone", str(made.id), run_id=made.id, of=str(run.id), changed=names
    )
    return made
