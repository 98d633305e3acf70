"""Composing the dashboard of flights."""

import asyncio

import panel as pn

from dashboards import live
from dashboards.components import states
from dashboards.components.face import Face
from dashboards.components.latest import Latest
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.flights.figures import Options
from dashboards.flights.state import State
from dashboards.flights.store import AIRPORTS, FLIGHTS, PAGE, NoFlights, Row, Store
from dashboards.flights.views.filters import Filters
from dashboards.flights.views.flight_list import FlightList
from dashboards.flights.views.overview import Overview
from dashboards.hearing import Kind
from dashboards.visits import Visit
from workbench.datasets.schemas import Sort
from workbench.db.pages import Page

PATH = "/dashboards/flights"
EMPTY = states.State(
    "No flights yet",
    "As soon as an engineer of your company has loaded a file of flights, they appear here.",
    "/dashboards/files",
    "Bring a file",
)


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard of flights for a visit."""
    return Flights(visit).page


class Flights:
    """One visit to the dashboard of flights."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._store = Store(visit)
        self._state = State()
        self._options: Options | None = None
        self._total = 0
        self._next: str | None = None
        self._heading = Face("heading", title="Flights", text="")
        self._filters = Filters(self._state)
        self._overview = Overview()
        self._list = FlightList(self._wish)
        self._stage = Stage(self._refresh, *self._overview.parts, self._list.pane, at=PATH)
        self._turn = Latest(self._stage.attempting(self._refresh_list)).ask
        self._shell = self._composed(visit)
        self.page = self._shell.page
        self._state.param.watch(self._choose, ["origin", "destination", "since", "until"])
        live.follow(visit, {Kind.DATASETS: self._hear})
        pn.state.onload(self._stage.refresh)

    def _composed(self, visit: Visit) -> Shell:
        shell = Shell(
            visit,
            "Flights",
            self._heading.pane,
            self._stage.pane,
            at=PATH,
            sidebar=[self._filters.pane],
            sidebar_width=290,
            sidebar_resizable=False,
        )
        self._overview.follow(shell.page)
        return shell

    async def _choose(self, *_events: object) -> None:
        """Show what was chosen, from its first page on."""
        self._state.restart()
        await self._stage.refresh()

    async def _hear(self, names: frozenset[str]) -> None:
        """Show the choice again, where the visitor is in it, when its rows have changed."""
        if not names or names & {FLIGHTS, AIRPORTS}:
            self._options = None
            self._store.forget()
            await self._stage.refresh()

    async def _refresh(self) -> None:
        options = self._options or await self._open()
        if not options or not options.flights:
            self._stage.show_state(EMPTY)
            return
        choice, cursor = self._state.choice(), self._state.cursors[-1]
        self._list.wait()
        order = Sort(column=self._state.order, descending=self._state.descending)
        figures, found = await asyncio.gather(
            self._store.figures(choice), self._store.flights(choice, order, cursor)
        )
        self._total = figures.totals.flights
        with pn.io.hold():
            self._stage.show_state(None)
            self._overview.show(figures, options.flights)
            self._show_list(found)

    async def _open(self) -> Options | None:
        try:
            name, options = await asyncio.gather(self._store.tenant_name(), self._store.options())
        except NoFlights:
            return None
        self._options = options
        with pn.io.hold():
            self._heading.show(title="Flights", text=headline(name, options))
            self._filters.offer(options)
        return options

    async def _wish(self, kind: str, column: str) -> None:
        if kind == "sort":
            self._state.sort_by(column)
        elif kind == "previous":
            self._state.go_back()
        elif self._next is not None:
            self._state.go_on(self._next)
        await self._turn()

    async def _refresh_list(self) -> None:
        self._list.wait()
        state = self._state
        order = Sort(column=state.order, descending=state.descending)
        found = await self._store.flights(state.choice(), order, state.cursors[-1])
        with pn.io.hold():
            self._show_list(found)

    def _show_list(self, found: Page[Row]) -> None:
        self._next = found.next_cursor
        self._list.show(
            found.items,
            first=(len(self._state.cursors) - 1) * PAGE + 1,
            total=self._total,
            has_next=found.next_cursor is not None,
            order=self._state.order,
            descending=self._state.descending,
        )


def headline(name: str, options: Options) -> str:
    """What is shown, in a sentence."""
    if options.first is None or options.last is None:
        return f"{options.flights:,} flights of {name}"
    return (
        f"{options.flights:,} flights of {name} from New York City, "
        f"{options.first:%-d %b %Y} to {options.last:%-d %b %Y}"
    )
