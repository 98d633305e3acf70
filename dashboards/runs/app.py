"""Composing the dashboard of notebooks and runs."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import panel as pn

from dashboards import live
from dashboards.components import states
from dashboards.components.face import Face
from dashboards.components.parts import Wish
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.components.toast import Toast
from dashboards.hearing import Kind
from dashboards.runs.guide import Guide
from dashboards.runs.opened import Opened
from dashboards.runs.ordering import Ordering
from dashboards.runs.past import Past
from dashboards.runs.planning import Planning
from dashboards.runs.state import HISTORY, SCHEDULES, Place, State
from dashboards.runs.store.alerts import AlertStore
from dashboards.runs.store.desk import Desk
from dashboards.runs.store.past import PastStore
from dashboards.runs.store.planning import PlanningStore
from dashboards.runs.store.running import RunStore
from dashboards.runs.store.shelf import ShelfStore
from dashboards.runs.views import parts
from dashboards.runs.views.places import Places
from dashboards.visits import Visit
from workbench.errors import NotFound

PATH = "/dashboards/runs"
TITLE = "Notebooks & runs"
TEXT = "Start a notebook, watch it work, read what it found, and have it run by itself."
OF_A_TENANT = states.State(
    "Runs belong to a company",
    "You are signed in for the whole platform, which runs no notebooks of its own.",
    states.HOME,
    "Go to Home",
)
NOT_OPEN = states.State(
    "Notebooks are not open to you",
    "Your role shows neither notebooks nor their runs. An owner of your company can change that.",
    states.HOME,
    "Go to Home",
)
NO_RUN = states.State(
    "There is no such run",
    "It was deleted, or it belongs to another company. The history shows all that is there.",
    Place(tab=HISTORY).search,
    "Show the history",
)
Fill = Callable[[Place, dict[UUID, str]], Awaitable[None]]
DOING = frozenset({"cancel", "retry", "delete", "restore"})
PLANS = frozenset({"pause", "resume", "remove"})
PAST = frozenset({"filter", "compare", "older", "newer"})


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard for a visit; who may see no runs is told so."""
    state = None if Desk(visit).may_look else NOT_OPEN
    state = OF_A_TENANT if visit.actor.tenant_id is None else state
    if state is None:
        return Runs(visit, Place.of(pn.state.session_args)).page
    heading = Face("heading", title=TITLE, text="")
    return Shell(visit, TITLE, heading.pane, Face("state", state=state).pane, at=PATH).page


class Runs:
    """One visit, going from one place to another."""

    def __init__(self, visit: Visit, place: Place) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        desk = self._desk = Desk(visit)
        self._state = State(place=place)
        self._names: dict[UUID, str] | None = None
        toast = Toast()
        self._guide = Guide(toast, self._go)
        self._places = Places.of(self._hear)
        past, shelf = PastStore(desk), ShelfStore(desk)
        self._ordering = Ordering(shelf, self._guide, self._hear)
        self._opened = Opened(RunStore(desk), past, self._guide, self._hear)
        self._past = Past(past, self._guide, self._hear)
        stores = (PlanningStore(desk), AlertStore(desk), shelf)
        self._planning = Planning(stores, self._guide, self._hear)
        self._no_run = Face("state", state=NO_RUN)
        self._parts = (
            self._ordering.shelf,
            self._ordering.form,
            self._opened.pane,
            self._past.list,
            self._past.comparison,
            self._planning.list,
            self._planning.form,
            self._no_run.pane,
        )
        self._show(self._part(place)[0])
        self._stage = Stage(self._refresh, *self._parts, at=PATH)
        heading = Face("heading", title=TITLE, text=TEXT)
        parts_ = (heading.pane, self._places, self._stage.pane, toast)
        self._shell = Shell(visit, TITLE, *parts_, at=PATH)
        self.page = self._shell.page
        self._opened.follow(self.page)
        self._past.follow(self.page)
        live.follow(visit, {Kind.RUNS: self._heard})
        pn.state.onload(self._stage.refresh)

    async def _refresh(self) -> None:
        place = self._state.place
        part, fill = self._part(place)
        with pn.io.hold():
            self._places.lead(place)
            self._stage.show_state(None)
            self._show(part)
        if self._names is None:
            self._names = dict(await self._desk.people())
        try:
            await fill(place, self._names)
        except NotFound:
            if not place.run:
                raise
            self._show(self._no_run.pane)

    def _part(self, place: Place) -> tuple[Any, Fill]:
        """What is shown at a place, and what fills it."""
        opened, past = self._opened, self._past
        planning, ordering = self._planning, self._ordering
        if place.run:
            comparison = (past.comparison, past.compare)
            return comparison if place.other else (opened.pane, opened.show)
        if place.tab == SCHEDULES:
            planned = (planning.form, planning.show_form)
            return planned if place.schedule else (planning.list, planning.show)
        if place.tab == HISTORY:
            return past.list, past.show
        ordered = (ordering.form, ordering.show_form)
        return ordered if place.notebook else (ordering.shelf, ordering.show_shelf)

    def _show(self, shown: Any) -> None:
        for part in self._parts:
            part.visible = part is shown

    async def _go(self, place: Place) -> None:
        """Show another place, or the same one as it is now."""
        if place != self._state.place:
            self._ordering.leave()
            self._planning.leave()
            self._state.place = place
        await self._stage.refresh()

    async def _heard(self, ids: frozenset[str]) -> None:
        """Draw again what may have changed: a run has moved, has got on, or has printed."""
        place = self._state.place
        is_other = bool(place.run) and bool(ids) and place.run not in ids
        is_typing = bool(place.schedule) or bool(place.notebook and not place.tab)
        if not (is_other or is_typing or place.other):
            await self._stage.refresh()

    async def _hear(self, wish: Wish) -> None:
        """Do what a part of the page wishes."""
        if wish.kind == parts.GO:
            await self._go(Place.read(wish.value))
        elif wish.kind in PAST:
            await self._past.hear(wish)
        elif wish.kind == "sketch":
            await self._planning.sketch(wish.form)
        elif wish.kind in {"subscribe", "unsubscribe"}:
            await self._planning.alert(wish)
        elif wish.id is not None:
            await self._change(wish.kind, wish.id)

    async def _change(self, kind: str, found: UUID) -> None:
        if kind == "restore":
            await self._opened.restore(found)
        elif kind in DOING:
            await self._opened.do(kind, found)
        elif kind in PLANS:
            await self._planning.do(kind, found)
        elif kind == "ticks":
            await self._planning.ticks(found)
