"""Becoming a member for a moment: PostgreSQL answers as it does him, and nothing of it stays."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.support import granting, people, samples
from workbench.access import standing as standings
from workbench.actor import Actor
from workbench.datasets import commands, explain, reach
from workbench.datasets.explain import Question
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound
from workbench.permissions import ROLES, Permission, Role
from workbench.storage import Storage
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHO = text("select workbench.actor_user()")
TRIPS = Question(Permission.ROW_READ, "dataset", "sample_trips")
UA = {"column": "carrier", "op": "eq", "value": "UA"}


@pytest.fixture
async def owner(make_actor: MakeActor, tenant: Tenant) -> Actor:
    """The tenant's owner."""
    return await make_actor(tenant, Role.OWNER)


@pytest.fixture
async def guest(
    database: Database, storage: Storage, tenant: Tenant, owner: Actor
) -> tuple[UUID, UUID]:
    """A guest who sees the trips of one carrier: user and membership."""
    await samples.shared(database, samples.TRIPS)
    await commands.adopt_shared(database, tenant.id)
    await samples.fill(database, storage, tenant.id, "sample_trips", samples.TRIPS_CSV)
    user, membership = await granting.guest(database, tenant.id)
    await granting.grant(database, owner, membership, "dataset", "sample_trips", filter=UA)
    return user, membership


async def test_postgresql_hears_the_actor_again(
    database: Database, owner: Actor, guest: tuple[UUID, UUID]
) -> None:
    """Inside it is the member who asks, before and after it is the owner, also when it fails."""
    user, membership = guest
    now = datetime.now(UTC)
    async with database.session(owner) as session:
        standing = await standings.of(session, owner, membership)
        assert await session.scalar(WHO) == owner.user_id
        async with standings.becoming(session, owner, standing, now) as member:
            assert member is not None
            assert await session.scalar(WHO) == user == member.user_id
        assert await session.scalar(WHO) == owner.user_id
        with pytest.raises(DBAPIError):
            async with standings.becoming(session, owner, standing, now):
                await session.execute(text("select * from data.sample_trips"))
        assert await session.scalar(WHO) == owner.user_id
        assert await session.scalar(text("select count(*) from data.sample_trips")) == 6


async def test_it_is_for_who_manages_roles(
    database: Database, make_actor: MakeActor, tenant: Tenant, guest: tuple[UUID, UUID]
) -> None:
    """An engineer learns nothing, nor does another tenant's owner, who finds nobody."""
    now = datetime.now(UTC)
    engineer = await make_actor(tenant, Role.ENGINEER)
    async with database.session(engineer) as session:
        with pytest.raises(Forbidden):
            await reach.reach(session, engineer, guest[1], now)
        with pytest.raises(Forbidden):
            await explain.explain(session, engineer, guest[1], TRIPS, now)
    stranger = await make_actor(await people.make_tenant(database), Role.OWNER)
    async with database.session(stranger) as session:
        with pytest.raises(NotFound):
            await reach.reach(session, stranger, guest[1], now)


async def test_many_may_ask_at_once(
    database: Database, owner: Actor, guest: tuple[UUID, UUID]
) -> None:
    """Explanations at the same time, and the member's own sign-in between them, agree."""
    user, membership = guest

    async def asked() -> int | bool | None:
        async with database.session(owner) as session:
            told = await explain.explain(session, owner, membership, TRIPS, datetime.now(UTC))
            return told.proof.answer if told.proof else None

    async def seen() -> int:
        actor = await people.admit(database, user, owner.require_tenant())
        async with database.reading(actor) as session:
            statement = text(f"select count(*) from {actor.lens}.sample_trips")
            return int(await session.scalar(statement) or 0)

    found = await asyncio.gather(asked(), seen(), asked(), seen(), asked())
    assert set(found) == {2}


async def test_a_suspended_tenant_is_told(
    database: Database, tenant: Tenant, guest: tuple[UUID, UUID]
) -> None:
    """Workbench's own task, which the shell is, learns why nobody reaches anything."""
    task = Actor.of_system("test", *ROLES[Role.OWNER], tenant_id=tenant.id)
    async with database.session(task) as session:
        told = await explain.explain(session, task, guest[1], TRIPS, datetime.now(UTC))
    assert (told.allowed, told.extent) == (True, "part")
    async with database.session(people.FOUNDER) as session:
        await tenants.suspend(session, people.FOUNDER, tenant.id, NOW)
    async with database.session(task) as session:
        told = await explain.explain(session, task, guest[1], TRIPS, datetime.now(UTC))
        reached = await reach.reach(session, task, guest[1], datetime.now(UTC))
    assert (told.allowed, told.because) == (False, "The tenant is suspended.")
    assert (reached.member.state, reached.datasets, reached.permissions) == ("suspended", [], [])
