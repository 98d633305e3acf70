"""Beside the editor: datasets with their columns, saved queries, and what one ran."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import numbers
from dashboards.components.layout import card
from dashboards.sql.store import Kept, Known, Ran
from dashboards.sql.views.examples import quoted

HERE = Path(__file__).parent
KINDS = frozenset({"insert", "open", "again"})
MAX_TOLD = 200
OUTCOMES = {
    "succeeded": "",
    "cancelled": "cancelled",
    "sql_cancelled": "cancelled",
    "sql_timeout": "took too long",
    "sql_refused": "refused",
    "too_many": "did not start",
}
OnTold = Callable[[str, str], Awaitable[None]]


class Lists(JSComponent):
    """Three lists under tabs; whatever they contain is shown as text."""

    tab = param.String(default="datasets", doc="Which of the three is shown.")
    datasets = param.List(default=[], doc="Name, title and columns, each with what is inserted.")
    saved = param.List(default=[], doc="Id, name and a note.")
    history = param.List(default=[], doc="Id, statement, note, and whether it went well.")
    opened = param.String(default="", doc="The id of the saved query that is open.")
    is_loading = param.Boolean(default=True, doc="Whether nothing has been read yet.")

    _esm = HERE / "side.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "side.css").read_text()]


class Side:
    """Passes on what was chosen: `insert` a name, `open` a query, ask `again`."""

    def __init__(self, on_told: OnTold) -> None:
        """Make the lists; they are on their way."""
        self._lists = Lists(sizing_mode="stretch_width", margin=0)
        self.pane = card(self._lists)

        async def told(message: Any) -> None:
            kind, what = message.data.get("kind"), message.data.get("what")
            if kind in KINDS and isinstance(what, str) and len(what) <= MAX_TOLD:
                await on_told(kind, what)

        self._lists.on_msg(told)

    def show_datasets(self, datasets: Sequence[Known]) -> None:
        """Show what can be asked."""
        self._lists.param.update(datasets=[_dataset(each) for each in datasets], is_loading=False)

    def show_saved(self, saved: Sequence[Kept], opened: str = "") -> None:
        """Show what is kept, and which of it is open."""
        self._lists.param.update(
            saved=[{"id": str(q.id), "name": q.name, "note": whose(q)} for q in saved],
            opened=opened,
        )

    def show_history(self, history: Sequence[Ran], now: datetime) -> None:
        """Show what ran."""
        self._lists.history = [_ran(each, now) for each in history]


def whose(query: Kept) -> str:
    """Whose a saved query is, in words."""
    if not query.is_own:
        return "shared by a colleague"
    return "yours, shared" if query.is_shared else "yours"


def _dataset(dataset: Known) -> dict[str, Any]:
    columns = [
        {"name": c.name, "insert": quoted(c.name), "type": c.type, "note": c.description}
        for c in dataset.columns
    ]
    insert = quoted(dataset.name)
    title = dataset.title if dataset.title.lower() != dataset.name else ""
    return {"name": dataset.name, "insert": insert, "title": title, "columns": columns}


def _ran(ran: Ran, now: datetime) -> dict[str, Any]:
    outcome = "still running" if ran.outcome is None else OUTCOMES.get(ran.outcome, "failed")
    parts = [numbers.ago(ran.started, now), outcome]
    if ran.rows is not None:
        parts.append(f"{numbers.count(ran.rows)} {'row' if ran.rows == 1 else 'rows'}")
    if ran.elapsed_ms is not None:
        parts.append(numbers.milliseconds(ran.elapsed_ms))
    note = ", ".join(part for part in parts if part)
    return {"id": str(ran.id), "sql": ran.sql, "note": note, "is_well": not outcome}
