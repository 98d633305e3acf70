"""What a visitor has chosen on the dashboard of the audit; no data."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import param

PERIODS = {"day": 1, "week": 7, "month": 30}  # days
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entries are wanted; what is empty leaves the choice open.

    `period` is a key of PERIODS, or empty: then `first` and `last` bound the days, in UTC.
    """

    sought: str = ""
    subject: str = ""
    about: str = ""
    action: str = ""
    target: str = ""
    period: str = ""
    first: date | None = None
    last: date | None = None

    def since(self, now: datetime) -> datetime | None:
        """The first time that is wanted."""
        if self.period:
            return now - PERIODS[self.period] * DAY
        return None if self.first is None else datetime.combine(self.first, time(), UTC)

    def until(self) -> datetime | None:
        """The first time that is left out."""
        if self.period or self.last is None:
            return None
        return datetime.combine(self.last, time(), UTC) + DAY

    def only(self, **chosen: str) -> "Choice":
        """The choice with some of it changed."""
        return replace(self, **chosen)  # type: ignore[arg-type]  # dates are set by `between`

    def between(self, first: date | None, last: date | None) -> "Choice":
        """The choice with days of its own."""
        return replace(self, period="", first=first, last=last)


class State(param.Parameterized):
    """Which entries are wanted, and which page of them is shown."""

    choice = param.ClassSelector(class_=Choice, default=Choice(), doc="Which entries are wanted.")
    cursors = param.List(default=[], doc="The cursors of the pages up to the one that is shown.")
