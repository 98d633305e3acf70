"""Live: a page says what concerns it, and is drawn again when that happens to what it may show."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import panel as pn
import structlog
from bokeh.document import Document

from dashboards import upstream
from dashboards.hearing import Happened, Kind
from dashboards.visits import Visit
from workbench.identity.tokens import Claims

PAUSE_SECONDS = 0.3  # between two drawings, and until a slow browser has taken the last one
MOST_NAMES = 100  # that are remembered until the page is drawn
Redraw = Callable[[frozenset[str]], Awaitable[None]]

log = structlog.stdlib.get_logger(__name__)


def follow(visit: Visit, redraw: Mapping[Kind, Redraw]) -> None:
    """Await what redraws a page whenever something has happened that concerns it.

    It gets the names of the datasets, or the ids of all else, that something happened to; none
    when it may be any. Nothing is told before the page has loaded, nor after its visit.
    """
    actor, hearing, document = visit.actor, visit.house.hearing, pn.state.curdoc
    if hearing is None or document is None or actor.sid is None or actor.user_id is None:
        return
    if actor.tenant_id is None:
        return
    follower = Follower(document, redraw)
    leave = hearing.join(Claims(actor.sid, actor.user_id, actor.tenant_id), follower.tell)

    def end(_context: Any) -> None:
        follower.end()
        leave()

    pn.state.onload(follower.begin)
    pn.state.on_session_destroyed(end)


class Follower:
    """Redraws one page: the newest state only, one drawing at a time."""

    def __init__(self, document: Document, redraw: Mapping[Kind, Redraw]) -> None:
        """Wait until the page has loaded: until then it shows nothing that could be old."""
        self._document = document
        self._redraw = redraw
        self._wanted: dict[Kind, frozenset[str]] = {}
        self._is_open = False
        self._is_planned = False

    def begin(self) -> None:
        """Begin to listen: the page loads what it shows."""
        self._is_open = True

    def end(self) -> None:
        """Draw no more."""
        self._is_open = False
        self._wanted = {}

    def tell(self, happened: Collection[Happened]) -> None:
        """Remember what to draw again, and do so soon."""
        if not self._is_open:
            return
        for kind, names in ((each.kind, each.names) for each in happened):
            if kind not in self._redraw:
                continue
            known = self._wanted.get(kind, names)
            both = known | names if known and names else frozenset()
            self._wanted[kind] = both if len(both) <= MOST_NAMES else frozenset()
        self._plan()

    def _plan(self) -> None:
        if self._wanted and not self._is_planned:
            self._is_planned = True
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._look)

    def _look(self) -> None:
        """Draw, unless the browser has not even taken the last drawing."""
        if not self._is_open:
            self._is_planned = False
        elif upstream.is_sending(self._document):
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._look)
        else:
            self._document.add_next_tick_callback(
                self._draw  # type: ignore[arg-type]  # coroutine functions may come, too
            )

    async def _draw(self) -> None:
        wanted, self._wanted = self._wanted, {}
        try:
            for kind, names in wanted.items():
                await self._redraw[kind](names)
        except Exception:  # the next event must find the page listening
            log.exception("a page was not drawn again")
        finally:
            self._is_planned = False
            self._plan()
