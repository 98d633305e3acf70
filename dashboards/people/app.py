"""Composing the dashboard of people."""

from typing import Any, Protocol

import panel as pn
import panel_material_ui as pmui

from dashboards import live
from dashboards.components import states
from dashboards.components.face import Face
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.hearing import Kind
from dashboards.people.members import Members
from dashboards.people.own import Account
from dashboards.people.roles import Roles
from dashboards.people.sharing import Sharing
from dashboards.people.state import State
from dashboards.people.why import Asking
from dashboards.visits import Visit

PATH = "/dashboards/people"
NOT_OPEN = states.State(
    "The list of members is for owners",
    "Owners of your company invite people, change roles and share things. Ask one of them for "
    "what you miss; what is your own is below.",
    states.HOME,
    "Go to Home",
)
OF_A_TENANT = states.State(
    "People belong to a company",
    "You are signed in for the whole platform, which has no members of its own.",
    states.HOME,
    "Go to Home",
)
TABS: dict[str, Any] = {
    "& .MuiTabs-root": {"borderBottom": "1px solid", "borderColor": "divider", "mb": "20px"},
    "& .MuiTab-root": {"fontSize": "15px", "minWidth": 0, "px": "14px"},
}


class Desk(Protocol):
    """One tab: a pane, and how it is filled."""

    @property
    def pane(self) -> pn.viewable.Viewable:
        """What the tab shows."""

    async def refresh(self) -> None:
        """Show what is there now."""


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard of people for a visit; the platform has no members."""
    if visit.actor.tenant_id is not None:
        return People(visit).page
    heading = Face("heading", title="People", text="")
    face = Face("state", state=OF_A_TENANT)
    return Shell(visit, "People", heading.pane, face.pane, at=PATH).page


class People:
    """One visit to the dashboard of people."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._state = State()
        self._heading = Face("heading", title="People", text="")
        self.members = Members(visit, self._state)
        self.roles = Roles(visit)
        self._sees = self.members.store.may_see
        desks = self._offered(visit)
        self._desks = [desk for _, desk in desks]
        self.tabs = pmui.Tabs(
            *((name, desk.pane) for name, desk in desks),
            sizing_mode="stretch_width",
            margin=0,
            sx=TABS,
        )
        parts = [] if self._sees else [Face("state", state=NOT_OPEN).pane]
        self._stage = Stage(self._refresh, *parts, self.tabs, at=PATH)
        self._shell = Shell(visit, "People", self._heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        self.tabs.param.watch(self._turn, "active")
        live.follow(visit, {Kind.MEMBERS: self._stage.refresh})
        pn.state.onload(self._stage.refresh)

    def _offered(self, visit: Visit) -> list[tuple[str, Desk]]:
        """The tabs that make sense for the visitor; one's own things are everybody's."""
        desks: list[tuple[str, Desk]] = []
        if self._sees:
            desks = [
                ("Members", self.members),
                ("Roles", self.roles),
                ("Sharing", Sharing(visit)),
            ]
        asking = Asking(visit)
        if asking.store.may_ask:
            desks.append(("Why?", asking))
        return [*desks, ("You", Account(visit))]

    async def _turn(self, *_events: object) -> None:
        await self._stage.refresh()

    async def _refresh(self) -> None:
        await self._desks[self.tabs.active].refresh()
        with pn.io.hold():
            self._stage.show_state(None)
            text = "Where you are signed in, and what your programs may do"
            if self._sees:
                text = f"Who belongs to {self.members.tenant}, and what they may do"
            self._heading.show(title="People", text=text)
