"""A run at the top of its page: how far it is, what it prints, and what may be done about it."""

from collections.abc import Iterator
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import layout, numbers
from dashboards.components.log_tail import LogTail
from dashboards.components.parts import Hear, hearing
from dashboards.components.progress import Progress, seconds
from dashboards.runs.state import HISTORY, Place
from dashboards.runs.store.running import NOTEBOOK, Seen
from dashboards.runs.views import parts, words
from workbench.runs.schemas import LogView

KINDS = frozenset({parts.GO, "cancel", "retry", "delete"})
FILE = "/api/v1/runs/{id}/artifacts/{name}"
PDF = "/api/v1/runs/{id}/report.pdf"


class Head(JSComponent):
    """The title of a run, why it failed, and what can be done about it."""

    told = param.Dict(default={}, doc="The run in words; nothing while none is open.")

    _esm = parts.script("head.js")
    _stylesheets: ClassVar[list[str]] = [parts.style("head.css")]


class Watching:
    """A run as it goes on, and what it prints."""

    def __init__(self, hear: Hear) -> None:
        """Make an empty place for a run."""
        self._head = Head(sizing_mode="stretch_width")
        self._head.on_msg(hearing(KINDS, hear))
        self._progress = Progress(part="cell", sizing_mode="stretch_width")
        self._log = LogTail(sizing_mode="stretch_width")
        self._acts = Acts.of(hear)
        self.pane = layout.card(self._head, self._progress, self._log, self._acts)
        self.pane.stylesheets = [*self.pane.stylesheets, ":host { gap: 14px; }"]

    def wait(self) -> None:
        """Show that another run is on its way."""
        self._head.told = self._acts.told = {}
        self._log.param.update(text="", is_cut=False)

    def tell(self, run: Seen, before: Place | None) -> None:
        """Show how a run stands; `before` leads to its comparison with the one before."""
        self._head.told = told(run)
        self._acts.told = acts(run, before)
        self._progress.param.update(
            status=run.status,
            label=words.STATUS.get(run.status, run.status),
            note=words.note(run),
            done=run.cells_done or 0,
            total=run.cells or 0,
            share=run.progress,
            seconds=seconds(run.started, run.finished, run.now),
            is_live=run.is_live,
        )
        self._log.is_live = run.is_live

    def print(self, log: LogView) -> None:
        """Show what it has printed."""
        is_shown = self._log.is_live or bool(log.text)
        self._log.param.update(text=log.text, is_cut=log.is_cut, visible=is_shown)


class Acts(JSComponent):
    """What can be done about a run, the next step first."""

    told = param.Dict(default={}, doc="The run's id, and which actions are open.")

    _esm = parts.script("acts.js")
    _stylesheets: ClassVar[list[str]] = [parts.style("head.css")]

    @classmethod
    def of(cls, hear: Hear) -> "Acts":
        """Make a row of actions that offers nothing yet."""
        made = cls(sizing_mode="stretch_width")
        made.on_msg(hearing(KINDS, hear))
        return made


def told(run: Seen) -> dict[str, Any]:
    """A run's title, facts and failure, in words."""
    return {
        "title": run.title,
        "question": run.question,
        "facts": ". ".join(_facts(run)) + ".",
        "all": Place(tab=HISTORY, notebook=run.notebook).search,
        "error": run.error,
        "help": words.HELP.get(run.status, "") if run.error else "",
    }


def acts(run: Seen, before: Place | None) -> dict[str, Any]:
    """What may be done about a run."""
    may_order = run.may_change and run.is_on_shelf and not run.is_live
    has = {left.name for left in run.artifacts}
    return {
        "id": str(run.id),
        "may_cancel": run.may_change and run.is_live,
        "may_retry": may_order,
        "clone": Place(notebook=run.notebook, like=str(run.id)).search if may_order else "",
        "compare": before.search if before else "",
        "may_delete": run.may_change and not run.is_live,
        "pdf": PDF.format(id=run.id) if run.has_report else "",
        "notebook": FILE.format(id=run.id, name=NOTEBOOK) if NOTEBOOK in has else "",
        "why_not": ""
        if run.may_change
        else "Starting and ending runs is for analysts and engineers; you can read everything.",
    }


def _facts(run: Seen) -> Iterator[str]:
    yield f"Ordered {words.when(run.ordered, run.who, run.now)}"
    if run.queue == "batch":
        yield "In the queue of batches, which run when nothing urgent waits"
    if run.priority:
        yield f"Priority {run.priority}"
    if run.tries > 1:
        yield f"Try {run.tries} of {max(run.retries, run.tries - 1) + 1}"
    if run.finished is not None:
        yield f"Ended {numbers.ago(run.finished, run.now)}"
