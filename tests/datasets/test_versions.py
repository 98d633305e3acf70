"""Versions: every change of a tenant's rows raises the number, and nobody else's."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.datasets.reading import Reader, reader_of
from tests.support import granting, people, samples
from workbench.access import queries as access
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.answers import Answers
from workbench.datasets.schemas import Aggregation, Measure
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

NAME = "sample_trips"
SIGNING_IN = Actor.of_system("login", Permission.USER_AUTHENTICATE)
QUESTION = Aggregation(measures=[Measure(function="count", name="count")])
ROW = {"carrier": "UA", "delay": 1}
pytestmark = [pytest.mark.acts_as("engineer"), pytest.mark.usefixtures("empty")]


async def version(database: Database, actor: Actor) -> int:
    """The version of the actor's trips, as readers see it."""
    reader = await reader_of(database, actor)
    async with database.reading(actor) as session:
        found = await session.scalar(queries.version(actor, reader.dataset))
    assert found is not None
    return found


async def ask(answers: Answers, reader: Reader) -> tuple[int, bool]:
    """How many rows there are, and whether the answer was kept."""
    async with reader.database.reading(reader.actor) as session:
        answer = await answers.answer(session, reader.actor, reader.dataset, QUESTION)
    return answer.rows[0]["count"], answer.is_kept


class TestVersion:
    """`datasets.version`."""

    async def test_rises_with_every_change(self, database: Database, actor: Actor) -> None:
        """Adding, deleting and restoring rows count; a change that is taken back does not."""
        seen = [await version(database, actor)]
        async with database.session(actor) as session:
            (row,) = await commands.add_rows(session, actor, NAME, [ROW])
        seen.append(await version(database, actor))
        async with database.session(actor) as session:
            await commands.delete_row(session, actor, NAME, row)
        seen.append(await version(database, actor))
        async with database.session(actor) as session:
            await commands.restore_row(session, actor, NAME, row)
        seen.append(await version(database, actor))
        async with database.session(actor) as session:
            await commands.add_rows(session, actor, NAME, [ROW])
            await session.rollback()
        seen.append(await version(database, actor))

        assert seen == [0, 1, 2, 3, 3]

    async def test_rises_with_an_import(
        self, database: Database, storage: Storage, actor: Actor, tenant: Tenant
    ) -> None:
        """An import of many rows is one change."""
        await samples.fill(database, storage, tenant.id, NAME, samples.TRIPS_CSV)
        assert await version(database, actor) == 1

    async def test_is_the_tenants_own(
        self, database: Database, storage: Storage, actor: Actor, other_tenant: Tenant
    ) -> None:
        """What another tenant loads into the same shared dataset changes nothing here."""
        await samples.fill(database, storage, other_tenant.id, NAME, samples.OTHER_CSV)
        assert await version(database, actor) == 0

    async def test_is_nobodys_to_write(self, database: Database, actor: Actor) -> None:
        """The application changes no version by itself, of its own tenant neither."""
        async with database.session(actor) as session:
            changed = await session.execute(text("update workbench.datasets set version = 99"))
        assert getattr(changed, "rowcount", None) == 0
        assert await version(database, actor) == 0


class TestAnswers:
    """Answers that are kept."""

    async def test_are_kept_until_rows_change(self, database: Database, actor: Actor) -> None:
        """The second question finds the answer; after a change the answer is a new one."""
        answers, reader = Answers(), await reader_of(database, actor)
        first = [await ask(answers, reader) for _ in range(2)]
        async with database.session(actor) as session:
            await commands.add_rows(session, actor, NAME, [ROW])

        assert first == [(0, False), (0, True)]
        assert [await ask(answers, reader) for _ in range(2)] == [(1, False), (1, True)]

    async def test_are_never_shared(
        self,
        database: Database,
        storage: Storage,
        actor: Actor,
        tenant: Tenant,
        other_tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:
        """The same question of another tenant has another answer; a colleague's is the same."""
        answers, reader = Answers(), await reader_of(database, actor)
        await samples.fill(database, storage, other_tenant.id, NAME, samples.OTHER_CSV)
        stranger = await make_actor(other_tenant, Role.ANALYST)
        colleague = await make_actor(tenant, Role.VIEWER)

        assert await ask(answers, reader) == (0, False)
        assert await ask(answers, await reader_of(database, stranger)) == (2, False)
        assert await ask(answers, await reader_of(database, colleague)) == (0, True)

    async def test_are_apart_for_whoever_sees_a_part(
        self, database: Database, actor: Actor, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """A guest's part is counted as the part, whether the whole was asked for before or not."""
        answers, reader = Answers(), await reader_of(database, actor)
        owner = await make_actor(tenant, Role.OWNER)
        async with database.session(actor) as session:
            await commands.add_rows(session, actor, NAME, [ROW, ROW | {"carrier": "AA"}])
        user, place = await granting.guest(database, tenant.id)
        part = {"filter": {"column": "carrier", "op": "eq", "value": "AA"}}
        await granting.grant(database, owner, place, "dataset", NAME, **part)
        guest = await reader_of(database, await people.admit(database, user, tenant.id))

        assert await ask(answers, reader) == (2, False)
        assert [await ask(answers, guest) for _ in range(2)] == [(1, False), (1, True)]

    async def test_end_with_access(self, database: Database, actor: Actor) -> None:
        """Who has signed out is told nothing, however often the answer was given."""
        answers, reader = Answers(), await reader_of(database, actor)
        await ask(answers, reader)
        assert actor.sid is not None
        async with database.session(SIGNING_IN) as session:
            await access.revoke(session, actor.sid)

        with pytest.raises(DBAPIError, match="actor token"):
            await ask(answers, reader)

    async def test_make_room(self, database: Database, actor: Actor) -> None:
        """No more is kept than there is room for."""
        answers, reader = Answers(most_bytes=10), await reader_of(database, actor)
        assert [await ask(answers, reader) for _ in range(2)] == [(0, False), (0, False)]
