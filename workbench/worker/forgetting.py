"""Records that served their time are forgotten: messages, ticks, notices, keys and logs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import procrastinate
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.db import idempotency
from workbench.db.forgetting import BATCH
from workbench.db.session import Database
from workbench.notifications import subscriptions
from workbench.outbox import commands as outbox
from workbench.permissions import Permission
from workbench.runs import logs
from workbench.schedules import ticking
from workbench.settings import Settings
from workbench.worker.tenantwise import SYSTEM, everywhere

HOUR = timedelta(hours=1)
NEEDED = (
    Permission.MAIL_SEND,
    Permission.RUN_READ,
    Permission.RUN_START,
    Permission.SCHEDULE_MANAGE,
    Permission.SCHEDULE_READ,
    Permission.TENANT_MANAGE,
)
Forget = Callable[[AsyncSession, Actor, datetime], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Kept:
    """How long messages that were sent are kept, and how long all other records."""

    messages: timedelta
    records: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As it is set."""
        return cls(timedelta(days=settings.message_days), timedelta(days=settings.record_days))


async def forget(database: Database, now: datetime, kept: Kept) -> int:
    """Forget what is older in every tenant and on the platform; answer how much that was."""
    steps: tuple[tuple[Forget, datetime], ...] = (
        (outbox.forget, now - kept.messages),
        (ticking.forget, now - kept.records),
        (subscriptions.forget, now - kept.records),
        (logs.forget, now - kept.records),
        (idempotency.forget, now - idempotency.KEPT),
    )

    async def of(tenant_id: UUID) -> int:
        actor = Actor.of_system("retention", *NEEDED, tenant_id=tenant_id)
        return sum([await _all(database, actor, step, before) for step, before in steps])

    removed = await everywhere(database, "records", of)
    return removed + await _all(database, SYSTEM, idempotency.forget, now - idempotency.KEPT)


async def forget_jobs(app: procrastinate.App, kept: Kept) -> None:
    """Forget jobs of the queue that ended long ago, however they ended; successes go at once."""
    hours = int(kept.records / HOUR)
    await app.job_manager.delete_old_jobs(
        hours, include_failed=True, include_cancelled=True, include_aborted=True
    )


async def _all(database: Database, actor: Actor, step: Forget, before: datetime) -> int:
    removed, count = 0, BATCH
    while count == BATCH:
        async with database.session(actor) as session:
            count = await step(session, actor, before)
        removed += count
    return removed
