"""A question in an address and in words: what is written is read again, and nothing else is."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from dashboards.components import states
from dashboards.explore import choosing, words
from dashboards.explore.app import PATH, unclear
from dashboards.explore.figures import Field, Opened, kind_of
from dashboards.explore.state import Question, UnreadableLink, is_bare, read, write
from dashboards.explore.views import texts
from dashboards.explore.views.form import leaving
from dashboards.explore.words import Draft
from tests.support.flights import FLIGHTS
from workbench.datasets.schemas import Condition, Group, Measure, Sort
from workbench.errors import Invalid

FIELDS = {column.name: Field(column.name, column.name, column.type) for column in FLIGHTS.columns}
FIELDS["on"] = Field("on", "Day", "date")
FIELDS["is_late"] = Field("is_late", "Late", "boolean")
OPENED = Opened("flights", "Flights", FIELDS, may_export=True)
NEW_YORK = "America/New_York"
FULL = Question(
    dataset="flights",
    show=Measure(function="mean", column="arr_delay"),
    by=[Group(column="time_hour", bucket="weekday"), Group(column="distance", width=500)],
    where=[
        Condition(column="dest", op="eq", value='"quoted" & <b>, ü'),
        Condition(column="time_hour", op="in", value=[4], bucket="weekday", zone=NEW_YORK),
    ],
    order="least",
    first=7,
    chart="heat",
    zone=NEW_YORK,
    rows=Sort(column="arr_delay", descending=True),
)


def arguments(address: str) -> dict[str, list[str]]:
    """The parts of an address."""
    return parse_qs(address)


class TestAddress:
    """The address of a question."""

    @pytest.mark.parametrize("question", [FULL, Question(dataset="flights"), Question()])
    def test_restores_it(self, question: Question) -> None:
        """A link leads to exactly the question that it was copied from."""
        assert read(arguments(write(question))) == question

    @pytest.mark.parametrize(
        "address",
        [
            "show=drop:table",
            "show=mean",
            "by=time_hour:fortnight",
            "by=distance:-5",
            "by=a&by=b&by=c",
            "where=no",
            "where=[1]",
            'where=[{"column":"a","op":"like","value":1}]',
            "where=" + "[" * 5000,
            "first=0",
            "first=many",
            "zone=<script>",
            "chart=pie",
            f"dataset={'x' * 30_000}",
        ],
    )
    def test_is_refused_when_nobody_wrote_it(self, address: str) -> None:
        """Whatever else stands there is no question, and the page says so."""
        with pytest.raises(UnreadableLink) as caught:
            read(arguments(address))
        face = unclear(caught.value)
        assert (face.title, face.link) == ("This cannot be shown", PATH)
        assert face != states.FAILED

    def test_that_names_a_dataset_alone_begins(self) -> None:
        """The first question of a dataset shows something at once."""
        assert is_bare({"dataset": ["flights"]})
        assert not is_bare(arguments(write(FULL)))
        assert choosing.first(OPENED).by == [Group(column="time_hour", bucket="month")]


DRAFTS = [
    Draft("dest", "is", ("LAX",)),
    Draft("dest", "is", ("LAX", "SFO")),
    Draft("dest", "is_not", ("LAX",)),
    Draft("dest", "contains", ("a",)),
    Draft("dest", "empty"),
    Draft("dest", "filled"),
    Draft("month", "is", ("6",)),
    Draft("month", "is", ("6", "7")),
    Draft("month", "between", ("6", "8")),
    Draft("arr_delay", "least", ("-5",)),
    Draft("is_late", "yes"),
    Draft("on", "between", ("2013-06-01", "2013-06-30")),
    Draft("on", "weekday", ("4",)),
    Draft("time_hour", "on", ("2013-06-07",)),
    Draft("time_hour", "between", ("2013-06-01", "2013-06-30")),
    Draft("time_hour", "from", ("2013-11-03",)),
    Draft("time_hour", "before", ("2013-11-04",)),
    Draft("time_hour", "weekday", ("4", "5")),
    Draft("time_hour", "hour", ("17",)),
]


class TestWords:
    """Filters as people fill them in."""

    @pytest.mark.parametrize("zone", [None, NEW_YORK])
    @pytest.mark.parametrize("draft", DRAFTS, ids=str)
    def test_can_be_changed_again(self, draft: Draft, zone: str | None) -> None:
        """What was filled in comes back from the condition that was made of it."""
        field = FIELDS[draft.column]
        made = words.condition(field, draft, zone)
        again = words.draft(field, made, zone)

        assert again is not None
        assert words.condition(field, again, zone) == made
        assert set(again.values) == set(draft.values)
        assert texts.condition(field, made, zone)

    @pytest.mark.parametrize(
        "draft",
        [
            Draft("dest", "is"),
            Draft("dest", "is", ("  ",)),
            Draft("dest", "weekday", ("4",)),
            Draft("month", "is", ("six",)),
            Draft("arr_delay", "between", ("1",)),
            Draft("time_hour", "on", ("yesterday",)),
            Draft("time_hour", "between", ("2013-06-01", "9999-12-31")),
        ],
        ids=str,
    )
    def test_say_what_is_missing(self, draft: Draft) -> None:
        """What is not filled in, or not as the column needs it, is refused in words."""
        with pytest.raises(Invalid):
            words.condition(FIELDS[draft.column], draft, NEW_YORK)

    def test_of_another_zone_move_with_it(self) -> None:
        """Who looks at other clocks keeps the days that were chosen, not their instants."""
        day = words.condition(FIELDS["time_hour"], Draft("time_hour", "on", ("2013-06-07",)), None)
        question = Question(dataset="flights", where=[day])
        asked: dict[str, Any] = {"function": "count", "by": [], "order": "auto", "chart": "auto"}
        moved = choosing.changed(question, OPENED, "ask", {"asked": asked | {"zone": NEW_YORK}})

        assert moved.where[0].value == ["2013-06-07T04:00:00Z", "2013-06-08T03:59:59.999999Z"]
        assert texts.condition(FIELDS["time_hour"], moved.where[0], NEW_YORK).endswith("7 Jun 2013")


def test_a_drawing_suits_its_question() -> None:
    """Times are lines, categories bars, two groups stacked bars or a map of colours."""
    month, dest = Group(column="time_hour", bucket="month"), Group(column="dest")
    weekday = Group(column="time_hour", bucket="weekday")
    late = Measure(function="mean", column="arr_delay")
    kinds = [
        kind_of(Question(by=by, show=show, chart=chart), FIELDS)
        for by, show, chart in (
            ([], late, "bar"),
            ([month], late, "auto"),
            ([dest], late, "auto"),
            ([dest], late, "heat"),
            ([dest, weekday], late, "auto"),
            ([dest, weekday], Measure(function="count"), "auto"),
            ([month, dest], late, "auto"),
        )
    ]
    assert kinds == ["none", "line", "bar", "bar", "heat", "stacked", "line"]


def test_files_hold_what_the_screen_shows() -> None:
    """The links name the same filters and order; who may not export gets none."""
    links = leaving(OPENED, FULL, FULL.where)
    start, _, query = links["csv"].partition("?")
    found = arguments(query)

    assert start == "/api/v1/datasets/flights/export"
    assert found["sort"] == ["-arr_delay"]
    assert found["format"] == ["csv"]
    assert "weekday" in found["filter"][0]
    closed = Opened("flights", "Flights", FIELDS, may_export=False)
    assert leaving(closed, FULL, FULL.where)["csv"] == ""
