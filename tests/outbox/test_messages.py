"""Messages leave with the transaction or not at all, once, and hold ids only."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.outbox import commands, queries
from workbench.tenants.models import Tenant

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ALL = 10_000


async def put(database: Database, actor: Actor, thing: UUID) -> UUID:
    """Put one message and answer its id, as the relay finds it."""
    async with database.session(actor) as session:
        before = set(await commands.due(session, ALL))
        commands.put(session, actor, "thing.changed", thing_id=thing)
    async with database.session(actor) as session:
        found = set(await commands.due(session, ALL)) - before
    ((tenant_id, message_id),) = found
    assert tenant_id == actor.tenant_id
    return message_id


async def test_it_is_due_until_it_was_sent(database: Database, actor: Actor) -> None:
    """Of two relays the first marks it, and then it is due no more."""
    thing = new_id()
    message_id = await put(database, actor, thing)
    tenant_id = actor.require_tenant()
    async with database.session(actor) as session:
        message = (await session.scalars(queries.message(actor, message_id))).one()
        assert (message.topic, message.payload) == ("thing.changed", {"thing_id": str(thing)})
        assert await commands.mark_sent(session, tenant_id, message_id, NOW)
        assert not await commands.mark_sent(session, tenant_id, message_id, NOW)
        assert (tenant_id, message_id) not in await commands.due(session, ALL)


async def test_an_error_takes_it_along(database: Database, actor: Actor) -> None:
    """A transaction that fails leaves no message."""

    async def fail() -> None:
        async with database.session(actor) as session:
            commands.put(session, actor, "thing.changed", thing_id=new_id())
            await session.flush()
            raise ValueError("late")

    async with database.session(actor) as session:
        before = await commands.due(session, ALL)
    with pytest.raises(ValueError, match="late"):
        await fail()
    async with database.session(actor) as session:
        assert await commands.due(session, ALL) == before


async def test_another_tenants_message_is_not_there(
    database: Database, actor: Actor, other_tenant: Tenant
) -> None:
    """Its id, heard on the channel, opens nothing and marks nothing (W4)."""
    message_id = await put(database, actor, new_id())
    stranger = Actor.of_system("test", tenant_id=other_tenant.id)
    async with database.session(stranger) as session:
        assert (await session.scalars(queries.message(stranger, message_id))).all() == []
        assert not await commands.mark_sent(session, actor.require_tenant(), message_id, NOW)
    async with database.session(actor) as session:
        kept = (await session.scalars(queries.message(actor, message_id))).one()
        assert kept.sent_at is None


async def test_the_platform_sends_none(operator: Actor, database: Database) -> None:
    """A message belongs to a tenant."""
    async with database.session(operator) as session:
        with pytest.raises(Forbidden):
            commands.put(session, operator, "thing.changed")


async def test_listeners_hear_the_id_alone(database: Database, actor: Actor) -> None:
    """What travels on the channel is the message's id, after the commit."""
    url = database.logins.app.set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    message_id = await put(database, actor, new_id())
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as listener:
        await listener.execute(f"listen {commands.CHANNEL}")
        async with database.session(actor) as session:
            await commands.notify(session, message_id)
            await session.flush()
            early = [n.payload async for n in listener.notifies(timeout=0.1)]
        heard = [n.payload async for n in listener.notifies(timeout=5, stop_after=1)]
    assert str(message_id) not in early
    assert heard == [str(message_id)]
