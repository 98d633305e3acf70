"""How events show what they concern: as it stands now, and only to who may see it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries as access
from workbench.access.models import Membership
from workbench.actor import Actor
from workbench.datasets import queries as data
from workbench.datasets.models import Dataset, Import
from workbench.datasets.schemas import ImportView
from workbench.events.schemas import Event
from workbench.notifications import subscriptions
from workbench.notifications.models import Notice
from workbench.notifications.subscriptions import NoticeView
from workbench.outbox.models import OutboxMessage
from workbench.permissions import Permission
from workbench.runs import queries
from workbench.runs.schemas import RunView

MOST_LIVE = 100
Shown = dict[UUID, dict[str, Any]]


async def told(
    session: AsyncSession, actor: Actor, messages: Sequence[OutboxMessage]
) -> list[Event]:
    """The events of messages, without those that concern what the actor may not see."""
    named: dict[str, set[UUID]] = defaultdict(set)
    for message in messages:
        named[TOPICS[message.topic]].add(_thing(message))
    shown = {kind: await SHOWN[kind](session, actor, ids) for kind, ids in named.items()}
    return [
        Event(id=message.id, topic=message.topic, data=found)
        for message in messages
        if (found := shown[TOPICS[message.topic]].get(_thing(message))) is not None
    ]


async def runs(
    session: AsyncSession, actor: Actor, run_ids: Collection[UUID] | None
) -> list[Event]:
    """The newest state of some runs, or of all that wait or work."""
    if not actor.may_somewhere(Permission.RUN_READ):
        return []
    statement = queries.live(actor, MOST_LIVE) if run_ids is None else queries.some(actor, run_ids)
    found = await session.scalars(statement)
    return [Event(topic="run.progressed", data=_plain(RunView, run)) for run in found]


async def datasets(
    session: AsyncSession, actor: Actor, dataset_ids: Collection[UUID] | None
) -> list[Event]:
    """The version that some or all datasets have now."""
    if not actor.may_somewhere(Permission.DATASET_READ):
        return []
    statement = data.datasets(actor)
    if dataset_ids is not None:
        statement = statement.where(Dataset.id.in_(dataset_ids))
    return [
        Event(
            topic="dataset.changed",
            data={"id": str(found.id), "name": found.definition.name, "version": found.version},
        )
        for found in await session.scalars(statement)
    ]


async def _runs(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> Shown:
    if not actor.may_somewhere(Permission.RUN_READ):
        return {}
    found = await session.scalars(queries.some(actor, ids))
    return {run.id: _plain(RunView, run) for run in found}


async def _imports(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> Shown:
    if not actor.may_somewhere(Permission.IMPORT_READ):
        return {}
    found = await session.scalars(data.imports(actor).where(Import.id.in_(ids)))
    return {order.id: _plain(ImportView, order) for order in found}


async def _members(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> Shown:
    """Each membership with its role, which is None once the member has left."""
    if not actor.may(Permission.MEMBER_READ):
        return {}
    found = await session.execute(access.members(actor).where(Membership.id.in_(ids)))
    roles = {membership.id: str(membership.role) for membership, _ in found}
    return {each: {"id": str(each), "role": roles.get(each)} for each in ids}


async def _notices(session: AsyncSession, actor: Actor, ids: Collection[UUID]) -> Shown:
    """What the actor itself was told, and nobody else."""
    if not actor.may_somewhere(Permission.RUN_READ):
        return {}
    found = await session.scalars(subscriptions.notices(actor).where(Notice.id.in_(ids)))
    return {notice.id: _plain(NoticeView, notice) for notice in found}


def _plain(view: Any, found: Any) -> dict[str, Any]:
    shown: dict[str, Any] = view.model_validate(found).model_dump(mode="json")
    return shown


def _thing(message: OutboxMessage) -> UUID:
    return UUID(message.payload[NAMES[TOPICS[message.topic]]])


TOPICS = {
    "imports.finished": "import",
    "imports.progressed": "import",
    "imports.undone": "import",
    "member.changed": "membership",
    "notice.read": "notice",
    "notice.written": "notice",
    "run.finished": "run",
    "run.moved": "run",
}
# Of these everybody is told what concerns himself: no two listeners share a look at them.
PERSONAL = frozenset({"notice.read", "notice.written"})
NAMES = {
    "import": "import_id",
    "membership": "membership_id",
    "notice": "notice_id",
    "run": "run_id",
}
SHOWN: dict[str, Callable[[AsyncSession, Actor, Collection[UUID]], Awaitable[Shown]]] = {
    "import": _imports,
    "membership": _members,
    "notice": _notices,
    "run": _runs,
}
