"""Rows with what can be done about each: figures change in place, and grave things ask again."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent
MOST_SAID = 500  # characters of an answer
Do = Callable[[str, str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what people read above it, and whether it holds numbers."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, a note below it, a chip with its tone (well, look or broken), and a bar's share.

    A bar that `is_full` warns. With a link, a path of this host, the text leads there in another
    tab.
    """

    text: str
    note: str = ""
    chip: str = ""
    tone: str = ""
    share: float | None = None
    is_full: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button; with `confirm` it asks once more, and with `ask` for a sentence as well."""

    name: str
    label: str
    confirm: str = ""
    ask: str = ""
    is_grave: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row, known by its key for as long as it is shown."""

    key: str
    cells: Sequence[Cell]
    actions: Sequence[Action] = field(default=())


class Roster(JSComponent):
    """Rows under headings; the browser shows them as text, whatever they contain."""

    columns = param.List(default=[], doc="The headings.")
    rows = param.List(default=[], doc="The rows, each with its key, cells and actions.")
    label = param.String(default="", doc="What the rows are.")
    has_actions = param.Boolean(default=False, doc="Whether there is a column for buttons.")
    empty_title = param.String(default="", doc="What is said where there are no rows.")
    empty_text = param.String(default="", doc="What to do then.")
    is_loading = param.Boolean(default=True, doc="Whether the rows are on their way.")

    _esm = HERE / "roster.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "roster.css").read_text()]

    @classmethod
    def of(
        cls,
        label: str,
        columns: Sequence[Column],
        *,
        empty: tuple[str, str],
        on_do: Do | None = None,
    ) -> "Roster":
        """Make a roster whose rows are on their way; what is done is passed on.

        `on_do` gets the key of the row, the name of the action and the answer, of those offered.
        """
        roster = cls(
            label=label,
            columns=[asdict(column) for column in columns],
            has_actions=on_do is not None,
            empty_title=empty[0],
            empty_text=empty[1],
            sizing_mode="stretch_width",
            margin=0,
        )

        async def told(message: Any) -> None:
            key, name = message.data.get("key"), message.data.get("action")
            answer = message.data.get("answer")
            offered = {
                (row["key"], action["name"]) for row in roster.rows for action in row["actions"]
            }
            is_said = isinstance(answer, str) and len(answer) <= MOST_SAID
            if on_do is not None and is_said and (key, name) in offered:
                await on_do(key, name, answer)

        roster.on_msg(told)
        return roster

    def fill(self, rows: Sequence[Row]) -> None:
        """Show other rows; those that are the same are not sent."""
        made = [asdict(row) for row in rows]
        # JSON knows no tuples: what is compared must be what was sent.
        shown = [each | {part: list(each[part]) for part in ("cells", "actions")} for each in made]
        if shown != self.rows:
            self.rows = shown
        self.is_loading = False
