"""What Explore asks: the right figures of the visitor's own rows, and never of anybody else's."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboards.explore import picks, words
from dashboards.explore.figures import kind_of
from dashboards.explore.state import Question
from dashboards.explore.store import Store
from dashboards.visits import House, Screen, Visit
from tests.conftest import MakeActor
from tests.support import flights, granting, people, samples
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.errors import DatasetNotFound
from workbench.datasets.schemas import Condition, Group, Measure, NewColumn, NewDataset, NewRelation
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

MOST = 900
NEW_YORK = "America/New_York"
LATE = Measure(function="mean", column="arr_delay")
JUNE = Condition(column="month", op="eq", value=6)
FRIDAYS = Condition(column="time_hour", op="in", value=[4], bucket="weekday", zone=NEW_YORK)
JFK = {"column": "origin", "op": "eq", "value": "JFK"}
Rows = Sequence[dict[str, Any]]


def store_of(database: Database, actor: Actor) -> Store:
    """The store of an actor's visit."""
    return Store(Visit(actor, House(database, Path("notebooks")), Screen()))


@pytest.fixture(scope="module")
async def tenant(database: Database) -> Tenant:
    """A tenant of all tests here; none of them changes its flights."""
    return await people.make_tenant(database)


@pytest.fixture(scope="module")
async def other_tenant(database: Database) -> Tenant:
    """Another tenant, whose rows nobody in `tenant` may see."""
    return await people.make_tenant(database)


@pytest.fixture(scope="module")
async def rows(database: Database, tenant: Tenant, other_tenant: Tenant) -> Rows:
    """The flights of `tenant`; `other_tenant` has those of another carrier."""
    await flights.load(database, tenant.id, "UA", MOST)
    await flights.load(database, other_tenant.id, "B6", MOST)
    return flights.sample("UA", MOST)


@pytest.fixture
def store(database: Database, actor: Actor) -> Store:
    """The store of the actor's visit."""
    return store_of(database, actor)


def is_friday_in_june(row: dict[str, Any]) -> bool:
    """Whether a flight left New York on one, by the clocks there."""
    return row["month"] == 6 and date(row["year"], 6, row["day"]).weekday() == 4


class TestAnswer:
    """The figures of a question."""

    async def test_tells_the_worst_on_fridays_in_june(self, rows: Rows, store: Store) -> None:
        """The mean delay by destination equals what Python computes of the same flights."""
        question = Question(
            dataset="flights", show=LATE, by=[Group(column="dest")], where=[JUNE, FRIDAYS]
        )
        delays: dict[str, list[int]] = {}
        for row in rows:
            if is_friday_in_june(row):
                delays.setdefault(row["dest"], [])
                if row["arr_delay"] is not None:
                    delays[row["dest"]].append(row["arr_delay"])
        means = {dest: fmean(found) for dest, found in delays.items() if found}
        answer = await store.answer(question)

        shown = {cell.key[0]: cell.value for cell in answer.cells if cell.value is not None}
        assert shown == pytest.approx({dest: means[dest] for dest in shown})
        assert answer.cells[0].value == pytest.approx(max(means.values()))
        assert answer.rows == sum(map(is_friday_in_june, rows)) > 0
        page = await store.rows(question, None)
        assert len(page.items) == min(answer.rows, 25)

    async def test_crosses_two_groups(self, rows: Rows, store: Store) -> None:
        """Every pair has its own figure, and together they are of all rows."""
        by = [Group(column="month"), Group(column="origin")]
        question = Question(dataset="flights", by=by, first=1000)
        answer = await store.answer(question)

        assert answer.rows == len(rows) == sum(cell.rows for cell in answer.cells)
        assert {cell.key for cell in answer.cells} == {(r["month"], r["origin"]) for r in rows}
        assert not answer.is_cut
        assert kind_of(question, (await store.open("flights")).fields) == "stacked"

    @pytest.mark.usefixtures("rows")
    async def test_says_that_there_are_more(self, store: Store) -> None:
        """With one group of many, the answer is cut and begins with the largest."""
        question = Question(dataset="flights", by=[Group(column="dest")], first=1)
        answer = await store.answer(question)
        [largest] = answer.cells

        assert answer.is_cut
        whole = await store.answer(question.but(first=1000))
        assert largest.rows == max(cell.rows for cell in whole.cells)
        assert not whole.is_cut

    @pytest.mark.usefixtures("rows")
    async def test_names_a_column_that_is_not_there(self, store: Store) -> None:
        """Wherever a question names one that the dataset lacks, the error says which."""
        wrong: list[dict[str, Any]] = [
            {"show": Measure(function="sum", column="secret")},
            {"by": [Group(column="secret")]},
            {"where": [Condition(column="secret", op="eq", value=1)]},
        ]
        for part in wrong:
            with pytest.raises(Invalid, match="no column secret"):
                await store.answer(Question(dataset="flights").but(**part))


GROUPS = [
    Group(column="dest"),
    Group(column="flight"),
    Group(column="arr_delay", width=20),
    Group(column="air_time", width=7.5),
    *(Group(column="time_hour", bucket=bucket) for bucket in ("day", "week", "month", "quarter")),
    *(Group(column="time_hour", bucket=bucket) for bucket in ("year", "hour", "minute")),
    *(Group(column="time_hour", bucket=b) for b in ("weekday", "hour_of_day", "month_of_year")),
]


