"""Joins of private datasets at PostgreSQL itself, past every command."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.datasets.test_definitions import new
from tests.datasets.test_private import make
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.models import Dataset, Relation
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.tenants.models import Tenant

pytestmark = pytest.mark.usefixtures("empty")
PAIR: dict[str, Any] = {"columns": ["code"], "target_columns": ["code"]}


async def dataset_of(database: Database, actor: Actor, name: str) -> Dataset:
    """A dataset as the actor sees it."""
    async with database.session(actor) as session:
        return (await session.scalars(queries.dataset(actor, name))).one()


async def plant(
    database: Database, actor: Actor, own: UUID, target: UUID, private_to: UUID | None
) -> None:
    """Write a relation as the actor, whatever a command would say."""
    made = Relation(
        id=new_id(), definition_id=own, name="x", target_id=target, private_to=private_to, **PAIR
    )
    async with database.session(actor) as session:
        session.add(made)


async def test_the_policy_decides_alone(
    database: Database, make_actor: MakeActor, tenant: Tenant, other_tenant: Tenant
) -> None:
    """A tenant writes relations of its own datasets to what it sees, and reads no others."""
    order = new(name="linked")
    maker = await make(database, await make_actor(tenant, Role.ANALYST), order)
    colleague = await make_actor(tenant, Role.ANALYST)
    stranger = await make(database, await make_actor(other_tenant, Role.OWNER), order)
    mine = (await dataset_of(database, maker, "linked")).definition_id
    theirs = (await dataset_of(database, stranger, "linked")).definition_id
    shared = (await dataset_of(database, maker, "sample_trips")).definition_id
    here, there = tenant.id, other_tenant.id
    for who, own, target, owner in (
        (colleague, mine, shared, here),
        (stranger, mine, shared, there),
        (stranger, mine, shared, here),
        (maker, mine, theirs, here),
        (maker, shared, mine, here),
        (maker, shared, shared, here),
        (maker, mine, shared, None),
        (maker, mine, shared, there),
    ):
        with pytest.raises(DBAPIError, match="row-level security"):
            await plant(database, who, own, target, owner)
    await plant(database, maker, mine, shared, here)

    found = select(Relation.id).where(Relation.definition_id.in_([mine, theirs]))
    gone = update(Relation).where(Relation.definition_id == mine).values(name="y")
    for who, seen, changed in ((stranger, 0, 0), (colleague, 1, 0), (maker, 1, 1)):
        async with database.session(who) as session:
            assert len((await session.scalars(found)).all()) == seen
            result: Any = await session.execute(gone)
            assert result.rowcount == changed
    async with database.session(maker) as session:
        await commands.undeclare(session, maker, "linked", "y")
