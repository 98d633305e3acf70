"""The faces of what is not there: nothing yet, not allowed, signed out, out of order."""

from dataclasses import dataclass

from workbench.api import problems
from workbench.errors import Forbidden, NotFound, Unauthenticated, WorkbenchError

SIGN_IN = "/login"
HOME = "/dashboards/home"


@dataclass(frozen=True, slots=True)
class State:
    """A title, a sentence, and where to go or whether to try again."""

    title: str
    sentence: str
    link: str = ""
    link_text: str = ""
    can_retry: bool = False


SIGNED_OUT = State(
    "You are signed out", "Your sign-in has ended, so nothing more is shown.", SIGN_IN, "Sign in"
)
FAILED = State(
    "This could not be loaded",
    "Workbench did not answer in time. Your choice is kept; try again in a moment.",
    can_retry=True,
)


def of(error: Exception, at: str = "") -> State | None:
    """The face of an error on the page `at`; None for one that nobody expected."""
    known = problems.understood(error)
    if isinstance(known, Unauthenticated):
        return SIGNED_OUT
    if isinstance(known, Forbidden | NotFound):
        link = ("", "") if at == HOME else (HOME, "Go to Home")
        return State("This is not open to you", str(known), *link)
    return FAILED if isinstance(known, WorkbenchError) else None
