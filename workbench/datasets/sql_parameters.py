"""Parameters of a statement: `:name` in its text, a typed value beside it.

A value never becomes part of the text: `:name` becomes PostgreSQL's own `$1`, filled up with blanks
so that every other word keeps its place, and the value travels beside the statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from pglast import scan
from pglast.parser import ParseError
from psycopg.types.numeric import Int8

from workbench.datasets import column_types
from workbench.datasets.errors import refuse
from workbench.datasets.schemas import Parameter

COLON, WRITTEN = "ASCII_58", "PARAM"
MOST = 99
MAX_CHOICES = 1000

Value = Any  # a scalar of JSON, a list of them, or {"type": …, "value": …}


@dataclass(frozen=True, slots=True)
class Numbered:
    """A statement whose parameters are numbers, with their names in that order.

    `places` are where each name stands first; `written` is where somebody wrote `$1` himself.
    """

    text: str
    names: tuple[str, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)
    written: int | None = None


def numbered(statement: str) -> Numbered:
    """Number the parameters of a statement; what cannot be read is left to the parser."""
    try:
        tokens = list(scan(statement))
    except ParseError:
        return Numbered(statement)
    uses = [
        (token.start, statement[after.start : after.end + 1])
        for token, after in pairwise(tokens)
        if token.name == COLON and after.start == token.end + 1
    ]
    uses = [(start, name) for start, name in uses if name.isidentifier()]
    places: dict[str, int] = {}
    for start, name in uses:
        places.setdefault(name, start)
    # The shortest first, so that no number is longer than the name whose place it takes.
    names = sorted(places, key=lambda name: (len(name), name))
    text = statement
    for start, name in uses:
        number = f"${names.index(name) + 1}".ljust(len(name) + 1)
        text = text[:start] + number + text[start + len(number) :]
    written = next((token.start for token in tokens if token.name == WRITTEN), None)
    return Numbered(text, tuple(names), places, written)


def fits(names: Sequence[str]) -> bool:
    """Whether each name is as long as its number, and there are not too many."""
    return len(names) <= MOST and all(
        len(str(number)) <= len(name) for number, name in enumerate(names, 1)
    )


def bound(names: Sequence[str], given: Mapping[str, Value]) -> list[Any] | None:
    """The values in the order of their numbers, as the driver sends them; None without any."""
    if unused := sorted(set(given) - set(names)):
        raise refuse(f"parameters.{unused[0]}", "does not stand in the statement")
    return [_typed(given[name], f"parameters.{name}") for name in names] or None


def _typed(value: Value, place: str) -> Any:
    if isinstance(value, dict):
        if set(value) != {"type", "value"} or value["type"] not in column_types.TYPES:
            known = ", ".join(column_types.TYPES)
            raise refuse(place, f'is a value, or {{"type", "value"}} with a type of {known}')
        return _read(value["type"], value["value"], f"{place}.value")
    return _read(None, value, place)


def _read(type_name: str | None, value: Value, place: str) -> Any:
    if isinstance(value, list):
        if not 1 <= len(value) <= MAX_CHOICES or any(isinstance(each, list) for each in value):
            raise refuse(place, f"is a list of 1 to {MAX_CHOICES:,} values")
        return [_read(type_name, each, f"{place}[{number}]") for number, each in enumerate(value)]
    if value is None:
        return None
    read = column_types.read(type_name or _usual(value, place), value, place)
    # Whole numbers as wide as PostgreSQL's own columns: a narrow one could overflow in a product.
    return Int8(read) if isinstance(read, int) and not isinstance(read, bool) else read


def _usual(value: Value, place: str) -> str:
    for kind, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "text"),
        (datetime, "timestamp"),
        (date, "date"),
    ):
        if isinstance(value, kind):
            return name
    raise refuse(place, "is no value that a parameter can have")


def given(declared: Mapping[str, Parameter], values: Mapping[str, Value]) -> dict[str, Value]:
    """The values of a saved query: those given, or its own, each of the type that it declares."""
    if unknown := sorted(set(values) - set(declared)):
        raise refuse(f"parameters.{unknown[0]}", "is none of this query's")
    found = {}
    for name, parameter in declared.items():
        if name not in values and parameter.is_required:
            raise refuse(f"parameters.{name}", "is needed")
        value = values.get(name, parameter.default)
        found[name] = {"type": parameter.type, "value": value}
    return found
