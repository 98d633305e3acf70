"""What the shell prints: tables for people, JSON for scripts, one line for what went wrong."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from workbench.errors import WorkbenchError

out = Console()
err = Console(stderr=True)


def fail(error: WorkbenchError) -> None:
    """Say in one line what went wrong and where."""
    found = (f"{detail.place}: {detail.message}" for detail in error.details)
    places = "; ".join(place for place in found if place not in str(error))
    err.print("error:", style="bold red", end=" ")
    err.print(f"{error} ({places})" if places else str(error), markup=False, soft_wrap=True)
    for hint in (detail.hint for detail in error.details if detail.hint):
        err.print(hint, markup=False, soft_wrap=True)


def show(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print rows as a table, or as JSON where a script reads them."""
    if as_json:
        out.print_json(json.dumps(list(rows), default=str))
        return
    if not rows:
        out.print("Nothing here yet.", style="dim")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    out.print(table)
