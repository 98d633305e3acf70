"""What a notebook reads for somebody who may see part of a dataset."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import MakeActor
from tests.support import flights, granting, people, samples
from workbench.access import queries, roles
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.lab import completing, reading
from workbench.lab.reading import BadQuery
from workbench.lab.run import LabRun
from workbench.notebooks import Shelf
from workbench.permissions import Permission, Role
from workbench.runs.tickets import Ticket
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker import ticketing
from workbench.worker.parts import Parts

UA = {"column": "carrier", "op": "eq", "value": "UA"}


@pytest.fixture
async def owner(make_actor: MakeActor, tenant: Tenant) -> Actor:
    """The tenant's owner."""
    return await make_actor(tenant, Role.OWNER)


async def test_a_kernel_reads_the_part_that_is_granted(
    settings: Settings,
    database: Database,
    storage: Storage,
    tenant: Tenant,
    owner: Actor,
    tmp_path: Path,
) -> None:
    """Its tables are the part, under masks, and the whole is refused by name; not to an owner.

    Names are completed of what is seen, and of nothing else.
    """
    await flights.load(database, tenant.id, "OO")
    await samples.shared(database, samples.TRIPS)
    await commands.adopt_shared(database, tenant.id)
    await samples.fill(database, storage, tenant.id, "sample_trips", samples.TRIPS_CSV)
    user, membership = await granting.guest(database, tenant.id)
    async with database.session(owner) as session:
        role = await roles.create(
            session, owner, name="asks", description="", permissions=[Permission.SQL_RUN]
        )
        await roles.give(session, owner, membership, role)
    await granting.grant(
        database, owner, membership, "dataset", "sample_trips", filter=UA, masks={"dest": "null"}
    )
    parts = Parts(settings, database, storage, Shelf(tmp_path), Tokens(settings.secret_keys))

    async def ticket(actor: Actor) -> Ticket:
        async with database.session(actor) as session:
            return await ticketing.issue(parts, session, actor, timedelta(minutes=5))

    async def read(actor: Actor, query: str) -> list[tuple[object, ...]]:
        frame = reading.frame(await ticket(actor), query, [])
        return [tuple(row) for row in frame.itertuples(index=False)]

    async def offered(actor: Actor) -> set[str]:
        (await ticket(actor)).write(tmp_path / "ticket.json")
        names = completing.Known(LabRun(tmp_path / "ticket.json")).names()
        return {name for name, columns in names.items() if columns.count("carrier") == 1}

    asked = "select distinct carrier, dest is null from sample_trips"
    guest = await people.admit(database, user, tenant.id)
    assert await read(guest, asked) == [("UA", True)]
    claims = parts.tokens.read_access((await ticket(guest)).access_token, datetime.now(UTC))
    assert (await queries.actor_of(database, claims)).lens == guest.lens is not None
    with pytest.raises(BadQuery, match="part of this dataset"):
        await read(guest, "select count(*) from data.sample_trips")
    assert await read(owner, "select count(*) from data.sample_trips") == [(6,)]
    assert await offered(guest) == {"sample_trips"}
    assert await offered(owner) >= {"sample_trips", "flights"}
