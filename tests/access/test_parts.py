"""Grants on part of a dataset: filters and masks hold in every door, and nobody else's change."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from tests.support import people, samples
from workbench.access import grants
from workbench.access.schemas import USUAL, Part, Target
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.schemas import RowsQuery
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

JFK = {"column": "carrier", "op": "eq", "value": "UA"}


@pytest.fixture(autouse=True)
async def trips(database: Database, storage: Storage, tenant: Tenant) -> None:
    """The tenant has six trips."""
    await samples.shared(database, samples.TRIPS)
    await commands.adopt_shared(database, tenant.id)
    await samples.fill(database, storage, tenant.id, "sample_trips", samples.TRIPS_CSV)


@pytest.fixture
async def owner(database: Database, tenant: Tenant) -> Actor:
    """The tenant's owner."""
    return await people.make_actor(database, tenant.id, Role.OWNER)


async def guest(database: Database, tenant: Tenant) -> tuple[UUID, UUID]:
    """A user who is a guest; the ids of the user and of the membership."""
    user = await people.make_user(database)
    return user.id, await people.join(database, tenant.id, user.id, Role.GUEST)


async def grant(database: Database, owner: Actor, part: dict[str, Any], **holder: UUID) -> UUID:
    """Let a holder see part of the trips."""
    async with database.session(owner) as session:
        dataset = (await session.scalars(queries.dataset(owner, "sample_trips"))).one()
        made = await grants.create(
            session,
            owner,
            Target(kind="dataset", dataset_id=dataset.id),
            definition_id=dataset.definition_id,
            permissions=USUAL["dataset"],
            part=Part.model_validate(part),
            **holder,
        )
        return made.id


async def seen(database: Database, actor: Actor) -> Sequence[Any]:
    """The trips that an actor sees through the API's session and the readers', which agree."""
    found = []
    for opened in (database.session(actor), database.reading(actor)):
        async with opened as session:
            dataset = (await session.scalars(queries.dataset(actor, "sample_trips"))).one()
            statement = queries.rows(actor, dataset, RowsQuery(limit=100))
            found.append([dict(row) for row in (await session.execute(statement)).mappings()])
    assert found[0] == found[1]
    return found[0]


async def test_a_filter_shows_its_rows(database: Database, tenant: Tenant, owner: Actor) -> None:
    """A guest sees nothing before the grant, the filtered rows after it, and never the others."""
    user, membership = await guest(database, tenant)
    actor = await people.admit(database, user, tenant.id)
    with pytest.raises(Forbidden):
        await seen(database, actor)
    await grant(database, owner, {"filter": JFK}, membership_id=membership)
    actor = await people.admit(database, user, tenant.id)
    rows = await seen(database, actor)
    assert [row["carrier"] for row in rows] == ["UA", "UA"]
    assert len(await seen(database, owner)) == 6
