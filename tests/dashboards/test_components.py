"""The small pieces: what they say, how they fail, and that they never run what they show."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from panel.models.esm import DataEvent

from dashboards import theme
from dashboards.components import numbers, states
from dashboards.components.chart import Chart
from dashboards.components.face import Face
from dashboards.components.latest import Latest
from dashboards.components.stage import Stage
from dashboards.components.table import Heading, Table
from dashboards.flights.figures import Day, Destination, Hour, Totals
from dashboards.flights.views import charts, flight_list
from dashboards.flights.views.overview import headlines
from dashboards.guard import known_locale, known_zone
from dashboards.home.views import starter
from dashboards.visits import Screen, screen
from workbench.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from workbench.notebooks.kinds import (
    Boolean,
    Choice,
    Dataset,
    Date,
    Integer,
    Kind,
    Number,
    Text,
    Time,
)
from workbench.notebooks.parameters import ListOf, Range

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOSTILE = '<img src=x onerror="alert(1)">'


class TestNumbers:
    """Numbers as people read them."""

    def test_read_well(self) -> None:
        """Thousands are apart, shares are percentages, delays have a sign and a unit."""
        assert numbers.count(58665) == "58,665"
        assert numbers.count(None) == "–"
        assert numbers.short(89_705_524) == "89.7 M"
        assert numbers.short(1_234) == "1,234"
        assert numbers.share(0.7819) == "78.2 %"
        assert numbers.minutes(3.558) == "+3.6 min"
        assert numbers.minutes(-4.26) == "−4.3 min"  # noqa: RUF001 (a minus, as typeset)
        assert numbers.minutes(-0.01) == "0.0 min"

    @pytest.mark.parametrize(
        ("passed", "text"),
        [
            (timedelta(seconds=5), "just now"),
            (timedelta(minutes=5), "5 min ago"),
            (timedelta(hours=5), "5 h ago"),
            (timedelta(days=1, hours=5), "yesterday"),
            (timedelta(days=9), "14 Nov 2026"),
        ],
    )
    def test_times(self, passed: timedelta, text: str) -> None:
        """A moment is told in one unit."""
        assert numbers.ago(NOW - passed, NOW) == text

    def test_durations(self) -> None:
        """Seconds below a minute, minutes and seconds above."""
        assert numbers.lasted(NOW, NOW + timedelta(seconds=2.5)) == "2.5 s"
        assert numbers.lasted(NOW, NOW + timedelta(seconds=95)) == "1 min 35 s"
        assert numbers.lasted(NOW, None) == "–"


class TestFace:
    """Templates in panes."""

    def test_escapes(self) -> None:
        """What is shown is text, whatever it contains."""
        face = Face("heading", title=HOSTILE, text="")

        assert HOSTILE not in face.pane.object
        assert "&lt;img" in face.pane.object

    def test_changes_in_place(self) -> None:
        """Other values change the pane that is there."""
        face = Face("heading", title="One", text="")
        pane = face.pane
        face.show(title="Two", text="")

        assert face.pane is pane
        assert "Two" in pane.object


class TestLatest:
    """Coalescing."""

    async def test_does_the_newest_once_more(self) -> None:
        """Nine requests during one run lead to one more run, which sees the newest choice."""
        chosen, seen = 0, []

        async def work() -> None:
            seen.append(chosen)
            await asyncio.sleep(0.01)

        latest = Latest(work)
        tasks = []
        for chosen in range(10):  # noqa: B007 (the work reads it)
            tasks.append(asyncio.create_task(latest.ask()))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)

        assert seen == [0, 9]

    async def test_recovers(self) -> None:
        """After a failure it works again."""
        runs = 0

        async def work() -> None:
            nonlocal runs
            runs += 1
            if runs == 1:
                raise Unavailable

        latest = Latest(work)
        with pytest.raises(Unavailable):
            await latest.ask()
        await latest.ask()

        assert runs == 2


class TestStage:
    """Content or the face that says why there is none."""

    @pytest.mark.parametrize(
        ("error", "title", "can_retry"),
        [
            (Unauthenticated(), "You are signed out", False),
            (Forbidden(), "This is not open to you", False),
            (NotFound(), "This is not open to you", False),
            (Unavailable(), "This could not be loaded", True),
            (ConnectionError(), "This could not be loaded", True),
            (RuntimeError("nobody expected this"), "This could not be loaded", True),
        ],
    )
    async def test_shows_a_face(self, error: Exception, title: str, can_retry: bool) -> None:  # noqa: FBT001
        """Each kind of failure has its face; trying again brings the content back."""
        failure: list[Exception] = [error]

        async def work() -> None:
            if failure:
                raise failure.pop()
            stage.show_state(None)

        stage = Stage(work, "content", at="/dashboards/flights")
        await stage.refresh()

        assert title in stage._face.pane.object
        assert "nobody expected" not in stage._face.pane.object
        assert (stage._content.visible, stage._retry.visible) == (False, can_retry)
        await stage.refresh()
        assert (stage._content.visible, stage._retry.visible) == (True, False)

    @pytest.mark.parametrize(("at", "link"), [(states.HOME, ""), ("/dashboards/a", states.HOME)])
    def test_offers_no_way_to_where_one_is(self, at: str, link: str) -> None:
        """What is not open leads to the first dashboard, except from there."""
        state = states.of(Forbidden(), at)

        assert state is not None
        assert state.link == link

    def test_unexpected_errors_have_no_state(self) -> None:
        """What nobody expected is for the log, not for the visitor."""
        assert states.of(RuntimeError("secret")) is None


class TestTable:
    """Wishes from the browser."""

    async def test_passes_on_what_it_knows(self) -> None:
        """A wish for a column that is not there, or of an unknown kind, is dropped."""
        wishes: list[Any] = []

        async def on_wish(kind: str, column: str) -> None:
            wishes.append((kind, column))

        table = Table.of((Heading("a", "A"),), on_wish)
        for data in (
            {"kind": "sort", "column": "a"},
            {"kind": "sort", "column": "tenant_id"},
            {"kind": "next"},
            {"kind": "drop"},
            {},
        ):
            table._process_event(DataEvent(None, data))
        await asyncio.sleep(0.05)

        assert wishes == [("sort", "a"), ("next", "")]


DAYS = [Day(date(2013, 1, 1) + timedelta(days=n), n + 1, float(n)) for n in range(90)]
DESTINATIONS = [Destination("ORD", "Chicago", 1234, 3.0), Destination("IAH", "", 2, None)]
HOURS = [Hour(0, 6, 10, 1.0), Hour(6, 21, 3, 40.0)]


@pytest.mark.parametrize("mode", ["light", "dark"])
class TestCharts:
    """From figures to drawings."""

    def test_daily(self, mode: str) -> None:
        """Many days get a smooth line, few days get points, and none get nothing."""
        assert [s["type"] for s in charts.daily(DAYS, mode)["series"]] == ["line", "line", "bar"]
        assert [s["type"] for s in charts.daily(DAYS[:9], mode)["series"]] == ["scatter", "bar"]
        assert charts.daily([], mode)["series"][0]["data"] == []

    def test_weekly_mean_is_weighted(self, mode: str) -> None:
        """A day with more flights weighs more, and an eighth day falls out."""
        del mode
        assert charts.weekly(DAYS[:2])[1][1] == round((1 * 0 + 2 * 1) / 3, 1)
        assert charts.weekly(DAYS[:8])[7][1] == round(
            sum((n + 1) * n for n in range(1, 8)) / sum(n + 1 for n in range(1, 8)), 1
        )

    def test_destinations(self, mode: str) -> None:
        """Bars say the code, the name, the number with separators and the delay."""
        bars = charts.destinations(DESTINATIONS, mode)["series"][0]["data"]

        assert bars[0]["name"] == "ORD  Chicago: 1,234 flights, +3.0 min on average"
        assert bars[1]["name"] == "IAH: 2 flights, – on average"

    def test_hours(self, mode: str) -> None:
        """The map spans the hours that there are, and stands without any."""
        option = charts.hours(HOURS, mode)

        assert len(option["xAxis"]["data"]) == 16
        assert [cell["value"][:2] for cell in option["series"][0]["data"]] == [[0, 0], [15, 6]]
        assert charts.hours([], mode)["series"][0]["data"] == []


def test_chart_follows_the_scheme() -> None:
    """The same pane is drawn again in other colours when the page changes."""
    import panel_material_ui as pmui  # noqa: PLC0415 (only here)

    page = pmui.Page(dark_theme=False)
    chart = Chart("Why?", "Because")
    chart.follow(page)
    chart.draw(lambda mode: {"title": mode})
    drawing = chart._drawing
    assert drawing.object["title"] == "light"
    page.dark_theme = True

    assert chart._drawing is drawing
    assert drawing.object["title"] == "dark"
    assert drawing.object["color"] == theme.SERIES["dark"]


def test_headlines_without_flights() -> None:
    """A choice without flights shows dashes, not errors."""
    shown = headlines(Totals(0, 0, 0, 0, None, None), 10)

    assert [figure["value"] for figure in shown] == ["0", "–", "–", "–", "– mi"]


def test_a_cancelled_flight_says_so() -> None:
    """A flight without departure shows no delay but the reason."""
    row = {"year": 2013, "month": 1, "day": 2, "sched_dep_time": 5, "carrier": "UA", "flight": 1}
    row |= dict.fromkeys(("origin", "dest", "dep_time", "dep_delay", "arr_delay"))
    row |= dict.fromkeys(("air_time", "distance", "tailnum"))

    texts = flight_list.texts(row)

    assert texts[0] == "2013-01-02 00:05"
    assert texts[4] == "cancelled"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Integer(default=3, minimum=1, maximum=9), 3),
        (Integer(default=None, optional=True), None),
        (Number(default=0.5), 0.5),
        (Boolean(default=True), True),
        (Text(default="a"), "a"),
        (Text(default=None, optional=True), None),
        (Choice(default="b", choices=("a", "b")), "b"),
        (Choice(default=2, choices=(1, 2)), 2),
        (Choice(default=None, choices=("a", "b"), optional=True), None),
        (Date(default="2013-05-01", minimum=date(2013, 1, 1)), "2013-05-01"),
        (Date(default=None, optional=True), None),
        (Time(default="08:30"), "08:30"),
        (Dataset(default="planes"), "planes"),
        (ListOf(default=[1, 2], of=Integer()), [1, 2]),
        (Range(default=[1, 12], of=Integer()), [1, 12]),
    ],
)
def test_forms_keep_defaults(kind: Kind, expected: Any) -> None:
    """Each kind of parameter has a control that answers its default as JSON."""
    control = starter.field("a_name", kind, ["flights", "planes"])

    assert starter.value(control, kind) == expected
    assert control.label == "A name"


class TestPlaces:
    """Numbers and days where the visitor is."""

    def test_read_as_at_home(self) -> None:
        """A locale has its own signs and a zone its own day; what is none of both is English."""
        moment = datetime(2026, 5, 1, 23, 30, tzinfo=UTC)
        for told, zone, text in (
            ("de-DE", "Europe/Berlin", "1.234.567,5 · 12,3 % · +1.234,0 min · 2 Mai 2026"),
            ("de-CH", "Europe/Zurich", "1’234’567.5 · 12.3 % · +1’234.0 min · 2 Mai 2026"),
            ("en-IN", "Asia/Kolkata", "12,34,567.5 · 12.3 % · +1,234.0 min · 2 May 2026"),
            ("en-US", "America/New_York", "1,234,567.5 · 12.3 % · +1,234.0 min · 1 May 2026"),
            ("../x", "../../etc/passwd", "1,234,567.5 · 12.3 % · +1,234.0 min · 1 May 2026"),
        ):
            token = screen.set(Screen(locale=known_locale(told), zone=known_zone(zone)))
            found = (
                numbers.decimal(1234567.5, 1),
                numbers.share(0.1234),
                numbers.minutes(1234),
                numbers.day(moment),
            )
            screen.reset(token)
            assert " · ".join(found) == text
