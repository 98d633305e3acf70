"""Schedules and alerts on the page: the lists, and the schedule that is made or changed."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import panel as pn

from dashboards.components import layout, states
from dashboards.components.face import Face
from dashboards.components.form import Form, Values
from dashboards.components.parts import Hear, Wish
from dashboards.runs.guide import Guide
from dashboards.runs.state import SCHEDULES, Place
from dashboards.runs.store.alerts import AlertStore
from dashboards.runs.store.planning import Planned, PlanningStore, Sketch
from dashboards.runs.store.shelf import ShelfStore, faults
from dashboards.runs.views import parts, planning
from dashboards.runs.views.alerts import Alerts
from dashboards.runs.views.planning import NEW, ScheduleList, SketchFields
from workbench.errors import Invalid
from workbench.schedules.errors import ScheduleNameTaken

NOT_OPEN = states.State(
    "Schedules are made by engineers",
    "Your role does not show them. Ask an owner of your company for another one; what they have "
    "run is in the history, and below you choose what you are told of.",
)
GONE = states.State(
    "There is no such schedule",
    "It was deleted, or it belongs to another company.",
    Place(tab=SCHEDULES).search,
    "Show all schedules",
)
LIST = Place(tab=SCHEDULES)


class Planning:
    """The schedules of the tenant and the alerts of the visitor."""

    def __init__(
        self,
        stores: tuple[PlanningStore, AlertStore, ShelfStore],
        guide: Guide,
        hear: Hear,
    ) -> None:
        """Make the lists and the form; what they show follows."""
        self._store, self._alerting, self._shelf = stores
        self._guide = guide
        self._schedules: list[Planned] = []
        self._opened = self._ticked = ""
        self._sketch: Sketch | None = None
        self._list = ScheduleList.of(hear, may_change=self._store.may_change)
        self._alerts = Alerts.of(hear)
        listed = self._list if self._store.may_see else Face("state", state=NOT_OPEN).pane
        self.list = layout.stack(listed, self._alerts)
        self._heading = Face("chart_head", title="", note="")
        self._fields = SketchFields.of(hear)
        self._form = Form.of(self._check, self._submit, action="Save the schedule")
        self._parameters = Face("chart_head", title="What the notebook is given", note="")
        self._gone = Face("state", state=GONE)
        inner = layout.card(self._heading.pane, self._fields, self._parameters.pane, self._form)
        inner.stylesheets = [*inner.stylesheets, ":host { gap: 16px; padding-bottom: 18px; }"]
        self._editor = inner
        self.form: pn.Column = layout.stack(self._gone.pane, inner)

    async def show(self, _place: Place, names: Mapping[UUID, str]) -> None:
        """Show the lists as they are now."""
        self._opened = ""
        self._schedules = await self._store.schedules(names)
        alerts, notebooks = await self._alerting.alerts(), await self._offered()
        with pn.io.hold():
            self._list.tell(self._schedules)
            self._alerts.tell(alerts, notebooks)

    async def show_form(self, place: Place, names: Mapping[UUID, str]) -> None:
        """Show the fields of a schedule, once for each, so that nothing typed is lost."""
        if self._opened == place.schedule:
            return
        self._schedules = await self._store.schedules(names)
        found = next((s for s in self._schedules if str(s.id) == place.schedule), None)
        notebooks = await self._offered(startable=True)
        self._opened, self._sketch = place.schedule, None
        is_there = bool(notebooks) and self._store.may_change
        is_there = is_there and (found is not None or place.schedule == NEW)
        self._gone.pane.visible, self._editor.visible = not is_there, is_there
        if not is_there:
            return
        title = f"Change “{found.name}”" if found else "A new schedule"
        note = "From now on it acts with your rights, as they are when it runs."
        with pn.io.hold():
            self._heading.show(title=title, note=note)
            self._fields.ask(found, notebooks, self._schedules, place.notebook)

    def leave(self) -> None:
        """Forget the fields: they are filled anew when somebody comes back to them."""
        self._opened, self._sketch = "", None
        self._fields.sketch = {}
        self._form.is_loading = True

    async def sketch(self, told: Any) -> None:
        """Answer what was typed with the next times, and with the fields of another notebook."""
        before, self._sketch = self._sketch, planning.read(told)
        sketch = self._sketch
        times: Sequence[Any] = ()
        wrong: dict[str, str] = {}
        if sketch.cron is not None:
            try:
                times = self._store.preview(sketch.cron, sketch.time_zone)
            except Invalid as error:
                wrong = faults(error)
        self._fields.tell_times(times, wrong)
        if before is None or before.notebook != sketch.notebook:
            await self._guide.attempt(partial(self._ask, sketch.notebook))

    async def _ask(self, notebook: str) -> None:
        blank = await self._shelf.blank(notebook)
        found = self._found()
        held = found.parameters if found and found.notebook == notebook else {}
        self._form.ask(blank.fields, blank.values | held, blank.datasets)

    async def do(self, kind: str, schedule_id: UUID) -> None:
        """Pause, resume or delete a schedule, as the visitor wishes."""
        work = {
            "pause": self._store.pause,
            "resume": self._store.resume,
            "remove": self._store.delete,
        }[kind]
        if not await self._guide.attempt(partial(work, schedule_id)):
            return
        said = {
            "pause": "It rests until somebody resumes it.",
            "resume": "It goes on, with your rights.",
            "remove": "The schedule is deleted.",
        }
        undo = partial(self._restore, schedule_id) if kind == "remove" else None
        self._guide.say(said[kind], undo)
        await self._guide.go(LIST)

    async def ticks(self, schedule_id: UUID) -> None:
        """Show what the last slots of a schedule came to, or hide it again."""
        opened, self._ticked = self._ticked, ""
        if opened == str(schedule_id):
            self._list.tell_ticks("", [])
            return

        async def work() -> None:
            self._list.tell_ticks(str(schedule_id), await self._store.ticks(schedule_id))
            self._ticked = str(schedule_id)

        await self._guide.attempt(work)

    async def alert(self, wish: Wish) -> None:
        """Tell the visitor of something from now on, or no more."""
        if wish.kind == "subscribe":
            event, notebook, channel = (
                str(wish.form.get(name) or "") for name in ("event", "notebook", "channel")
            )
            work = partial(self._alerting.subscribe, event, notebook, channel)
        elif wish.id is not None:
            work = partial(self._alerting.unsubscribe, wish.id)
        else:
            return
        if await self._guide.attempt(work):
            await self._guide.go(LIST)

    async def _check(self, values: Values) -> Mapping[str, str]:
        sketch, found = self._sketch, dict[str, str]()

        async def work() -> None:
            if sketch is not None:
                found.update(await self._shelf.check(sketch.notebook, values))

        is_well = await self._guide.attempt(work)
        return found if is_well else {"": "This could not be checked. Try again in a moment."}

    async def _submit(self, values: Values) -> None:
        sketch = self._sketch
        if sketch is None:
            return
        schedule_id = parts.id_of(self._opened)

        async def work() -> None:
            try:
                await self._store.save(sketch, values, schedule_id)
            except ScheduleNameTaken as error:
                raise Invalid(str(error)) from error

        if await self._guide.attempt(work, self._mark):
            self._guide.say("The schedule is saved.")
            await self._guide.go(LIST)

    def _mark(self, wrong: Mapping[str, str]) -> None:
        """Mark what is wrong in the upper fields and in the parameters, wherever it belongs."""
        parameters = {name for name, _ in self._form.fields}
        with pn.io.hold():
            self._fields.faults = dict(wrong)
            self._form.faults = {n: said for n, said in wrong.items() if n in parameters}
            self._form.fault = "Not saved yet: look at what is marked above."

    async def _restore(self, schedule_id: UUID) -> None:
        if await self._guide.attempt(partial(self._store.restore, schedule_id)):
            self._guide.say("The schedule is back. It rests until somebody resumes it.")
            await self._guide.go(LIST)

    async def _offered(self, *, startable: bool = False) -> list[tuple[str, str]]:
        found = await self._shelf.notebooks()
        return [(n.name, n.title) for n in found if n.may_start or not startable]

    def _found(self) -> Planned | None:
        return next((s for s in self._schedules if str(s.id) == self._opened), None)
