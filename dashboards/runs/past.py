"""The runs of the past on the page: the list, a figure over time, and two runs compared."""

from collections.abc import Mapping
from uuid import UUID

import panel as pn
import panel_material_ui as pmui

from dashboards.components import layout
from dashboards.components.diff import Diff
from dashboards.components.face import Face
from dashboards.components.parts import Hear, Wish
from dashboards.runs.guide import Guide
from dashboards.runs.state import HISTORY, Place
from dashboards.runs.store.past import PastStore
from dashboards.runs.views import comparing, parts
from dashboards.runs.views.history import FILTERS, HistoryList
from dashboards.runs.views.trend import Trend
from workbench.errors import NotFound


class Past:
    """The history and the comparison."""

    def __init__(self, store: PastStore, guide: Guide, hear: Hear) -> None:
        """Make both; what they show follows."""
        self._store, self._guide = store, guide
        self._place: Place | None = None
        self._cursors: list[str | None] = [None]
        self._next: str | None = None
        self._compared: Place | None = None
        self._list = HistoryList.of(hear)
        self._trend = Trend(self._draw)
        self._heading = Face("run_compare", title="", left="", right="", swapped="")
        self._diff = Diff()
        self.list = layout.stack(self._list, self._trend.pane)
        self.comparison: pn.Column = layout.stack(self._heading.pane, self._diff.pane)

    def follow(self, page: pmui.Page) -> None:
        """Draw in the colours of the page."""
        self._trend.follow(page)

    async def show(self, place: Place, names: Mapping[UUID, str]) -> None:
        """Show the page of runs that a place asks for."""
        is_other = place != self._place
        if is_other:
            self._cursors = [None]
            self._list.is_loading = True
        read = self._store.open if is_other else self._store.look
        listing = await read(place, self._cursors[-1], names)
        self._next = listing.next_cursor
        if is_other:
            self._list.offer(await self._store.notebooks(), [*names.items()])
        self._list.tell(place, listing, len(self._cursors) - 1)
        self._place = place
        if is_other:
            metrics = await self._store.measures(place.notebook) if place.notebook else []
            chosen = self._trend.offer(metrics)
            if chosen:
                await self._draw(chosen)

    async def compare(self, place: Place, _names: Mapping[UUID, str]) -> None:
        """Show two runs beside each other; they are compared once for each place."""
        if place == self._compared:
            return
        run_id, other_id = parts.id_of(place.run), parts.id_of(place.other)
        if run_id is None or other_id is None:
            raise NotFound
        self._diff.wait()
        comparison = await self._store.compare(run_id, other_id)
        self._compared = place
        notebook = comparison.other.notebook
        with pn.io.hold():
            self._heading.show(
                title=self._store.title(notebook),
                left=Place(run=place.run).search,
                right=Place(run=place.other).search,
                swapped=Place(run=place.other, other=place.run).search,
            )
            self._diff.show(comparing.told(comparison, self._store.titles(notebook)))

    async def hear(self, wish: Wish) -> None:
        """Narrow, turn a page, or compare, as the visitor wishes."""
        place = self._place or Place(tab=HISTORY)
        kind, told = wish.kind, wish.form
        if kind == "filter" and told.get("name") in FILTERS:
            text = told.get("value")
            await self._guide.go(place.but(**{told["name"]: text if isinstance(text, str) else ""}))
        elif kind == "compare":
            ids = [parts.id_of(each) for each in told.get("ids") or ()]
            if len(ids) == 2 and ids[0] and ids[1]:  # noqa: PLR2004 (two are compared)
                first, second = sorted((ids[0], ids[1]))  # the older one is the first
                await self._guide.go(Place(run=str(first), other=str(second)))
        elif kind == "older" and self._next:
            self._cursors.append(self._next)
            await self._guide.go(place)
        elif kind == "newer" and len(self._cursors) > 1:
            self._cursors.pop()
            await self._guide.go(place)

    async def _draw(self, metric: str) -> None:
        place = self._place
        if place is not None and place.notebook:
            self._trend.tell(metric, await self._store.figures(place.notebook, metric))
