"""What PostgreSQL's errors mean to a caller; their text stays inside, since it may quote values."""

import psycopg

from workbench.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Unauthenticated,
    Unavailable,
    WorkbenchError,
)

PRIVILEGE = "42501"
TAKEN = "23505"
MISSING = "23503"  # the same answer whether the row is another tenant's or nobody's
CANCELLED = "57014"
TOO_LONG = "54000"
RETRY = frozenset({"40001", "40P01"})
REFUSED_VALUES = ("22", "23")
OTHER_PLAN = "0A000"  # of a prepared statement, the columns of whose answer have another type now
GONE = ("08", "53", "55P03", "57", "58", "XX001")


def of_postgres(error: psycopg.Error) -> WorkbenchError | None:  # noqa: PLR0911 (a table)
    """The error as one of ours; None when it is our own mistake."""
    state = error.sqlstate
    if state is None:
        # No answer of a server: the driver could not connect, or refused a value such as NUL.
        return Unavailable() if isinstance(error, psycopg.OperationalError) else _driver(error)
    if state == PRIVILEGE:
        # The token's own refusals are told apart by the text that our function raises.
        if "actor token" in str(error.diag.message_primary):
            return Unauthenticated("Your sign-in has ended; sign in again.")
        return Forbidden()
    if state == TAKEN:
        return Conflict("There is one with this name or id already.")
    if state == MISSING:
        return Conflict("Something that this refers to, or that refers to it, stands in the way.")
    if state in RETRY or (state == OTHER_PLAN and "cached plan" in str(error.diag.message_primary)):
        return Conflict("Somebody changed the same thing at the same time; try again.")
    if state == TOO_LONG:
        return Invalid("A text is too long for an order that this dataset keeps; give that up.")
    if state.startswith(REFUSED_VALUES):
        return Invalid("A value does not fit where it should go.")
    if state == CANCELLED:
        return Unavailable("The statement was cancelled.")
    return Unavailable() if state.startswith(GONE) else None


def _driver(error: psycopg.Error) -> WorkbenchError | None:
    if isinstance(error, psycopg.DataError):
        return Invalid("A value does not fit where it should go.")
    return None
