"""Places in a statement, as people and editors count them."""

from bisect import bisect_right

from pglast import scan
from pglast.parser import ParseError

from workbench.errors import Position

AROUND = 60  # characters of a long line that an excerpt shows on either side


def at(statement: str, position: int) -> str:
    """A place in a statement as people count it."""
    line, column = _line_and_column(statement, position)
    return f"line {line}, column {column}"


def position(statement: str, start: int) -> Position:
    """A place in a statement as an editor marks it, as long as the word that begins there."""
    line, column = _line_and_column(statement, start)
    text = statement.split("\n")[line - 1]
    shown = text[max(0, column - 1 - AROUND) : column - 1 + AROUND]
    return Position(line, column, _length(statement, start), shown.strip("\r"))


def _line_and_column(statement: str, position: int) -> tuple[int, int]:
    before = statement[:position]
    return before.count("\n") + 1, position - before.rfind("\n")


def _length(statement: str, start: int) -> int:
    try:
        tokens = list(scan(statement))
    except ParseError:  # a quote that is never closed: the rest of the line is as good as any
        return 1
    found = bisect_right([token.start for token in tokens], start) - 1
    if found < 0 or tokens[found].end < start:
        return 1
    return int(tokens[found].end) + 1 - start
