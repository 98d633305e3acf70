"""`%sql` and `%%sql`: a statement in a cell, read as `run.frame` reads it.

What `:name` stands for is a variable of the notebook, which PostgreSQL binds: nothing is ever
written into the text. IPython's own `{name}` and `$name`, which would be, are switched off.
"""

import re
from collections.abc import Callable
from keyword import iskeyword
from typing import Any

import pandas as pd
import pyarrow as pa
from IPython.core.magic import no_var_expand
from pglast import scan
from pglast.parser import ParseError

from workbench.datasets import sql_places
from workbench.errors import Detail, Invalid, Position
from workbench.lab.reading import BadQuery, bindable
from workbench.lab.run import LabRun, NoRun

KEPT = re.compile(r"\s*(\w+)\s*<<(.*)", re.DOTALL)
NO_WORDS = {"SQL_COMMENT", "C_COMMENT", "ASCII_59"}  # comments, and the semicolon


class BadCell(Invalid):
    """This statement cannot be executed."""

    code = "bad_cell"

    def _render_traceback_(self) -> list[str]:
        """Show one line: the places in the notebook's libraries help nobody."""
        return [str(self)]


def offer(shell: Any, run: LabRun) -> None:
    """Give a shell the line magic `%sql` and the cell magic `%%sql`."""
    shell.register_magic_function(_magic(shell, run), "line_cell", "sql")


def _magic(shell: Any, run: LabRun) -> Callable[..., pd.DataFrame]:
    @no_var_expand
    def sql(line: str, cell: str | None = None) -> pd.DataFrame:
        """Read a statement into a frame; `%%sql name`, or `name <<`, keeps it under that name."""
        name, statement = _parted(line, cell)
        try:
            frame = _read(run, shell.user_ns, statement)
        except BadQuery as error:
            raise _told(error, is_cell=cell is not None) from None
        except (NoRun, pa.ArrowException) as error:
            raise BadCell(str(error).partition("\n")[0]) from None
        if name:
            shell.push({name: frame})
        return frame

    return sql


def _parted(line: str, cell: str | None) -> tuple[str, str]:
    """The name to keep the frame under, or none, and the statement."""
    if cell is None:
        kept = KEPT.fullmatch(line)
        name, statement = (kept[1], kept[2]) if kept else ("", line)
    else:
        name, statement = line.strip().removesuffix("<<").strip(), cell
    if name and (not name.isidentifier() or iskeyword(name)):
        raise BadCell(f"{name[:40]!r} is no name; write %%sql name, and the statement below it.")
    if not statement.strip():
        raise BadCell("Write a statement: %sql select …, or below %%sql.")
    return name, statement


def _read(run: LabRun, space: dict[str, Any], statement: str) -> pd.DataFrame:
    from workbench.datasets import sql_parameters  # noqa: PLC0415 (0.2 s that few notebooks need)

    found = sql_parameters.numbered(ended(statement))
    if found.written is not None:
        raise _at(statement, found.written, "a parameter is written as :name, not as $1")
    if not sql_parameters.fits(found.names):
        raise BadQuery("these are too many parameters; give them longer names")
    for name in found.names:
        if name not in space:
            raise _at(statement, found.places[name], f"there is no variable {name} for :{name}")
    return run.numbered(found.text, [bindable(space[name]) for name in found.names])


def ended(statement: str) -> str:
    """The statement without what follows its last word, so that more can be written behind it."""
    try:
        words = [token for token in scan(statement) if token.name not in NO_WORDS]
    except ParseError:
        return statement
    return statement[: words[-1].end + 1] if words else statement


def _at(statement: str, start: int, message: str) -> BadQuery:
    place = sql_places.position(statement, start)
    return BadQuery(message, details=[Detail("sql", message, place)])


def _told(error: BadQuery, *, is_cell: bool) -> BadCell:
    """One line with its place, as JupyterLab counts the lines of a cell."""
    if not error.details:
        return BadCell(str(error))
    (detail,) = error.details
    return BadCell(detail.message + _place(detail.position, is_cell=is_cell))


def _place(place: Position | None, *, is_cell: bool) -> str:
    if place is None:
        return ""
    return f" (line {place.line + is_cell}, column {place.column})"
