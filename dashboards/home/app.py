"""Composing the first dashboard."""

import asyncio
from typing import Any

import panel as pn

from dashboards import live
from dashboards.components import layout, states
from dashboards.components.face import Face
from dashboards.components.latest import Latest
from dashboards.components.shell import Shell, links
from dashboards.components.stage import Stage
from dashboards.hearing import Kind
from dashboards.home.state import State
from dashboards.home.store import Store
from dashboards.home.views.lists import Lists
from dashboards.home.views.starter import Starter
from dashboards.home.views.tenants import Tenants
from dashboards.visits import Visit
from workbench.errors import Invalid, WorkbenchError

PATH = "/dashboards/home"
FOLLOW_EVERY = 1500  # ms, while a run waits or works
WORKING = "Everything here for programs, with SQL and imports."
OPERATING = "Make, suspend and resume tenants, and all else for programs."
COLUMNS = """
:host {
  display: grid !important;
  grid-template-columns: minmax(0, 1fr) 340px;
  gap: 20px;
  align-items: start;
}
@media (max-width: 1000px) { :host { display: flex !important; } }
"""


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the first dashboard for a visit: a tenant's, or the platform's for its operator."""
    return (Home if visit.actor.tenant_id else Overview)(visit).page


class Overview:
    """One visit of the platform's operator, who sees tenants but nothing that is theirs."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._store = Store(visit)
        self._heading = Face("heading", title="Platform", text="")
        self._tenants = Tenants()
        more = Face("links", links=links(visit.actor), api=OPERATING)
        columns = layout.column(layout.stack(self._tenants.pane), more.pane, css=COLUMNS)
        self._stage = Stage(self._refresh, columns, at=PATH)
        self._shell = Shell(visit, "Platform", self._heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        pn.state.onload(self._stage.refresh)

    async def _refresh(self) -> None:
        platform = await self._store.platform()
        with pn.io.hold():
            self._stage.show_state(None)
            who = f"Signed in as {platform.person}, for the whole platform"
            self._heading.show(title="Platform", text=who)
            self._tenants.show(platform)


class Home:
    """One visit of a tenant's member."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._store = Store(visit)
        self._state = State()
        self._heading = Face("heading", title="Welcome", text="")
        self._lists = Lists()
        self._starter = Starter(self._state, self._start)
        self._links = Face("links", links=links(visit.actor), api=WORKING)
        side = [self._starter.pane] if self._store.may_start else []
        columns = layout.column(
            layout.stack(self._lists.datasets, self._lists.runs),
            layout.stack(*side, self._links.pane),
            css=COLUMNS,
        )
        self._stage = Stage(self._refresh, columns, at=PATH)
        self._follow = Latest(self._stage.attempting(self._refresh_runs)).ask
        self._shell = Shell(visit, "Home", self._heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        self._clock = pn.state.add_periodic_callback(
            self._follow,  # type: ignore[arg-type]  # coroutine functions may come, too
            period=FOLLOW_EVERY,
            start=False,
        )
        self._state.param.watch(self._toggle_clock, "is_following")
        live.follow(visit, {Kind.DATASETS: self._stage.refresh, Kind.RUNS: self._follow})
        pn.state.onload(self._stage.refresh)

    async def _refresh(self) -> None:
        welcome, datasets, runs = await asyncio.gather(
            self._store.welcome(), self._store.datasets(), self._store.runs()
        )
        with pn.io.hold():
            self._stage.show_state(None)
            self._heading.show(
                title=welcome.tenant, text=f"Signed in as {welcome.person}, {welcome.role}"
            )
            self._lists.show_datasets(datasets)
            self._lists.show_runs(runs)
            if self._store.may_start:
                names = [dataset.name for dataset in datasets]
                self._starter.offer(self._store.notebooks(), names)
        self._state.is_following = any(run.is_live for run in runs)

    async def _refresh_runs(self) -> None:
        runs = await self._store.runs()
        self._lists.show_runs(runs)
        self._state.is_following = any(run.is_live for run in runs)

    async def _start(self, notebook: str, parameters: dict[str, Any]) -> None:
        try:
            await self._store.start(notebook, parameters)
        except Invalid as error:
            places = "; ".join(f"{d.place}: {d.message}" for d in error.details)
            self._starter.say(places or str(error), is_wrong=True)
            return
        except Exception as error:
            state = states.of(error) or states.FAILED
            self._starter.say(state.sentence, is_wrong=True)
            if not isinstance(error, WorkbenchError):
                raise
            return
        self._starter.say("Started. The list of runs shows how it goes.", is_wrong=False)
        await self._follow()

    def _toggle_clock(self, *_events: object) -> None:
        if self._state.is_following:
            self._clock.start()
        else:
            self._clock.stop()
