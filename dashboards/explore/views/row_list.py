"""The rows behind the figures, one page at a time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from dashboards.components import numbers
from dashboards.components.face import Face
from dashboards.components.layout import card
from dashboards.components.table import Heading, Table
from dashboards.explore.figures import Opened
from dashboards.explore.state import Question
from dashboards.explore.views import texts

NOTE = "Every single row that the figures are made of; a heading sorts by its column"


class RowList:
    """The rows of a question in a table."""

    def __init__(self, on_wish: Callable[[str, str], Awaitable[None]]) -> None:
        """Make an empty table that passes on wishes for another order or page."""
        self._table = Table.of((), on_wish)
        self.pane = card(
            Face("chart_head", title="The rows behind it", note=NOTE).pane, self._table
        )

    def wait(self) -> None:
        """Say that other rows are on their way."""
        self._table.is_loading = True

    def show(
        self,
        question: Question,
        opened: Opened,
        rows: Sequence[Mapping[Any, Any]],
        *,
        first: int,
        total: int,
        has_next: bool,
    ) -> None:
        """Show a page whose first row is number `first` of `total`."""
        fields = opened.own
        self._table.head(tuple(Heading(f.name, _title(f), f.is_number) for f in fields))
        label = numbers.span(first, len(rows), total, "row" if total == 1 else "rows")
        self._table.param.update(
            rows=[[texts.cell(f, row[f.name], question.zone) for f in fields] for row in rows],
            order=question.rows.column if question.rows else "",
            descending=bool(question.rows and question.rows.descending),
            label=label if rows else "No row fits these filters",
            has_previous=first > 1,
            has_next=has_next,
            is_loading=False,
        )


def _title(field: Any) -> str:
    return texts.with_unit(field.title, f"({field.unit})" if field.unit else "")
