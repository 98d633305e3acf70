"""Every single flight, one page at a time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from dashboards.components import numbers
from dashboards.components.face import Face
from dashboards.components.layout import card
from dashboards.components.table import Heading, Table

HEADINGS = (
    Heading("time_hour", "Planned departure"),
    Heading("flight", "Flight"),
    Heading("origin", "From"),
    Heading("dest", "To"),
    Heading("dep_delay", "Dep. delay (min)", is_number=True),
    Heading("arr_delay", "Arr. delay (min)", is_number=True),
    Heading("air_time", "Air time (min)", is_number=True),
    Heading("distance", "Distance (mi)", is_number=True),
    Heading("tailnum", "Tail number"),
)
CANCELLED = "cancelled"


class FlightList:
    """The rows of the choice in a table."""

    def __init__(self, on_wish: Callable[[str, str], Awaitable[None]]) -> None:
        """Make an empty table that passes on wishes for another order or page."""
        head = Face("chart_head", title="Flights one by one", note="A heading sorts by its column")
        self._table = Table.of(HEADINGS, on_wish)
        self.pane = card(head.pane, self._table)

    def wait(self) -> None:
        """Say that other rows are on their way."""
        self._table.is_loading = True

    def show(
        self,
        rows: Sequence[Mapping[Any, Any]],
        *,
        first: int,
        total: int,
        has_next: bool,
        order: str,
        descending: bool,
    ) -> None:
        """Show a page whose first row is number `first` of `total`."""
        label = numbers.span(first, len(rows), total, "flights")
        self._table.param.update(
            rows=[texts(row) for row in rows],
            order=order,
            descending=descending,
            label=label if rows else "No flight fits this choice",
            has_previous=first > 1,
            has_next=has_next,
            is_loading=False,
        )


def texts(row: Mapping[Any, Any]) -> list[str]:
    """A row as the table shows it."""
    date = f"{row['year']}-{row['month']:02}-{row['day']:02}"
    planned = f"{row['sched_dep_time'] or 0:04}"
    return [
        f"{date} {planned[:2]}:{planned[2:]}",
        f"{row['carrier']} {row['flight']}",
        row["origin"] or numbers.NOTHING,
        row["dest"] or numbers.NOTHING,
        CANCELLED if row["dep_time"] is None else numbers.count(row["dep_delay"]),
        numbers.count(row["arr_delay"]),
        numbers.count(row["air_time"]),
        numbers.count(row["distance"]),
        row["tailnum"] or numbers.NOTHING,
    ]
