"""The relay: outbox messages leave as notifications that hold nothing but the message's id."""

from itertools import groupby
from operator import itemgetter
from uuid import UUID

import structlog

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.notifications import announcements
from workbench.outbox import commands as outbox
from workbench.queue import commands as queue
from workbench.schedules import announcing as announcing_
from workbench.worker import announcing
from workbench.worker.parts import now

MOST = 200
SYSTEM = Actor.of_system("relay")
log = structlog.get_logger(__name__)


async def relay(database: Database) -> int:
    """Send what is due, tenant by tenant, and answer how many messages left."""
    async with database.session(SYSTEM) as session:
        due = sorted(await outbox.due(session, MOST))
    sent = 0
    for tenant_id, messages in groupby(due, key=itemgetter(0)):
        sent += await _send(database, tenant_id, [message_id for _, message_id in messages])
    return sent


async def _send(database: Database, tenant_id: UUID, message_ids: list[UUID]) -> int:
    needed = {*announcements.NEEDED, *announcing_.NEEDED}
    actor = Actor.of_system("relay", *needed, tenant_id=tenant_id)
    sent = []
    async with database.session(actor) as session:
        await outbox.hold(session, tenant_id)
        for message_id in message_ids:
            if await outbox.mark_sent(session, tenant_id, message_id, now()):
                await outbox.notify(session, message_id)
                sent.append(message_id)
        await announcements.write(session, actor, sent)
        ended = await announcing_.concerned(session, actor, sent)
        for run_id in ended:
            await queue.enqueue(
                session, "runs.announce", queue="tenants", tenant_id=tenant_id, run_id=run_id
            )
    await _announce(database, tenant_id, ended)
    return len(sent)


async def _announce(database: Database, tenant_id: UUID, run_ids: list[UUID]) -> None:
    """Tell people now: the queue's task, which may wait behind long runs, makes up for failures."""
    for run_id in run_ids:
        try:
            await announcing.announce(database, tenant_id, run_id)
        except Exception as error:  # noqa: BLE001 (whatever it is, the task tries again)
            log.warning("run_not_announced", run=str(run_id), reason=type(error).__name__)
