"""Doing what a visitor wishes, and saying in a sentence why it cannot be done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from dashboards.components import states
from workbench.api import problems
from workbench.errors import WorkbenchError

log = structlog.stdlib.get_logger(__name__)


Deed = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Done:
    """What is to be said of a deed, and whether it went wrong."""

    said: str
    is_wrong: bool


async def deed(work: Deed, refresh: Callable[[], Awaitable[None]]) -> Done:
    """Do what changes something, then show what is there now, whether it went well or not."""
    said, wrong = "", ""
    try:
        said = await work()
    except Exception as error:  # noqa: BLE001 (whatever it was, it is said)
        wrong = sentence(error)
    failed = await attempt(refresh())
    wrong = wrong or failed
    return Done(wrong or said, bool(wrong))


async def attempt(work: Awaitable[object]) -> str:
    """Do the work; answer what went wrong in a sentence, or nothing when nothing did."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 (whatever it was, it is said)
        return sentence(error)
    return ""


def sentence(error: Exception) -> str:
    """What an error means to who reads it; one that nobody expected goes to the log as well."""
    known = problems.understood(error)
    if not isinstance(known, WorkbenchError):
        log.error("a wish was not met", exc_info=error)
        return states.FAILED.sentence
    places = "; ".join(f"{d.place}: {d.message}" for d in known.details if d.message)
    said = str(known).rstrip(".")
    return f"{said} ({places})." if places else f"{said}."
