"""Declared joins: what they answer, whose rows they show, and how long an answer is true."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from tests.conftest import MakeActor
from tests.datasets.reading import Reader, other_tenant, reader, reader_of, tenant
from tests.support import granting, people, samples
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.answers import Answer, Answers
from workbench.datasets.models import Relation
from workbench.datasets.schemas import Aggregation, Condition, Group, Measure, NewRelation, Sort
from workbench.db.session import Database
from workbench.errors import Conflict, Forbidden, Invalid, NotFound
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

__all__ = ["other_tenant", "reader", "tenant"]
COUNT = Measure(function="count")
BY = NewRelation(
    name="by", columns=["carrier"], target="sample_carriers", target_columns=["carrier"]
)
NAMES = Aggregation(group=[Group(column="by.name", name="name")], measures=[COUNT])


@pytest.fixture(scope="module", autouse=True)
async def declared(database: Database, shared: None) -> AsyncIterator[None]:
    """Trips are flown by carriers."""
    del shared
    async with database.session(samples.SHARER) as session:
        await commands.declare(session, samples.SHARER, "sample_trips", BY)
    yield
    async with database.session(samples.SHARER) as session:
        await commands.undeclare(session, samples.SHARER, "sample_trips", "by")


async def ask(reader: Reader, question: Aggregation, answers: Answers | None = None) -> Answer:
    """The answer to a question with joins."""
    async with reader.database.reading(reader.actor) as session:
        kept = answers or Answers()
        return await kept.answer(session, reader.actor, reader.dataset, question)


def listed(answer: Answer) -> list[Any]:
    """The rows of an answer as tuples."""
    return [tuple(row.values()) for row in answer.rows]


async def rows(reader: Reader, question: Aggregation) -> list[Any]:
    """The rows that answer a question."""
    return listed(await ask(reader, question))


class TestAnswers:
    """Questions over two datasets."""

    async def test_groups_by_a_column_of_the_other(self, reader: Reader) -> None:
        """Each trip counts once, under the name of its carrier."""
        assert await rows(reader, NAMES) == [("American", 2), ("JetBlue", 2), ("United", 2)]

    async def test_filters_measures_and_chooses_by_it(self, reader: Reader) -> None:
        """Wherever a column can stand."""
        question = Aggregation(
            group=[Group(column="dest")],
            measures=[
                Measure(function="max", column="by.name", name="name"),
                Measure(
                    function="count",
                    name="american",
                    filter=[Condition(column="by.name", op="prefix", value="A")],
                ),
            ],
            filter=[Condition(column="by.name", op="ne", value="JetBlue")],
            having=[Condition(column="name", op="is_null", value=False)],
            sort=[Sort(column="american", descending=True)],
        )
        assert await rows(reader, question) == [
            *(("MIA", "American", 2), ("IAH", "United", 0), ("ORD", "United", 0)),
        ]

    @pytest.mark.parametrize("column", ["by.nothing", "other.name", "by.", ".name", "by.tenant_id"])
    async def test_an_unknown_column_names_its_place(self, reader: Reader, column: str) -> None:
        """As a column of the dataset itself does."""
        with pytest.raises(Invalid, match=r"group\[0\].column"):
            await ask(reader, Aggregation(group=[Group(column=column)]))

    async def test_a_key_that_is_there_twice_counts_once(
        self, database: Database, storage: Storage, empty: None
    ) -> None:
        """The newest row with it is the one that is met, and rows without one are kept."""
        del empty
        tenant = await people.make_tenant(database)
        await commands.adopt_shared(database, tenant.id)
        twice = "carrier,name\nUA,Old\nUA,New\n"
        await samples.fill(database, storage, tenant.id, "sample_carriers", twice)
        await samples.fill(database, storage, tenant.id, "sample_trips", samples.TRIPS_CSV)
        actor = await people.make_actor(database, tenant.id, Role.ANALYST)
        assert await rows(await reader_of(database, actor), NAMES) == [("New", 2), (None, 4)]


class TestRights:
    """Both sides under the asker's own rights."""

    async def test_each_tenant_joins_its_own(
        self,
        database: Database,
        reader: Reader,
        other_tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:
        """The other tenant has no carriers, and sees none of ours; nobody shares the cache."""
        answers = Answers()
        first = await ask(reader, NAMES, answers)
        stranger = await reader_of(database, await make_actor(other_tenant, Role.ANALYST))
        assert listed(await ask(stranger, NAMES, answers)) == [(None, 2)]
        again = await ask(reader, NAMES, answers)
        assert (first.is_kept, again.is_kept) == (False, True)
        assert again.rows == first.rows

    async def test_a_dataset_out_of_reach_is_as_absent_as_none(
        self, database: Database, reader: Reader, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Who may read the trips alone joins nothing to them; who may read both does."""
        owner = await make_actor(tenant, Role.OWNER)
        user, membership = await granting.guest(database, tenant.id)
        await granting.grant(database, owner, membership, "dataset", "sample_trips")
        alone = await reader_of(database, await people.admit(database, user, tenant.id))
        own = Aggregation(group=[Group(column="carrier")])
        assert await rows(alone, own) == [("AA",), ("B6",), ("UA",)]
        with pytest.raises(Invalid, match=r"group\[0\].column"):
            await ask(alone, NAMES)
        await granting.grant(database, owner, membership, "dataset", "sample_carriers")
        both = await reader_of(database, await people.admit(database, user, tenant.id))
        assert await rows(both, NAMES) == await rows(reader, NAMES)

    async def test_part_of_a_dataset_stays_part_of_it(
        self, database: Database, reader: Reader, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Carriers that are hidden are met by no trip, and a masked name stays masked."""
        owner, answers = await make_actor(tenant, Role.OWNER), Answers()
        whole = await ask(reader, NAMES, answers)
        for part, seen in (
            (
                {"filter": {"column": "carrier", "op": "eq", "value": "UA"}},
                [("United", 2), (None, 4)],
            ),
            ({"masks": {"name": "partial"}}, [("Am…", 2), ("Je…", 2), ("Un…", 2)]),
            ({"masks": {"carrier": "null"}}, [(None, 6)]),
        ):
            user, membership = await granting.guest(database, tenant.id)
            await granting.grant(database, owner, membership, "dataset", "sample_trips")
            await granting.grant(database, owner, membership, "dataset", "sample_carriers", **part)
            guest = await reader_of(database, await people.admit(database, user, tenant.id))
            answer = await ask(guest, NAMES, answers)
            assert not answer.is_kept
            assert listed(answer) == seen
        again = await ask(reader, NAMES, answers)
        assert again.is_kept
        assert again.rows == whole.rows


class TestVersions:
    """An answer is true as long as neither side changes."""

    async def test_a_change_of_either_side_asks_anew(
        self, database: Database, storage: Storage
    ) -> None:
        """A new carrier changes the answer that trips have been given."""
        tenant = await people.make_tenant(database)
        await commands.adopt_shared(database, tenant.id)
        await samples.fill(database, storage, tenant.id, "sample_trips", samples.TRIPS_CSV)
        actor = await people.make_actor(database, tenant.id, Role.ENGINEER)
        reader, answers = await reader_of(database, actor), Answers()
        seen = []
        for name, row in (
            (None, {}),
            ("sample_carriers", {"carrier": "UA", "name": "United"}),
            ("sample_trips", {"carrier": "UA"}),
        ):
            if name is not None:
                async with database.session(actor) as session:
                    await commands.add_rows(session, actor, name, [row])
            asked = [await ask(reader, NAMES, answers) for _ in range(2)]
            assert [answer.is_kept for answer in asked] == [False, True]
            assert asked[0].rows == asked[1].rows
            seen.append(listed(asked[0]))
        assert seen == [[(None, 6)], [("United", 2), (None, 4)], [("United", 3), (None, 4)]]


class TestDeclare:
    """Who declares a join, and which."""

    @pytest.mark.acts_as("owner")
    async def test_is_the_operators(self, database: Database, actor: Actor) -> None:
        """No member of a tenant changes what all tenants share."""
        async with database.session(actor) as session:
            with pytest.raises(Forbidden):
                await commands.declare(session, actor, "sample_trips", BY)
            with pytest.raises(Forbidden):
                await commands.undeclare(session, actor, "sample_trips", "by")
            still = select(Relation.name).where(Relation.name == BY.name)
            assert await session.scalar(still) == "by"

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({}, Conflict),
            ({"name": "to", "target": "nowhere"}, NotFound),
            ({"name": "to", "columns": ["nothing"]}, Invalid),
            ({"name": "to", "target_columns": ["nothing"]}, Invalid),
            ({"name": "to", "columns": ["delay"]}, Invalid),
        ],
    )
    async def test_refuses_what_does_not_fit(
        self, database: Database, change: dict[str, Any], error: type[Exception]
    ) -> None:
        """Names that are taken, datasets and columns that are not there, other types."""
        new = BY.model_copy(update=change)
        async with database.session(samples.SHARER) as session:
            with pytest.raises(error):
                await commands.declare(session, samples.SHARER, "sample_trips", new)
