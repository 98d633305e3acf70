"""The tree of what can go wrong; an error's docstring is its message.

WorkbenchError
├── Unauthenticated   nobody proved who asks
├── Forbidden         the actor is known and lacks the permission
├── NotFound          it is not there, or not for this actor
├── Conflict          it is there already, or has moved on
│   └── Stale         it has changed since the caller read it
├── Invalid           the request cannot be understood; `details` names the places
├── TooLarge          more bytes than are taken
├── TooMany           a limit is reached
└── Unavailable       something that is needed does not answer
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text: line and column count from 1, `excerpt` is the line around it."""

    line: int
    column: int
    length: int
    excerpt: str


@dataclass(frozen=True, slots=True)
class Detail:
    """One place in a request and what is wrong there; in a text, where, and what may help."""

    place: str
    message: str
    position: Position | None = None
    hint: str | None = None


class WorkbenchError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str | None = None, *, details: Sequence[Detail] = ()) -> None:
        """Say what happened; without a message the class's docstring is used."""
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.details = tuple(details)


class Unauthenticated(WorkbenchError):
    """Sign in first."""

    code = "unauthenticated"


class Forbidden(WorkbenchError):
    """Your role does not allow this."""

    code = "forbidden"


class NotFound(WorkbenchError):
    """There is no such thing here."""

    code = "not_found"


class Conflict(WorkbenchError):
    """This does not fit what is there."""

    code = "conflict"


class Stale(Conflict):
    """This has changed since you read it; read it again."""

    code = "stale"


class Invalid(WorkbenchError):
    """The request is not valid."""

    code = "invalid"


class TooLarge(WorkbenchError):
    """The request is too large."""

    code = "too_large"


class TooMany(WorkbenchError):
    """Too many requests; try again later."""

    code = "too_many"

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        """Say after how many seconds the next try can succeed."""
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(WorkbenchError):
    """A part of Workbench does not answer; try again later."""

    code = "unavailable"
