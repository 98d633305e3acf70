"""Composing the dashboard of SQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import panel as pn
import structlog

from dashboards.components import layout, states
from dashboards.components.face import Face
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.sql.keeping import Keeping
from dashboards.sql.state import Question, State
from dashboards.sql.store import Desk, Ran, Store
from dashboards.sql.turns import Turns, Work
from dashboards.sql.views import examples
from dashboards.sql.views.bench import Bench
from dashboards.sql.views.results import Results
from dashboards.sql.views.side import Side
from dashboards.visits import Visit
from workbench.api import problems
from workbench.errors import Invalid, Unavailable, WorkbenchError

PATH = "/dashboards/sql"
NOT_OPEN = states.State(
    "SQL is not open to you",
    "Your role reads dashboards and reports. An owner of your company can make you an analyst; "
    "you can then ask your own questions here.",
    states.HOME,
    "Go to Home",
)
OF_A_TENANT = states.State(
    "SQL asks a tenant's rows",
    "You are signed in for the whole platform, which has no rows of its own.",
    states.HOME,
    "Go to Home",
)
EMPTY = states.State(
    "No datasets yet",
    "As soon as a file is loaded, you can ask it here.",
    "/dashboards/files",
    "Bring a file",
)
LOOK = timedelta(seconds=0.5)
LOOKS = 600  # as long as a statement may run
COLUMNS = """
:host {
  display: grid !important;
  grid-template-columns: minmax(0, 1fr) 310px;
  gap: 20px;
  align-items: start;
}
@media (max-width: 1000px) { :host { display: flex !important; } }
"""

log = structlog.stdlib.get_logger(__name__)


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard of SQL for a visit; who may not ask is told so."""
    if Store(visit).may_ask:
        return Sql(visit).page
    state = NOT_OPEN if visit.actor.tenant_id else OF_A_TENANT
    heading = Face("heading", title="SQL", text="")
    return Shell(visit, "SQL", heading.pane, Face("state", state=state).pane, at=PATH).page


class Sql:
    """One visit to the dashboard of SQL."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._store = Store(visit)
        self._state = State()
        self._desk: Desk | None = None
        self._turns = Turns(self._store.cancel, self._show_turn)
        self._heading = Face("heading", title="SQL", text="")
        self._bench = Bench(self._state, self._run, self._cancel, self._explain, self._begin_anew)
        self._side = Side(self._told)
        self._results = Results(self._measure, may_export=self._store.may_export)
        self._keeping = Keeping(self._store, self._state, self._bench, self._side)
        self._bench.actions.append(self._keeping.saving.open)
        bench = layout.card(*self._bench.parts, self._keeping.saving.pane)
        columns = layout.column(
            layout.stack(bench, *self._results.parts), self._side.pane, css=COLUMNS
        )
        self._stage = Stage(self._refresh, columns, at=PATH)
        self._shell = Shell(visit, "SQL", self._heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        self._results.follow(self.page)
        pn.state.onload(self._stage.refresh)
        pn.state.on_session_destroyed(self._leave)

    async def _refresh(self) -> None:
        desk = self._desk = await self._store.desk()
        with pn.io.hold():
            self._stage.show_state(None if desk.datasets else EMPTY)
            text = f"Ask the datasets of {desk.tenant} whatever you want to know"
            self._heading.show(title="SQL", text=text)
            self._bench.know(desk.datasets)
            self._side.show_datasets(desk.datasets)
            self._keeping.show(desk.saved)
            self._side.show_history(desk.history, datetime.now(UTC))
            self._bench.write(self._first(desk))
        if desk.history and desk.history[0].outcome is None:
            self._begin(self._follow, desk.history[0].id)

    async def _follow(self, statement: UUID) -> None:
        """Wait for a statement that another page began, or this one before a reload."""
        for _ in range(LOOKS):
            ran = next((ran for ran in self._history if ran.id == statement), None)
            if ran is None or ran.outcome is not None:
                return
            await asyncio.sleep(LOOK.total_seconds())
            await self._refresh_history()

    def _first(self, desk: Desk) -> Question:
        """What stands in the editor at first: what one asked last, or an example."""
        for ran in desk.history:
            return Question(ran.sql, ran.values)
        return Question(examples.example(desk.datasets))

    async def _told(self, kind: str, what: str) -> None:
        if kind == "insert":
            self._bench.insert(what)
        elif kind == "open":
            self._keeping.open(what)
        elif ran := self._ran(what):
            self._keeping.leave()
            self._bench.write(Question(ran.sql, ran.values))

    async def _begin_anew(self, *_events: object) -> None:
        self._keeping.leave()
        self._results.hide()
        self._bench.write(Question(examples.example(self._desk.datasets) if self._desk else ""))

    @property
    def _history(self) -> list[Ran]:
        return self._desk.history if self._desk else []

    def _ran(self, what: str) -> Ran | None:
        return next((ran for ran in self._history if str(ran.id) == what), None)

    async def _run(self, question: Question) -> None:
        if not question.sql.strip():
            self._bench.say(Invalid("Write a statement first; a name at the side is inserted."))
            return
        saved = self._keeping.unchanged(question)

        async def work(statement: UUID) -> None:
            result = await self._store.run(question, statement, self._state.limit, saved)
            with pn.io.hold():
                self._results.show(question, result)

        self._begin(work)

    async def _explain(self, question: Question, *, analyze: bool = False) -> None:
        async def work(statement: UUID) -> None:
            plan = await self._store.explain(question, statement, analyze=analyze)
            with pn.io.hold():
                self._results.show_plan(plan)

        self._begin(work)

    async def _measure(self, *_events: object) -> None:
        await self._explain(self._bench.question(), analyze=True)

    async def _cancel(self, *_events: object) -> None:
        self._bench.say_cancelling()
        await self._turns.cancel()

    def _begin(self, work: Work, running: UUID | None = None) -> None:
        async def attempt(statement: UUID) -> None:
            try:
                try:
                    await work(statement)
                finally:
                    await self._refresh_history()
            except Exception as error:  # noqa: BLE001 (whatever it was, it is said)
                self._fail(error)

        if self._turns.begin(attempt, running):
            self._bench.say_nothing()

    def _fail(self, error: Exception) -> None:
        known = problems.understood(error)
        if not isinstance(known, WorkbenchError):
            log.error("a statement failed", exc_info=error)
            known = Unavailable()
        with pn.io.hold():
            self._results.hide()
            self._bench.say(known)
        signed_out = states.of(error, PATH)
        if signed_out is states.SIGNED_OUT:
            self._stage.show_state(signed_out)

    async def _refresh_history(self) -> None:
        if self._desk is None:
            return
        history = await self._store.history()
        self._desk.history[:] = history
        self._side.show_history(history, datetime.now(UTC))

    def _show_turn(self, is_running: bool) -> None:  # noqa: FBT001 (there is nothing else to tell)
        with pn.io.hold():
            self._bench.wait(is_running=is_running)

    def _leave(self, _session: object) -> None:
        self._turns.leave()
