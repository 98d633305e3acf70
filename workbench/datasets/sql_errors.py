"""What can go wrong with a statement, and what PostgreSQL's refusals mean to who asked."""

import psycopg

from workbench.datasets import sql_hints, sql_places
from workbench.datasets.sql_check import Checked
from workbench.datasets.sql_hints import Columns
from workbench.errors import (
    Conflict,
    Detail,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
    WorkbenchError,
)

SHOWN = ("0A", "21", "22", "42", "53", "54")  # classes of errors that speak of the statement
PRIVILEGE = "42501"


class SqlFailed(Invalid):
    """PostgreSQL cannot run the statement."""

    code = "sql_failed"


class SqlTimeout(Invalid):
    """The statement takes too long."""

    code = "sql_timeout"


class SqlCancelled(Conflict):
    """The statement was cancelled."""

    code = "sql_cancelled"


class IdTaken(Conflict):
    """There is a statement with this id already; give each its own."""

    code = "id_taken"


class StatementNotFound(NotFound):
    """There is no such statement of yours."""


class SavedQueryNotFound(NotFound):
    """There is no such saved query here."""


def said(
    error: psycopg.Error, statement: str, checked: Checked, wrapper: str, columns: Columns
) -> WorkbenchError:
    """PostgreSQL's own first line, without the hint and detail that may quote rows.

    `wrapper` is the statement around the one that was typed, with `{}` in its place.
    """
    state, message = error.sqlstate or "", error.diag.message_primary or ""
    if state == PRIVILEGE:
        return _of_privilege(message)
    if not state or state.startswith(("08", "57", "58")):
        return Unavailable()
    if not state.startswith(SHOWN):
        return SqlFailed()
    message = f"{message[:1].upper()}{message[1:]}"
    hint = sql_hints.of_state(state, message, columns, checked.datasets)
    start = _start(error, checked, wrapper)
    if start is None:
        details = [Detail("sql", message, None, hint)] if hint else []
        return SqlFailed(f"{message}.", details=details)
    place = sql_places.at(statement, start)
    detail = Detail(place, message, sql_places.position(statement, start), hint)
    return SqlFailed(f"{message} ({place}).", details=[detail])


def _of_privilege(message: str) -> WorkbenchError:
    if "actor token" in message:
        return Unauthenticated("Your sign-in has ended; sign in again.")
    if message.startswith(("you may see", "what you may see")):
        return Forbidden(f"{message[:1].upper()}{message[1:]}.")
    return Forbidden("The statement needs a right that readers do not have.")


def _start(error: psycopg.Error, checked: Checked, wrapper: str) -> int | None:
    """Where in the typed statement PostgreSQL found fault."""
    if error.diag.statement_position is None:
        return None
    position = int(error.diag.statement_position) - 1 - wrapper.index("{}")
    return checked.start + position if 0 <= position <= len(checked.text) else None
