"""Composing the dashboard of people."""

from typing import Any, Protocol

import panel as pn
import panel_material_ui as pmui

from dashboards.components.face import Face
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.people.members import Members
from dashboards.people.roles import Roles
from dashboards.people.state import State
from dashboards.visits import Visit

PATH = "/dashboards/people"
TABS: dict[str, Any] = {
    "& .MuiTabs-root": {"borderBottom": "1px solid", "borderColor": "divider", "mb": "20px"},
    "& .MuiTab-root": {"fontSize": "15px", "minWidth": 0, "px": "14px"},
}


class Desk(Protocol):
    """One tab: a pane, and how it is filled."""

    pane: pn.viewable.Viewable

    async def refresh(self) -> None:
        """Show what is there now."""


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard of people for a visit."""
    return People(visit).page


class People:
    """One visit to the dashboard of people."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._state = State()
        self._heading = Face("heading", title="People", text="")
        self.members = Members(visit, self._state)
        self.roles = Roles(visit)
        desks: list[tuple[str, Desk]] = [("Members", self.members), ("Roles", self.roles)]
        self._desks = [desk for _, desk in desks]
        self.tabs = pmui.Tabs(
            *((name, desk.pane) for name, desk in desks),
            sizing_mode="stretch_width",
            margin=0,
            sx=TABS,
        )
        self._stage = Stage(self._refresh, self.tabs, at=PATH)
        self._shell = Shell(visit, "People", self._heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        self.tabs.param.watch(self._turn, "active")
        pn.state.onload(self._stage.refresh)

    async def _turn(self, *_events: object) -> None:
        await self._stage.refresh()

    async def _refresh(self) -> None:
        await self._desks[self.tabs.active].refresh()
        with pn.io.hold():
            self._stage.show_state(None)
            if tenant := self.members.tenant:
                text = f"Who belongs to {tenant}, and what they may do"
                self._heading.show(title="People", text=text)
