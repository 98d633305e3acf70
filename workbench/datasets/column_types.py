"""The six types of a column: how JSON, Python, CSV and PostgreSQL write their values."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
)
from sqlalchemy.types import TypeEngine

from workbench.errors import Detail, Invalid

BIGINT = 2**63
MAX_TEXT = 1_000_000
ISO_START = re.compile(r"\d{4}-\d{2}-\d{2}")
ISO_DATE = r"'^\s*\d{4}-\d{2}-\d{2}\s*$'"
ISO_TIMESTAMP = (
    r"'^\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?\s*(Z|[+-]\d{2}(:?\d{2})?)?\s*$'"
)
# Beyond these years Python cannot hold a time, and no reader could show it.
FIRST, LAST = "timestamptz '0001-01-01 00:00Z'", "timestamptz '9999-12-31 23:59:59.999999Z'"

WHOLE, FRACTION = """'YYYY-MM-DD"T"HH24:MI:SS"Z"'""", """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number is needed")  # noqa: TRY004 (Pydantic turns it into a refusal)
    return value


def _iso(value: Any) -> Any:
    if isinstance(value, date) or (isinstance(value, str) and ISO_START.match(value)):
        return value
    raise ValueError("write it as 2026-01-31")


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("the year is out of range") from None


def _printable(value: str) -> str:
    if "\0" in value:
        raise ValueError("the character NUL cannot be stored")
    return value


def _always(_: ColumnElement[str]) -> ColumnElement[bool] | None:
    return None


def _input(type_name: str, *more: Callable[[ColumnElement[str]], ColumnElement[bool]]) -> Any:
    def fits(cell: ColumnElement[str]) -> ColumnElement[bool]:
        valid = func.pg_input_is_valid(cell, literal_column(f"'{type_name}'"))
        return and_(*(condition(cell) for condition in more), valid)

    return fits


def _timestamp_fits(cell: ColumnElement[str]) -> ColumnElement[bool]:
    looks = _input("timestamptz", lambda c: c.op("~*")(literal_column(ISO_TIMESTAMP)))(cell)
    first: ColumnElement[datetime] = literal_column(FIRST)
    last: ColumnElement[datetime] = literal_column(LAST)
    inside = cast(cell, DateTime(timezone=True)).between(first, last)
    return case((looks, inside), else_=case((cell.is_not(None), literal_column("false"))))


@dataclass(frozen=True, slots=True)
class ColumnType:
    """One type of column.

    `fits` makes the condition under which PostgreSQL reads a CSV cell as this type, None when it
    always does; `expected` says in words what a value must be.
    """

    sql: TypeEngine[Any]
    adapter: TypeAdapter[Any]
    expected: str
    fits: Callable[[ColumnElement[str]], ColumnElement[bool] | None]

    @property
    def is_number(self) -> bool:
        """Whether values can be summed."""
        return isinstance(self.sql, BigInteger | Double)

    @property
    def is_time(self) -> bool:
        """Whether values can be put into buckets of time."""
        return isinstance(self.sql, Date | DateTime)


TYPES: dict[str, ColumnType] = {
    "text": ColumnType(
        Text(),
        TypeAdapter(Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_printable)]),
        "a text",
        _always,
    ),
    "integer": ColumnType(
        BigInteger(),
        TypeAdapter(Annotated[int, Field(ge=-BIGINT, lt=BIGINT), BeforeValidator(_no_boolean)]),
        "a whole number",
        _input("bigint"),
    ),
    "number": ColumnType(
        Double(),
        TypeAdapter(
            Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_no_boolean)],
        ),
        "a finite number",
        # Every way to write infinity or not-a-number has an n in it, and no number has.
        _input("double precision", lambda cell: cell.op("!~*")(literal_column("'n'"))),
    ),
    "boolean": ColumnType(Boolean(), TypeAdapter(bool), "true or false", _input("boolean")),
    "date": ColumnType(
        Date(),
        TypeAdapter(Annotated[date, BeforeValidator(_iso)]),
        "a date such as 2026-01-31",
        _input("date", lambda cell: cell.op("~")(literal_column(ISO_DATE))),
    ),
    "timestamp": ColumnType(
        DateTime(timezone=True),
        TypeAdapter(Annotated[datetime, AfterValidator(_utc), BeforeValidator(_iso)]),
        "a time such as 2026-01-31T12:30:00Z",
        _timestamp_fits,
    ),
}


def as_json(type_name: str, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """What PostgreSQL is to make JSON of, so that it writes a value as we write it ourselves.

    It would give times an offset in place of a Z, in whatever zone the connection has.
    """
    if type_name != "timestamp":
        return column
    is_whole = func.date_trunc("second", column) == column
    form = case((is_whole, literal_column(WHOLE)), else_=literal_column(FRACTION))
    return func.to_char(func.timezone("UTC", column), form)


def read(type_name: str, value: Any, place: str) -> Any:
    """Read a value from JSON as the column's type; raise Invalid that names the place."""
    column_type = TYPES[type_name]
    try:
        return column_type.adapter.validate_python(value)
    except (ValidationError, UnicodeError):
        message = f"must be {column_type.expected}"
        raise Invalid(f"{place}: {message}.", details=[Detail(place, message)]) from None
