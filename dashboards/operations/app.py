"""Composing the dashboard of operations."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import panel as pn

from dashboards.components import states
from dashboards.components.face import Face
from dashboards.components.latest import Latest
from dashboards.components.shell import Shell
from dashboards.components.stage import Stage
from dashboards.operations.state import State
from dashboards.operations.store import Store
from dashboards.operations.views.now import Present
from dashboards.operations.views.tenants import Tenants
from dashboards.operations.views.trouble import Given
from dashboards.operations.views.use import Use
from dashboards.visits import Visit
from workbench.api import problems
from workbench.errors import Invalid

PATH = "/dashboards/operations"
EVERY = 5000  # ms
REFUSED = states.State(
    "Operations is not open to you",
    "It shows the whole platform, so it is for those who operate it. What belongs to your company "
    "is on Home.",
    states.HOME,
    "Go to Home",
)
TEXT = "The whole platform as it is now; it renews itself every five seconds"


def page(visit: Visit) -> pn.viewable.Viewable:
    """Open the dashboard of operations; whoever does not operate the platform is told so."""
    return Operations(visit).page


class Operations:
    """One visit of the platform's operator."""

    def __init__(self, visit: Visit) -> None:
        """Compose the page; data follow once the browser has opened its socket."""
        self._store = Store(visit)
        self._state = State()
        self._present = Present()
        self._use = Use(self._state)
        self._tenants = Tenants(self._do, self._make)
        self._given = Given(self._do)
        content = (
            self._present.head,
            self._present.work,
            self._given.pane,
            self._use.pane,
            self._tenants.pane,
            self._present.database,
        )
        self._stage = Stage(self._refresh, *content, at=PATH)
        text = TEXT if self._store.is_operators else ""
        heading = Face("heading", title="Operations", text=text)
        self._shell = Shell(visit, "Operations", heading.pane, self._stage.pane, at=PATH)
        self.page = self._shell.page
        if not self._store.is_operators:
            self._stage.show_state(REFUSED)
            return
        self._use.follow(self._shell.page)
        self._draw_days = Latest(self._stage.attempting(self._refresh_days)).ask
        self._state.param.watch(self._draw_days, "days")
        pn.state.onload(self._open)

    async def _open(self) -> None:
        await self._stage.refresh()
        pn.state.add_periodic_callback(
            self._stage.refresh,  # type: ignore[arg-type]  # coroutine functions may come, too
            period=EVERY,
        )
        await self._draw_days()

    async def _refresh(self) -> None:
        now, tenants, trouble, gone, rows = await asyncio.gather(
            self._store.now(),
            self._store.tenants(),
            self._store.trouble(),
            self._store.gone(),
            self._store.rows(),
        )
        with pn.io.hold():
            self._stage.show_state(None)
            self._present.show(now, tenants)
            self._tenants.show(tenants, rows, now.at)
            self._tenants.show_gone(gone, now.at)
            self._given.show(trouble, tenants, now.at)

    async def _refresh_days(self) -> None:
        count = self._state.days
        found = await self._store.days(count)
        self._use.show(found, datetime.now(UTC).date(), count)

    async def _make(self, slug: str, name: str) -> None:
        if await self._tell(self._tenants.say, partial(self._store.make, slug, name)):
            self._tenants.close()
            self._tenants.say(f"{name} is there. Invite its first owner, who invites the others.")
            await self._stage.refresh()

    async def _do(self, key: str, action: str, answer: str) -> None:
        """Do what a button of a row asks for, and say how it went beside it."""
        orders: dict[str, tuple[Callable[[], Awaitable[None]], str]] = {
            "suspend": (partial(self._store.suspend, key, answer), "Suspended; nobody is in."),
            "resume": (partial(self._store.resume, key), "Its members may sign in again."),
            "restore": (lambda: self._store.restore(UUID(key)), "It is back."),
            "retry": (lambda: self._store.retry(int(key)), "It waits in its queue again."),
        }
        order, done = orders[action]
        say = self._given.say if action == "retry" else self._tenants.say
        if await self._tell(say, order):
            say(done)
        await self._stage.refresh()

    async def _tell(self, say: Callable[..., None], order: Callable[[], Awaitable[None]]) -> bool:
        """Do it, or say why not; what nobody expected is raised after that."""
        try:
            await order()
        except Invalid as error:
            places = "; ".join(f"{d.place}: {d.message}" for d in error.details)
            say(places or str(error), is_wrong=True)
            return False
        except Exception as error:
            known = problems.understood(error)
            say(states.FAILED.sentence if known is None else str(known), is_wrong=True)
            if known is None:
                raise
            return False
        return True
