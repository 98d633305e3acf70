"""Composing the inbox."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import panel as pn

from dashboards import live
from dashboards.components import layout, shell, states
from dashboards.components.face import Face
from dashboards.components.stage import Stage
from dashboards.hearing import Kind
from dashboards.inbox.state import State
from dashboards.inbox.store import Store
from dashboards.inbox.views.notices import Notices
from dashboards.inbox.views.wishes import Wishes
from dashboards.visits import Visit
from workbench.notifications.models import Channel, Event

PATH = "/dashboards/inbox"
TEXT = "What you were told of runs, the newest first."
CLOSED = states.State(
    "There is nothing here for you yet",
    "Runs of notebooks are told to those who may see them. Ask an owner of your company for that.",
    states.HOME,
    "Go to Home",
)
NONE = states.State(
    "Nothing to tell yet",
    "Choose below what you want to hear of; what happens from then on stands here.",
)
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
    """Open the inbox for a visit."""
    return InboxPage(visit).page


def place(run: Any) -> str:
    """Where a run is looked at: on its dashboard, or as a report where there is none."""
    runs = "/dashboards/runs"
    known = {link.path for link in shell.LINKS}
    return f"{runs}?run={run}" if runs in known else f"/api/v1/runs/{run}/report"


class InboxPage:
    """One visit of the inbox."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._store = Store(visit)
        self._state = State()
        self._heading = Face("heading", title="Inbox", text=TEXT)
        self._none = Face("state", state=NONE if self._store.may_hear else CLOSED)
        self._notices = Notices.of(self._hear)
        self._notices.visible = False
        self._none.pane.visible = not self._store.may_hear
        self._wishes = Wishes(self._wish)
        told = layout.stack(self._none.pane, self._notices)
        wishes = [self._wishes.pane] if self._store.may_hear else []
        self._stage = Stage(self._refresh, layout.column(told, *wishes, css=COLUMNS), at=PATH)
        self._shell = shell.Shell(visit, "Inbox", self._heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        live.follow(visit, {Kind.NOTICES: self._stage.refresh})
        pn.state.onload(self._stage.refresh)

    async def _refresh(self) -> None:
        if not self._store.may_hear:
            return
        inbox = await self._store.inbox(self._state.shown)
        wishes = await self._store.wishes()
        with pn.io.hold():
            self._stage.show_state(None)
            self._none.pane.visible = not inbox.told
            self._notices.visible = bool(inbox.told)
            self._notices.fill(inbox, datetime.now(UTC), place)
            self._wishes.show(wishes)

    async def _hear(self, kind: str, notice: str) -> None:
        """Do what the visitor wishes of a notice, or of all."""

        async def do() -> None:
            if kind == "read":
                await self._store.mark_read(UUID(notice))
            elif kind == "all":
                await self._store.mark_all_read()
            else:
                self._state.go_on()
            await self._refresh()

        await self._stage.attempting(do)()
        await self._shell.count()

    async def _wish(self, event: Event, channel: Channel | None) -> None:
        async def do() -> None:
            await self._store.wish(event, channel)
            self._shell.toast.say("Kept.")

        await self._stage.attempting(do)()
