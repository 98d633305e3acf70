"""One run on the page: watched while it goes on, and read once it has ended."""

from collections.abc import Mapping
from uuid import UUID

import panel as pn
import panel_material_ui as pmui

from dashboards.components import layout
from dashboards.components.parts import Hear
from dashboards.runs.guide import Guide
from dashboards.runs.state import HISTORY, Place
from dashboards.runs.store.past import PastStore
from dashboards.runs.store.running import RunStore, Seen
from dashboards.runs.views import parts
from dashboards.runs.views.reading import Reading
from dashboards.runs.views.trend import Trend
from dashboards.runs.views.watching import Watching
from workbench.errors import NotFound


class Opened:
    """The run that is opened, and what can be done about it."""

    def __init__(self, store: RunStore, past: PastStore, guide: Guide, hear: Hear) -> None:
        """Make an empty page of a run."""
        self._store, self._past, self._guide = store, past, guide
        self._run: Seen | None = None
        self._before: Place | None = None
        self._names: Mapping[UUID, str] = {}
        self._watching = Watching(hear)
        self._reading = Reading()
        self._trend = Trend(self._draw)
        self.pane = layout.stack(self._watching.pane, self._reading.pane, self._trend.pane)

    def follow(self, page: pmui.Page) -> None:
        """Draw in the colours of the page."""
        self._trend.follow(page)

    async def show(self, place: Place, names: Mapping[UUID, str]) -> None:
        """Show a run; raise NotFound when there is none such for the visitor."""
        run_id = parts.id_of(place.run)
        if run_id is None:
            raise NotFound
        is_other = self._run is None or self._run.id != run_id
        self._names = names
        if is_other:
            self._watching.wait()
            self._run = self._before = None
            run = await self._store.open(run_id, names)
        else:
            run = await self._store.look(run_id, names)
        await self._tell(run, is_other=is_other)

    async def _tell(self, run: Seen, *, is_other: bool) -> None:
        log = await self._store.log(run.id)
        had_ended = self._run is not None and not self._run.is_live
        if not run.is_live and (is_other or not had_ended):
            found = await self._past.before(run.id, run.notebook) if run.metrics else None
            self._before = Place(run=str(found), other=str(run.id)) if found else None
        self._run = run
        with pn.io.hold():
            self._watching.tell(run, self._before)
            self._watching.print(log)
            self._reading.tell(run)
        if is_other or not (had_ended or run.is_live):
            names = [metric.name for metric in run.metrics]
            chosen = self._trend.offer([] if run.is_live else names)
            if chosen:
                await self._draw(chosen)

    async def do(self, kind: str, run_id: UUID) -> None:
        """End, repeat or delete a run, as the visitor wishes."""

        async def work() -> None:
            await getattr(self._store, kind)(run_id)

        if not await self._guide.attempt(work):
            return
        if kind == "delete":
            self._guide.say("The run is deleted.", lambda: self.restore(run_id))
            notebook = self._run.notebook if self._run else ""
            self._run = None
            await self._guide.go(Place(tab=HISTORY, notebook=notebook))
        else:
            self._guide.say("It is cancelled." if kind == "cancel" else "It is ordered again.")
            await self._guide.go(Place(run=str(run_id)))

    async def restore(self, run_id: UUID) -> None:
        """Bring a deleted run back, and show it."""
        if await self._guide.attempt(lambda: self._store.restore(run_id)):
            self._guide.say("The run is back.")
            await self._guide.go(Place(run=str(run_id)))

    async def _draw(self, metric: str) -> None:
        run = self._run
        if run is not None:
            figures = await self._past.figures(run.notebook, metric)
            self._trend.tell(metric, figures, str(run.id))
