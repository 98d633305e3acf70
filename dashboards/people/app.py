"""Composing the dashboard of people."""

import panel as pn

from dashboards.components.face import Face
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.people.members import Members
from dashboards.people.state import State
from dashboards.visits import Visit

PATH = "/dashboards/people"


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
        self._stage = Stage(self._refresh, self.members.pane, at=PATH)
        self._shell = Shell(visit, "People", self._heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        pn.state.onload(self._stage.refresh)

    async def _refresh(self) -> None:
        await self.members.refresh()
        with pn.io.hold():
            self._stage.show_state(None)
            text = f"Who belongs to {self.members.tenant}, and what they may do"
            self._heading.show(title="People", text=text)
