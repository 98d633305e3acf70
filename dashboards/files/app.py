"""Composing the dashboard of files."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import panel as pn
import structlog

from dashboards import live
from dashboards.components import states
from dashboards.components.face import Face
from dashboards.components.latest import Latest
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.files.state import State
from dashboards.files.store import Loaded, Refused, Store
from dashboards.files.views.datasets import Datasets
from dashboards.files.views.imports import ImportList, Outcome
from dashboards.files.views.upload import Upload
from dashboards.hearing import Kind
from dashboards.visits import Visit
from workbench.api import problems

log = structlog.stdlib.get_logger(__name__)

PATH = "/dashboards/files"
FOLLOW_EVERY = 500  # ms, while an import waits or works
BRINGING = "Bring a file, look at how it is read, and load it into a dataset."
LOOKING = states.State(
    "You can look, but not load files",
    "Loading files is for analysts and engineers. Ask an owner of your company for that role; "
    "what your colleagues have loaded is below.",
    states.HOME,
    "Go to Home",
)


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard of files for a visit."""
    return Files(visit).page


class Files:
    """One visit to the dashboard of files."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._store = store = Store(visit)
        self._state = State()
        self._refused: dict[tuple[UUID, datetime | None], Sequence[Refused]] = {}
        self._heading = Face("heading", title="Files", text=BRINGING)
        self._upload = Upload.of(
            self._hear, may_create=store.may_create, most_bytes=store.most_bytes
        )
        self._outcome = Outcome.of(self._hear)
        self._imports = ImportList.of(self._hear)
        self._datasets = Datasets(may_explore=store.may_explore, may_load=store.may_load)
        bringing = self._upload if store.may_load else Face("state", state=LOOKING).pane
        lists = [self._imports] if store.sees_imports else []
        parts = (self._outcome, bringing, *lists, self._datasets.pane)
        self._stage = Stage(self._refresh, *parts, at=PATH)
        self._follow = Latest(self._stage.attempting(self._refresh_imports)).ask
        self._shell = Shell(visit, "Files", self._heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        self._clock = pn.state.add_periodic_callback(
            self._follow,  # type: ignore[arg-type]  # coroutine functions may come, too
            period=FOLLOW_EVERY,
            start=False,
        )
        self._state.param.watch(self._toggle_clock, "is_following")
        counted = Latest(self._stage.attempting(self._refresh_datasets)).ask
        live.follow(visit, {Kind.DATASETS: counted, Kind.IMPORTS: self._follow})
        pn.state.onload(self._stage.refresh)

    async def _refresh(self) -> None:
        await self._refresh_datasets()
        await self._refresh_imports()
        self._stage.show_state(None)

    async def _refresh_datasets(self) -> None:
        datasets = await self._store.datasets()
        with pn.io.hold():
            self._upload.offer(datasets)
            self._datasets.show(datasets)

    async def _refresh_imports(self) -> None:
        was_following = self._state.is_following
        imports = await self._store.imports()
        opened = next((o for o in imports if str(o.id) == self._state.opened), None)
        refused = await self._rejects(opened) if opened else ()
        with pn.io.hold():
            self._imports.tell(imports)
            self._upload.remember(imports)
            if opened:
                self._outcome.tell(opened, refused, may_explore=self._store.may_explore)
        self._state.is_following = any(order.is_live for order in imports)
        if was_following and not self._state.is_following:
            await self._refresh_datasets()

    async def _rejects(self, order: Loaded) -> Sequence[Refused]:
        """The refused rows of an import that has ended; they are read once."""
        if order.is_live or not order.rows_rejected:
            return ()
        ended = (order.id, order.finished)
        if ended not in self._refused:
            self._refused[ended] = await self._store.rejects(order.id)
        return self._refused[ended]

    async def _hear(self, kind: str, import_id: str) -> None:
        """Do what the visitor wishes, and say beside the import why it cannot be done."""
        self._outcome.said = ""
        if kind == "close":
            self._state.opened, self._outcome.visible = "", False
            return
        if kind == "started":
            await self._store.renew()
        if kind != "refresh":
            self._state.opened = import_id
        try:
            if kind in {"cancel", "undo", "retry"}:
                await getattr(self._store, kind)(UUID(import_id))
        except Exception as error:
            known = problems.understood(error)
            self._outcome.said = str(known) if known else states.FAILED.sentence
            if known is None:
                log.exception("a dashboard failed")
        await asyncio.gather(self._follow(), self._stage.attempting(self._refresh_datasets)())

    def _toggle_clock(self, *_events: object) -> None:
        if self._state.is_following:
            self._clock.start()
        else:
            self._clock.stop()
