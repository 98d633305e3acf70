"""What a visitor has chosen to see of the flights; no data."""

from dataclasses import dataclass
from datetime import date

import param

FIRST_ORDER = "time_hour"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which flights: empty means all; both days belong to the period."""

    origin: str = ""
    destination: str = ""
    since: date | None = None
    until: date | None = None


class State(param.Parameterized):
    """The choice and the place in the table, as the controls change them."""

    origin = param.String(default="", doc="The airport of departure, or empty for all.")
    destination = param.String(default="", doc="The airport of arrival, or empty for all.")
    since = param.CalendarDate(default=None, doc="The first day, or nothing for all.")
    until = param.CalendarDate(default=None, doc="The last day, or nothing for all.")
    order = param.String(default=FIRST_ORDER, doc="The column that the table is sorted by.")
    descending = param.Boolean(default=True, doc="Whether the largest comes first.")
    cursors = param.List(default=[None], doc="The way through the pages, up to the one shown.")

    def choice(self) -> Choice:
        """The choice as a value."""
        return Choice(self.origin, self.destination, self.since, self.until)

    def sort_by(self, column: str) -> None:
        """Sort by a column, the other way round if it is that column already."""
        descending = not self.descending if column == self.order else False
        self.param.update(order=column, descending=descending, cursors=[None])

    def go_on(self, cursor: str) -> None:
        """Go to the page after the one shown."""
        self.cursors = [*self.cursors, cursor]

    def go_back(self) -> None:
        """Go to the page before the one shown."""
        self.cursors = self.cursors[:-1] or [None]

    def restart(self) -> None:
        """Go to the first page."""
        self.cursors = [None]
