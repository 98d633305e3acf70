"""The audit: append only, and each tenant's own (O1, O2)."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.audit import commands, queries
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.permissions import Role
from workbench.tenants.models import Tenant


@pytest.mark.acts_as("owner")
async def test_what_was_noted_is_read(database: Database, actor: Actor) -> None:
    """An entry says who did what to what, and when; the newest comes first."""
    async with database.session(actor) as session:
        commands.record(session, actor, "test.first", "a", rows=3, why="because")
        commands.record(session, actor, "test.second", "b")
    async with database.session(actor) as session:
        second, first = (await session.scalars(queries.entries(actor).limit(2))).all()
    assert (first.action, first.target, first.rows) == ("test.first", "a", 3)
    assert (first.details, first.run_id) == ({"why": "because"}, None)
    assert (second.action, second.details) == ("test.second", {})
    assert (first.subject, first.sid) == (actor.subject, actor.sid)
    assert first.at <= second.at


async def test_who_may_not_read_may_still_be_noted(
    database: Database, tenant: Tenant, make_actor: MakeActor
) -> None:
    """A viewer's deed is noted, and the viewer reads no entry: not in the room, not behind it."""
    viewer, owner = await make_actor(tenant, Role.VIEWER), await make_actor(tenant, Role.OWNER)
    async with database.session(viewer) as session:
        commands.record(session, viewer, "test.looked", "a")
        await session.flush()
        with pytest.raises(Forbidden):
            queries.entries(viewer)
        assert (await session.execute(text("select * from audit_entries"))).all() == []
    async with database.session(owner) as session:
        assert "test.looked" in {e.action for e in await session.scalars(queries.entries(owner))}


@pytest.mark.acts_as("owner")
@pytest.mark.parametrize(
    "change", ["update audit_entries set action = 'x'", "delete from audit_entries"]
)
async def test_nothing_is_changed(database: Database, actor: Actor, change: str) -> None:
    """Not even an owner alters or removes an entry; adding one works."""
    async with database.session(actor) as session:
        commands.record(session, actor, "test.kept", "a")
        await session.flush()
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text(change))
        await session.rollback()


@pytest.mark.acts_as("owner")
async def test_another_tenants_entries_are_not_there(
    database: Database, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """A's owner reads A's entries and cannot write one for B."""
    other = await make_actor(other_tenant, Role.OWNER)
    async with database.session(other) as session:
        commands.record(session, other, "test.secret", "b")
    async with database.session(actor) as session:
        entries = (await session.scalars(queries.entries(actor))).all()
        assert {entry.tenant_id for entry in entries} == {actor.tenant_id}
        commands.record(session, actor, "test.forged", "b", tenant_id=other_tenant.id)
        with pytest.raises(ProgrammingError, match="row-level security"):
            await session.flush()
        await session.rollback()