class TestDrillDown:
    """A group that is picked."""

    @pytest.mark.usefixtures("rows")
    @pytest.mark.parametrize("group", GROUPS, ids=str)
    @pytest.mark.parametrize("zone", [None, NEW_YORK])
    async def test_leads_to_just_its_rows(
        self, store: Store, group: Group, zone: str | None
    ) -> None:
        """The conditions of a group choose as many rows as the group has, and words for them."""
        question = Question(dataset="flights", by=[group], zone=zone, first=1000)
        fields = (await store.open("flights")).fields
        cells = (await store.answer(question)).cells
        assert cells
        for cell in (cells[0], cells[-1]):
            found = picks.conditions(fields[group.column], group, cell.key[0], zone)
            alone = await store.answer(question.but(by=[], where=found))
            assert alone.rows == cell.rows


class TestJoins:
    """Columns of declared joins."""

    async def test_choose_rows_by_their_keys(
        self, database: Database, storage: Storage, tenant: Tenant, store: Store
    ) -> None:
        """A filter on a joined column chooses the same rows for figures, pages and files."""
        for dataset in (samples.TRIPS, samples.CARRIERS):
            await samples.shared(database, dataset)
        await commands.adopt_shared(database, tenant.id)
        await samples.fill(database, storage, tenant.id, "sample_trips", samples.TRIPS_CSV)
        await samples.fill(database, storage, tenant.id, "sample_carriers", samples.CARRIERS_CSV)
        new = NewRelation(
            name="by", columns=["carrier"], target="sample_carriers", target_columns=["carrier"]
        )
        async with database.session(samples.SHARER) as session:
            await commands.declare(session, samples.SHARER, "sample_trips", new)
        try:
            united = Condition(column="by.name", op="eq", value="United")
            question = Question(dataset="sample_trips", where=[united])
            assert (await store.open("sample_trips")).fields["by.name"].family == "Carrier"
            assert (await store.answer(question)).rows == 2
            page = await store.rows(question, None)
            assert [row["carrier"] for row in page.items] == ["UA", "UA"]
            assert await store.own(question) == [Condition(column="carrier", op="in", value=["UA"])]
            nobody = question.but(where=[united.model_copy(update={"value": "Nobody"})])
            assert not (await store.rows(nobody, None)).items
            assert (await store.answer(nobody)).rows == 0
        finally:
            async with database.session(samples.SHARER) as session:
                await commands.undeclare(session, samples.SHARER, "sample_trips", "by")


class TestOthers:
    """What belongs to somebody else."""

    @pytest.mark.usefixtures("rows")
    async def test_never_appears(
        self, store: Store, database: Database, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Suggestions, figures and rows are each tenant's own."""
        other = store_of(database, await make_actor(other_tenant, Role.ANALYST))
        mine = {text for text, _ in await store.suggest("flights", "tailnum", "N")}
        theirs = {text for text, _ in await other.suggest("flights", "tailnum", "N")}
        tails = {row["tailnum"] for row in flights.sample("UA", MOST)}

        assert mine <= tails
        assert not theirs & tails
        assert (await other.answer(Question(dataset="flights"))).rows == len(
            flights.sample("B6", MOST)
        )

    async def test_a_private_dataset_is_not_found(
        self, store: Store, database: Database, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Its name opens nothing for another tenant, and the dataset for its maker."""
        maker = await make_actor(other_tenant, Role.ANALYST)
        new = NewDataset(
            name="hidden_sums", title="Hidden", columns=[NewColumn(name="n", type="integer")]
        )
        async with database.session(maker) as session:
            await commands.define_private(session, maker, new)
        other = store_of(database, maker)

        assert (await other.open("hidden_sums")).title == "Hidden"
        assert "hidden_sums" in {known.name for known in await other.datasets()}
        assert "hidden_sums" not in {known.name for known in await store.datasets()}
        for ask in (store.open("hidden_sums"), store.answer(Question(dataset="hidden_sums"))):
            with pytest.raises(DatasetNotFound):
                await ask

    async def test_a_guest_sees_figures_of_the_part(
        self, rows: Rows, database: Database, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Figures, suggestions and rows are those of the part; the owner's are the whole."""
        owner = await make_actor(tenant, Role.OWNER)
        user, membership = await granting.guest(database, tenant.id)
        nobody = store_of(database, await people.admit(database, user, tenant.id))
        with pytest.raises((Forbidden, DatasetNotFound)):
            await nobody.answer(Question(dataset="flights"))
        await granting.grant(database, owner, membership, "dataset", "flights", filter=JFK)
        part = store_of(database, await people.admit(database, user, tenant.id))
        question = Question(dataset="flights", by=[Group(column="origin")])

        answer = await part.answer(question)
        assert [cell.key for cell in answer.cells] == [("JFK",)]
        assert answer.rows == sum(row["origin"] == "JFK" for row in rows)
        assert [text for text, _ in await part.suggest("flights", "origin", "")] == ["JFK"]
        assert {row["origin"] for row in (await part.rows(question, None)).items} == {"JFK"}
        assert not (await part.open("flights")).may_export
        whole = store_of(database, owner)
        assert (await whole.answer(question)).rows == len(rows)
        assert (await whole.open("flights")).may_export


def test_the_zone_of_the_drill_down_is_that_of_the_question() -> None:
    """A day of New York begins at four o'clock of UTC in summer."""
    assert words.local("2013-06-07T04:00:00Z", NEW_YORK).hour == 0  # type: ignore[union-attr]
    assert words.zone_of(NEW_YORK) == ZoneInfo(NEW_YORK)
