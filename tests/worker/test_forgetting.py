"""Records that served their time are forgotten, in every tenant and for operators."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.conftest import MakeActor
from tests.support.worked import work
from workbench.actor import Actor
from workbench.db import idempotency
from workbench.db.idempotency import IdempotencyKey, OperatorKey
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.notebooks import Shelf
from workbench.notifications.models import Notice
from workbench.outbox.models import OutboxMessage
from workbench.permissions import Role
from workbench.runs import commands, logs
from workbench.runs.models import RunLog
from workbench.schedules import commands as schedules
from workbench.schedules.models import Tick
from workbench.schedules.schemas import NewSchedule
from workbench.settings import ROOT
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker import forgetting
from workbench.worker.forgetting import Kept
from workbench.worker.relay import relay

MODELS = (OutboxMessage, Tick, Notice, IdempotencyKey, RunLog)
KEPT = Kept(timedelta(days=7), timedelta(days=90))
NOTEBOOK = Shelf(ROOT / "notebooks").named("tenant_report")
NIGHTLY = NewSchedule(name="nightly", notebook=NOTEBOOK.name, cron="0 6 * * *")


def task(owner: Actor) -> Actor:
    """A task of Workbench's own in the tenant of an owner."""
    return Actor.of_system("test", *forgetting.NEEDED, tenant_id=owner.tenant_id)


async def remembered(database: Database, owner: Actor) -> list[int]:
    """How many messages, ticks, notices, keys and logs a tenant has."""
    async with database.session(task(owner)) as session:
        mine = [select(func.count(m.id)).where(m.tenant_id == owner.tenant_id) for m in MODELS]
        return [await session.scalar(each) or 0 for each in mine]


async def leave_records(database: Database, owner: Actor, operator: Actor) -> None:
    """Leave some of everything that is forgotten one day."""
    now, tenant_id = datetime.now(UTC), owner.require_tenant()
    async with database.session(owner) as session:
        run = await commands.start(session, owner, NOTEBOOK, {})
        schedule = await schedules.create(session, owner, NOTEBOOK, NIGHTLY, now)
        await idempotency.begin(session, owner, "key", "hash", now)
    async with database.session(operator) as session:
        await idempotency.begin(session, operator, f"key {tenant_id}", "hash", now)
    await work(database, Storage("memory://records"), tenant_id, run.id, said="done")
    mine = {"tenant_id": tenant_id, "user_id": owner.user_id}
    told = {"run_id": run.id, "attempt": 1, "notebook": NOTEBOOK.name, "text": "It failed."}
    async with database.session(task(owner)) as session:
        session.add(Tick(**mine, schedule_id=schedule.id, slot=now, is_report=False))
        session.add(Notice(**mine, event="run_failed", **told))
    while await relay(database):
        pass


async def test_records_are_forgotten_after_their_time(
    database: Database,
    operator: Actor,
    tenant: Tenant,
    other_tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """Messages after days, but for the last; keys after one day; all else after months."""
    owners = [await make_actor(each, Role.OWNER) for each in (tenant, other_tenant)]
    for owner in owners:
        await leave_records(database, owner, operator)
    now = datetime.now(UTC)
    messages, *_ = await remembered(database, owners[0])
    assert messages > 2
    for days, left in (
        (0, [messages, 1, 1, 1, 1]),
        (2, [messages, 1, 1, 0, 1]),
        (8, [1, 1, 1, 0, 1]),
        (91, [1, 0, 0, 0, 0]),
    ):
        await forgetting.forget(database, now + timedelta(days=days), KEPT)
        for owner in owners:
            assert await remembered(database, owner) == left
    keys = select(func.count(OperatorKey.id)).where(OperatorKey.subject == operator.subject)
    async with database.session(operator) as session:
        assert await session.scalar(keys) == 0
    nobody = owners[0].narrowed([])
    with pytest.raises(Forbidden):
        async with database.session(nobody) as session:
            await logs.forget(session, nobody, now)
