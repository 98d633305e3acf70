"""What the visitor was told, as a list."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import numbers
from dashboards.inbox.store import Inbox
from workbench.notifications.models import Event

HERE = Path(__file__).parent
HAPPENED = {Event.RUN_FAILED: "failed", Event.OVER_BUDGET: "is over budget"}
WISHES = frozenset({"all", "more", "read"})


class Notices(JSComponent):
    """Each with what happened, why, when, and the way to its run; shown as text."""

    notices = param.List(default=[], doc="What was told, the newest first.")
    unread = param.Integer(default=0, doc="How much of all is new.")
    has_more = param.Boolean(default=False, doc="Whether there is more than is shown.")

    _esm = HERE / "notices.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "notices.css").read_text()]

    @classmethod
    def of(cls, on_wish: Callable[[str, str], Awaitable[None]]) -> "Notices":
        """Make an empty list that passes on wishes: `read` of a notice, `all` or `more`."""
        made = cls(sizing_mode="stretch_width")

        async def wish(message: Any) -> None:
            kind, notice = message.data.get("kind"), message.data.get("notice", "")
            known = {each["id"] for each in made.notices}
            if kind in WISHES and (kind != "read" or notice in known):
                await on_wish(kind, notice)

        made.on_msg(wish)
        return made

    def fill(self, inbox: Inbox, now: datetime, place: Callable[[Any], str]) -> None:
        """Show what was told; `place` is where a run is looked at."""
        self.param.update(
            unread=inbox.unread,
            has_more=inbox.has_more,
            notices=[
                {
                    "id": str(told.id),
                    "title": f"{told.notebook} {HAPPENED[told.event]}",
                    "text": told.text,
                    "ago": numbers.ago(told.at, now),
                    "at": told.at.isoformat(),
                    "is_new": told.is_new,
                    "is_wrong": told.event is Event.RUN_FAILED,
                    "link": place(told.run),
                }
                for told in inbox.told
            ],
        )
