"""What is wrong with a statement: in words, at its place, with what may help."""

import re
from collections.abc import Callable
from typing import Any

import panel_material_ui as pmui

from dashboards.components import layout
from dashboards.components.face import Face
from workbench.datasets.sql_errors import SqlCancelled
from workbench.errors import Detail, Position, WorkbenchError

MOST_FIXES = 3
WRITE = "Write "
GUESS = re.compile(r"Did you mean (.+)\?")
ROW = ":host { flex-direction: row !important; flex-wrap: wrap; gap: 8px; margin-top: 10px; }"
AROUND = 60  # characters before the place that an excerpt of a long line shows


class Wrong:
    """A box with the message, the line with a mark under it, and a hint."""

    def __init__(self, on_fix: Callable[[str], None]) -> None:
        """Make a box that is hidden; `on_fix` hears which of the names was meant."""
        self._face = Face(
            "sql_wrong", is_wrong=True, message="", excerpt="", mark="", hint="", line=0
        )
        self._fixes = [_fix(on_fix) for _ in range(MOST_FIXES)]
        self._row = layout.column(*self._fixes, css=ROW)
        self.pane = layout.column(self._face.pane, self._row)
        self.pane.visible = False

    def show(self, error: WorkbenchError) -> dict[str, Any]:
        """Show an error, and answer the place that the editor marks."""
        detail = error.details[0] if error.details else Detail("", str(error))
        position = detail.position
        places = [each for each in error.details if each.position is None and each.place != "sql"]
        message = "; ".join(_said(each) for each in places) or str(error)
        self._face.show(
            is_wrong=not isinstance(error, SqlCancelled),
            message=message,
            excerpt=position.excerpt if position else "",
            mark=mark(position) if position else "",
            line=position.line if position else 0,
            hint=detail.hint or "",
        )
        self._offer(detail.hint if position else None)
        self.pane.visible = True
        if position is None:
            return {}
        return {
            "line": position.line,
            "column": position.column,
            "length": position.length,
            "message": detail.message,
        }

    def hide(self) -> None:
        """Show nothing."""
        self.pane.visible = False

    def _offer(self, hint: str | None) -> None:
        names = meant(hint or "")
        self._row.visible = bool(names)
        for at, button in enumerate(self._fixes):
            button.visible = at < len(names)
            button.label = f"{WRITE}{names[at]}" if at < len(names) else ""


def meant(hint: str) -> list[str]:
    """The names that a hint guesses."""
    found = GUESS.fullmatch(hint)
    return found[1].split(" or ")[:MOST_FIXES] if found else []


def _fix(on_fix: Callable[[str], None]) -> pmui.Button:
    button = pmui.Button(label="", variant="outlined", size="small", icon="auto_fix_high", margin=0)
    button.on_click(lambda _event: on_fix(button.label.removeprefix(WRITE)))
    return button


def mark(position: Position) -> str:
    """Blanks, then a caret under each character of the place, as long as the excerpt."""
    before = min(position.column - 1, AROUND)
    room = max(1, len(position.excerpt) - before)
    blanks = "".join("\t" if c == "\t" else " " for c in position.excerpt[:before].ljust(before))
    return blanks + "^" * max(1, min(position.length, room))


def _said(detail: Detail) -> str:
    kind, _, name = detail.place.partition(".")
    if kind == "parameters":
        return f":{name.partition('.')[0]} {detail.message}"
    return f"{detail.place}: {detail.message}" if detail.place else detail.message
