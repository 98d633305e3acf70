"""The composed page of Explore, as a visit drives it without a browser."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from dashboards.explore.app import Explore
from dashboards.explore.state import read, write
from dashboards.visits import House, Screen, Visit
from tests.conftest import MakeActor
from tests.dashboards.test_pages import until
from tests.support import flights
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.settings import ROOT
from workbench.tenants.models import Tenant

MOST = 120
WORST: Mapping[str, list[str]] = {
    "dataset": ["flights"],
    "show": ["mean:arr_delay"],
    "by": ["dest"],
    "where": ['[{"column":"origin","op":"eq","value":"EWR"}]'],
}


async def opened(
    database: Database, actor: Actor, arguments: Mapping[str, list[str]] | None = None
) -> Explore:
    """A visit whose data have arrived."""
    visit = Explore(Visit(actor, House(database, ROOT / "notebooks"), Screen()), arguments or {})
    await visit._stage.refresh()
    return visit


@pytest.fixture
async def loaded(database: Database, tenant: Tenant) -> list[dict[str, Any]]:
    """The flights of the tenant."""
    await flights.load(database, tenant.id, "UA", MOST)
    return flights.sample("UA", MOST)


@pytest.mark.usefixtures("loaded")
class TestLinks:
    """What an address shows."""

    async def test_without_a_dataset_there_is_a_choice(
        self, database: Database, actor: Actor
    ) -> None:
        """Every dataset is a link, and nothing is asked yet."""
        visit = await opened(database, actor)
        assert 'href="/dashboards/explore?dataset=flights"' in visit._choice.pane.object
        assert visit._choice.pane.visible
        assert not visit._found.visible

    async def test_a_link_restores_the_question(
        self, loaded: list[dict[str, Any]], database: Database, actor: Actor
    ) -> None:
        """Form, figures, rows and the page's own address are those of the link."""
        visit = await opened(database, actor, WORST)
        count = sum(row["origin"] == "EWR" for row in loaded)

        assert visit._form.asked["function"] == "mean"
        assert [chip["text"] for chip in visit._form.chips] == ["Origin is EWR"]
        assert f"of {count} rows of Flights" in visit._result.parts[0].object
        assert visit._rows._table.label.endswith(f"of {count} rows")
        assert visit._state.question == read(WORST)
        assert visit._form.address.startswith("dataset=flights&show=mean")

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"dataset": ["somebody_elses"]}, "no such dataset"),
            ({**WORST, "by": ["secret"]}, "no column secret"),
            ({**WORST, "show": ["sum:dest"]}, "is not a number"),
            ({**WORST, "where": ["<b>"]}, "not one that Workbench wrote"),
        ],
    )
    async def test_one_that_leads_nowhere_says_so(
        self, database: Database, actor: Actor, arguments: dict[str, list[str]], said: str
    ) -> None:
        """There is a face with a way on, and the form still offers what there is."""
        visit = await opened(database, actor, arguments)
        assert said in visit._stage._face.pane.object
        assert "href" in visit._stage._face.pane.object
        assert not visit._stage._content.visible
        assert "flights" in [known["name"] for known in visit._form.datasets]

        await visit._wish({"kind": "dataset", "dataset": "flights"})
        shown = [visit._stage._content.visible, visit._found.visible]
        assert shown == [True, True]


@pytest.mark.usefixtures("loaded")
class TestWishes:
    """What the form and the tables wish."""

    async def test_change_the_question(self, database: Database, actor: Actor) -> None:
        """A filter comes and goes, a group that is picked becomes one, headings sort."""
        visit = await opened(database, actor, WORST)
        everything = visit._rows._table.label
        filled = {"kind": "filter", "at": -1, "column": "month", "word": "is", "values": ["1"]}
        await visit._wish(filled)
        await visit._stage.refresh()
        assert [chip["word"] for chip in visit._form.chips] == ["is", "is"]
        await visit._wish({"kind": "unfilter", "at": 1})
        await visit._stage.refresh()
        assert visit._rows._table.label == everything

        first = visit._result.key(0)
        await visit._pick(0)
        await visit._stage.refresh()
        assert visit._form.chips[-1]["text"] == f"Dest is {first[0]}"
        column = [heading["name"] for heading in visit._rows._table.columns].index("dest")
        assert {row[column] for row in visit._rows._table.rows} == {first[0]}

        await visit._turn("sort", "arr_delay")
        await visit._stage.refresh()
        assert visit._rows._table.order == "arr_delay"
        assert "rows=arr_delay" in visit._form.address

    @pytest.mark.parametrize(
        "wish",
        [
            {"kind": "filter", "column": "month", "word": "is", "values": ["six"]},
            {"kind": "filter", "column": "secret", "word": "is", "values": ["1"]},
            {"kind": "ask", "asked": {"function": "drop"}},
            {"kind": "ask", "asked": None},
            {"kind": "suggest", "column": "month"},
            {"kind": "nothing"},
            {},
        ],
        ids=str,
    )
    async def test_that_cannot_be_granted_say_why(
        self, database: Database, actor: Actor, wish: dict[str, Any]
    ) -> None:
        """The form says what is wrong, and the question stays as it was."""
        visit = await opened(database, actor, WORST)
        before = visit._state.question
        await visit._wish(wish)

        assert visit._form.said
        assert visit._state.question == before
        assert visit._stage._content.visible

    async def test_come_one_upon_the_other(self, database: Database, actor: Actor) -> None:
        """Two choices made before the first was answered both hold."""
        visit = await opened(database, actor, WORST)
        await asyncio.gather(
            visit._wish({"kind": "ask", "asked": {"by": [{"column": "origin"}]}}),
            visit._wish({"kind": "ask", "asked": {"zone": "America/New_York"}}),
            visit._wish({"kind": "ask", "asked": {"order": "least"}}),
        )
        question = visit._state.question
        assert [group.column for group in question.by] == ["origin"]
        assert (question.zone, question.order) == ("America/New_York", "least")
        await until(lambda: visit._form.address == write(question))

    async def test_suggest_the_visitors_own(self, database: Database, actor: Actor) -> None:
        """Texts that hold a piece, with how many rows each has."""
        visit = await opened(database, actor, WORST)
        await visit._wish({"kind": "suggest", "column": "origin", "piece": "ew"})
        assert [text for text, _ in visit._form.suggestions["values"]] == ["EWR"]


class TestNothing:
    """What is not there."""

    async def test_an_empty_dataset_says_what_to_do(
        self, database: Database, actor: Actor, tenant: Tenant
    ) -> None:
        """No rows yet: the next step is to bring a file."""
        await flights.define(database)
        await commands.adopt_shared(database, tenant.id)
        visit = await opened(database, actor, {"dataset": ["flights"]})
        assert "No rows yet" in visit._stage._face.pane.object
        assert 'href="/dashboards/files"' in visit._stage._face.pane.object

    async def test_without_a_right(
        self, database: Database, tenant: Tenant, make_actor: MakeActor, actor: Actor
    ) -> None:
        """Who may read no datasets is told so; a viewer, who may, sees figures but no files."""
        await flights.load(database, tenant.id, "UA", MOST)
        blind = actor.narrowed(actor.permissions - {Permission.DATASET_READ})
        assert "not open to you" in (await opened(database, blind, WORST))._stage._face.pane.object
        viewer = await opened(database, await make_actor(tenant, Role.VIEWER), WORST)
        assert viewer._found.visible
        assert viewer._form.leaving["csv"] == ""
        analyst = await opened(database, actor, WORST)
        assert analyst._form.leaving["csv"].startswith("/api/v1/datasets/flights/export?")
