"""How the parts of this page lead on: to another place, and to a word about what was done."""

from collections.abc import Awaitable, Callable, Mapping

import structlog

from dashboards.components import states
from dashboards.components.toast import Toast
from dashboards.runs.state import Place
from dashboards.runs.store.shelf import faults
from workbench.api import problems
from workbench.errors import Invalid, WorkbenchError

log = structlog.stdlib.get_logger(__name__)

Do = Callable[[], Awaitable[None]]
Fault = Callable[[Mapping[str, str]], None]


class Guide:
    """Leads from one part to another, and says how wishes went."""

    def __init__(self, toast: Toast, go: Callable[[Place], Awaitable[None]]) -> None:
        """Say things by a toast; `go` shows another place."""
        self._toast = toast
        self.go = go

    def say(self, text: str, undo: Do | None = None) -> None:
        """Say what was done, and offer to take it back."""
        self._toast.say(text, undo=undo)

    async def attempt(self, work: Do, fault: Fault | None = None) -> bool:
        """Do some work and answer whether it went well; what went wrong is said.

        Where a form asked for the work, `fault` marks what is wrong in its fields.
        """
        try:
            await work()
        except Exception as error:
            known = problems.understood(error)
            if not isinstance(known, WorkbenchError):
                log.exception("a wish on the page of runs failed")
                self._toast.say(states.FAILED.sentence, is_wrong=True)
                return False
            if fault is not None and isinstance(known, Invalid):
                fault(faults(known))
                return False
            words = " ".join(detail.message for detail in known.details)
            self._toast.say(words or str(known), is_wrong=True)
            return False
        return True
