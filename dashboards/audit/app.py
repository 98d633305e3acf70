"""Composing the dashboard of the audit."""

import contextlib
from datetime import UTC, date, datetime

import panel as pn
import panel_material_ui as pmui

from dashboards.audit.state import PERIODS, Choice, State
from dashboards.audit.store import ABOUT, Checked, Person, Store
from dashboards.audit.views import filters
from dashboards.audit.views.filters import Filters
from dashboards.components import attempts, layout, numbers, states
from dashboards.components.audit_list import AuditList
from dashboards.components.face import Face
from dashboards.components.latest import Latest
from dashboards.components.parts import Wish
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.visits import Visit

PATH = "/dashboards/audit"
NOT_OPEN = states.State(
    "The audit is for the owners of your company",
    "It tells who did and read what. An owner can show it to you, or give you a role that "
    "reads it.",
    states.HOME,
    "Go to Home",
)
OF_A_TENANT = states.State(
    "Each company has its own audit",
    "You are signed in for the whole platform. Enter a company to see what was done there.",
    states.HOME,
    "Go to Home",
)
ROW = """
:host {
  display: grid !important;
  grid-template-columns: minmax(0, 1fr) auto;
  align-items: center;
  gap: 16px;
}
@media (max-width: 600px) { :host { grid-template-columns: minmax(0, 1fr); gap: 10px; } }
"""
NOTHING = "Choose a longer period, or take a filter away."


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard of the audit for a visit; who may not read it is told so."""
    if Store(visit).may_read:
        return Audit(visit).page
    state = NOT_OPEN if visit.actor.tenant_id else OF_A_TENANT
    heading = Face("heading", title="Audit", text="")
    return Shell(visit, "Audit", heading.pane, Face("state", state=state).pane, at=PATH).page


class Audit:
    """One visit to the dashboard of the audit."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._store = store = Store(visit)
        self._state = State()
        self._people: list[Person] = []
        self._next: str | None = None
        self._heading = Face("heading", title="Audit", text="")
        self._chain = Face("audit_chain", kind="asked", title="The chain is being checked", text="")
        self._check = pmui.Button(
            label="Check every entry",
            variant="outlined",
            on_click=self._check_all,
            align="center",
            margin=0,
        )
        self.filters = Filters.of(self._hear, knows_people=store.knows_people)
        self.list = AuditList.of(self._hear, empty_text=NOTHING)
        checking = layout.column(self._chain.pane, self._check, css=ROW)
        self._stage = Stage(self._refresh, checking, self.filters, self.list, at=PATH)
        self._turn = Latest(self._show).ask
        self._shell = Shell(visit, "Audit", self._heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        pn.state.onload(self._stage.refresh)

    async def _refresh(self) -> None:
        tenant = await self._store.tenant()
        self._people = await self._store.people()
        self._heading.show(title="Audit", text=f"Who did and read what at {tenant}")
        await self._show_page()
        self._stage.show_state(None)
        self._tell(await self._store.check())

    async def _show(self) -> None:
        """Show what is chosen now, or say in the list why that cannot be."""
        self.list.is_loading = True
        said = await attempts.attempt(self._show_page())
        self.list.param.update(said=said, is_loading=False)

    async def _show_page(self) -> None:
        state, now = self._state, datetime.now(UTC)
        cursor = state.cursors[-1] if state.cursors else None
        page = await self._store.page(state.choice, cursor, now)
        self._next = page.next_cursor
        count, before = len(page.items), len(state.cursors) * 50
        with pn.io.hold():
            self.filters.tell(state.choice, self._people, now)
            self.list.param.update(
                items=filters.shown(page.items),
                label=f"Entries {before + 1:,}–{before + count:,}" if count else "",
                has_previous=bool(state.cursors),
                has_next=page.next_cursor is not None,
                said="",
                is_loading=False,
            )

    async def _hear(self, wish: Wish) -> None:
        state = self._state
        if wish.kind == "previous":
            state.cursors = state.cursors[:-1]
        elif wish.kind == "next" and self._next is not None:
            state.cursors = [*state.cursors, self._next]
        elif wish.kind == "person":
            said = await attempts.attempt(self._choose_person(wish.value))
            if said:
                self.list.said = said
                return
        else:
            state.param.update(choice=chosen(state.choice, wish), cursors=[])
        await self._turn()

    async def _choose_person(self, email: str) -> None:
        subject = await self._store.subject(email) if email.strip() else ""
        self._state.param.update(choice=self._state.choice.only(subject=subject), cursors=[])

    async def _check_all(self, *_events: object) -> None:
        self._check.loading = True
        try:
            self._tell(await self._store.check(is_whole=True))
        except Exception as error:  # noqa: BLE001 (whatever it was, it is said)
            text = attempts.sentence(error)
            self._chain.show(kind="asked", title="The chain could not be checked", text=text)
        finally:
            self._check.loading = False

    def _tell(self, checked: Checked) -> None:
        kind, title, text = verdict(checked)
        self._chain.show(kind=kind, title=title, text=text)


def chosen(choice: Choice, wish: Wish) -> Choice:
    """The choice after a wish; what is no choice leaves it as it was."""
    match wish.kind:
        case "search":
            return choice.only(sought=wish.value)
        case "about":
            return choice.only(about=wish.value if wish.value in ABOUT else "")
        case "period":
            period = wish.value if wish.value in PERIODS else ""
            return choice.between(None, None).only(period=period)
        case "days":
            return choice.between(_day(wish.form.get("first")), _day(wish.form.get("last")))
        case "subject" | "action" | "target":
            return choice.only(**{wish.kind: wish.value})
    return choice


def verdict(checked: Checked) -> tuple[str, str, str]:
    """What a check found: its face, a title and a sentence."""
    found = checked.verdict
    if found.wrong is not None:
        text = f"{found.wrong}. Nothing before it was changed. Keep a copy, and tell the operator."
        return "broken", "The chain is broken", text
    waiting = f" {found.waiting:,} wait to be sealed." if found.waiting else ""
    if checked.sealed is None:
        return "asked", "Nothing is sealed yet", f"Entries are sealed every second.{waiting}"
    until = f"{checked.sealed:%-d %b %Y, %H:%M:%S} UTC"
    which = "All" if checked.is_whole else "The last"
    text = (
        f"{which} {numbers.count(found.checked)} entries were checked, up to number "
        f"{numbers.count(found.position)}: none was changed, removed or put in.{waiting}"
    )
    return "sound", f"Verified until {until}", text


def _day(given: object) -> date | None:
    with contextlib.suppress(TypeError, ValueError):
        return date.fromisoformat(given)  # type: ignore[arg-type]  # what is no text is refused
    return None
