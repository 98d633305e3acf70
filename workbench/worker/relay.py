"""The relay: outbox messages leave as notifications that hold nothing but the message's id."""

from itertools import groupby
from operator import itemgetter
from uuid import UUID

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.notifications import announcements
from workbench.outbox import commands as outbox
from workbench.worker.parts import now

MOST = 200
SYSTEM = Actor.of_system("relay")


async def relay(database: Database) -> int:
    """Send what is due, tenant by tenant, and answer how many messages left."""
    async with database.session(SYSTEM) as session:
        due = sorted(await outbox.due(session, MOST))
    sent = 0
    for tenant_id, messages in groupby(due, key=itemgetter(0)):
        sent += await _send(database, tenant_id, [message_id for _, message_id in messages])
    return sent


async def _send(database: Database, tenant_id: UUID, message_ids: list[UUID]) -> int:
    actor = Actor.of_system("relay", *announcements.NEEDED, tenant_id=tenant_id)
    sent = []
    async with database.session(actor) as session:
        for message_id in message_ids:
            if await outbox.mark_sent(session, tenant_id, message_id, now()):
                await outbox.notify(session, message_id)
                sent.append(message_id)
        await announcements.write(session, actor, sent)
    return len(sent)
