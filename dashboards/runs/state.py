"""Where a visitor is on the dashboard of runs, as the address holds it; no data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Self
from urllib.parse import parse_qsl, urlencode

import param

NOTEBOOKS, HISTORY, SCHEDULES = TABS = ("notebooks", "history", "schedules")
MOST = 200  # characters of one value in the address


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of the dashboard, and what is chosen there; empty texts say nothing.

    `run` with `other` compares two runs. `like` names the run whose parameters the form of a
    notebook begins with.
    """

    tab: str = ""
    notebook: str = ""
    run: str = ""
    other: str = ""
    like: str = ""
    status: str = ""
    who: str = ""
    since: str = ""
    until: str = ""
    deleted: str = ""
    schedule: str = ""

    @classmethod
    def read(cls, search: str) -> Self:
        """The place that an address names; what it does not know is left out."""
        known = {field.name for field in fields(cls)}
        told = {name: text[:MOST] for name, text in parse_qsl(search.removeprefix("?"))}
        return cls(**{name: text for name, text in told.items() if name in known})

    @classmethod
    def of(cls, arguments: Mapping[str, list[bytes]]) -> Self:
        """The place that the address of the page named when it was opened."""
        told = {name: some[-1].decode(errors="replace") for name, some in arguments.items() if some}
        return cls.read(urlencode(told))

    @property
    def search(self) -> str:
        """The place as the end of an address, which begins with a question mark."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return "?" + urlencode({name: text for name, text in told.items() if text})

    @property
    def shown(self) -> str:
        """Which tab it belongs to; runs and their comparisons belong to the history."""
        if self.run:
            return HISTORY
        return self.tab if self.tab in TABS else NOTEBOOKS

    def but(self, **changes: str) -> Self:
        """The same place with some things chosen otherwise."""
        return replace(self, **changes)


class State(param.Parameterized):
    """Where the visitor is, and whether something there waits or works."""

    place = param.ClassSelector(class_=Place, default=Place(), doc="Where the visitor is.")
    is_following = param.Boolean(default=False, doc="Whether what is shown may change by itself.")
