"""Quotas: how many runs a tenant may have at work and waiting, and order in a day."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.errors import TooMany
from workbench.permissions import Permission
from workbench.runs.models import Run
from workbench.runs.schemas import Status

DAY = timedelta(days=1)


class TooManyRuns(TooMany):
    """This tenant has ordered as many runs as it may."""

    code = "too_many_runs"


@dataclass(frozen=True, slots=True)
class Quota:
    """How many runs of a tenant may work at once, wait at once, and be ordered within 24 hours."""

    at_once: int = 4
    waiting: int = 1000
    a_day: int = 10_000


async def check(session: AsyncSession, actor: Actor, quota: Quota) -> None:
    """Raise TooManyRuns when the actor's tenant may order no more now.

    Orders at the same moment do not see each other, so a quota may be passed by as many.
    """
    actor.require_somewhere(Permission.RUN_START)
    mine = Run.tenant_id == actor.require_tenant()
    waiting = select(func.count(Run.id)).where(mine, Run.status == Status.QUEUED)
    if (await session.scalar(waiting) or 0) >= quota.waiting:
        raise TooManyRuns(
            f"{quota.waiting} runs of this tenant wait already; order again when some have begun, "
            "or cancel some."
        )
    since = func.now() - DAY
    today = select(func.count(Run.id), func.min(Run.created_at)).where(mine, Run.created_at > since)
    count, first = (await session.execute(today)).one()
    if count >= quota.a_day:
        raise TooManyRuns(
            f"This tenant has ordered {count} runs within 24 hours, and may order {quota.a_day}; "
            f"order again after {first + DAY:%Y-%m-%d %H:%M} UTC, "
            "or have WORKBENCH_RUNS_A_DAY raised."
        )
