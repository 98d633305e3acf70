"""When a run is tried again by itself, and how long it waits before that.

A failing cell is the notebook's own, and is tried again only where the contract says so. What
happens to a run before its first cell has begun can be repeated freely; what is lost in its middle
is tried once more.
"""

from datetime import timedelta
from enum import StrEnum

from workbench.runs.models import Run

FIRST = timedelta(seconds=2)
LONGEST = timedelta(minutes=10)


class Cause(StrEnum):
    """Why a run is tried again."""

    FAILURE = "failure"  # of the notebook: a cell, a limit, a kernel that dies under it
    LOST = "lost"  # its worker fell silent
    FAULT = "fault"  # PostgreSQL or the kernel's start, before the first cell


TRIES = {Cause.FAILURE: 0, Cause.LOST: 1, Cause.FAULT: 3}


def pause(run: Run, cause: Cause) -> timedelta | None:
    """How long the run waits before it is tried again; None when it was tried often enough."""
    if run.retried >= max(run.retries, TRIES[cause]):
        return None
    return min(FIRST * 2.0 ** min(run.retried, 20), LONGEST)
