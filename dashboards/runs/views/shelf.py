"""The shelf: each notebook with its question, what it needs, and how it ran last."""

from collections.abc import Sequence
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import numbers
from dashboards.components.parts import Hear, hearing
from dashboards.runs.state import HISTORY, SCHEDULES, Place
from dashboards.runs.store.shelf import Offered
from dashboards.runs.views import parts
from dashboards.runs.views.words import STATUS

KINDS = frozenset({parts.GO})


class ShelfList(JSComponent):
    """The notebooks as cards."""

    items = param.List(default=[], doc="The notebooks, by title.")
    is_loading = param.Boolean(default=True, doc="Whether they are on their way.")

    _esm = parts.script("shelf.js")
    _stylesheets: ClassVar[list[str]] = [parts.style("shelf.css")]

    @classmethod
    def of(cls, hear: Hear) -> "ShelfList":
        """Make a shelf whose notebooks are on their way."""
        made = cls(sizing_mode="stretch_width")
        made.on_msg(hearing(KINDS, hear))
        return made

    def tell(self, notebooks: Sequence[Offered]) -> None:
        """Show these notebooks, those that the visitor can start first."""
        first = sorted(notebooks, key=lambda each: not each.may_start)
        self.param.update(items=[told(each) for each in first], is_loading=False)


def told(notebook: Offered) -> dict[str, Any]:
    """A notebook in words, with where its links lead."""
    last = notebook.last
    return {
        "name": notebook.name,
        "title": notebook.title,
        "question": notebook.question,
        "description": notebook.description,
        "needs": sentence(notebook),
        "missing": missing(notebook),
        "may_start": notebook.may_start,
        "start": Place(notebook=notebook.name).search,
        "plan": Place(tab=SCHEDULES, schedule="new", notebook=notebook.name).search
        if notebook.may_plan
        else "",
        "history": Place(tab=HISTORY, notebook=notebook.name).search,
        "last": last
        and {
            "to": Place(run=str(last.id)).search,
            "status": last.status,
            "label": STATUS.get(last.status, last.status),
            "when": numbers.ago(last.ordered, notebook.now),
        },
    }


def sentence(notebook: Offered) -> str:
    """What a notebook needs and how it is executed, in a sentence or two."""
    needs = f"It needs to {_all(notebook.needs)}. " if notebook.needs else ""
    turn = " when nothing urgent waits" if notebook.queue == "batch" else " as soon as it can"
    urgent = f", with priority {notebook.priority}" if notebook.priority else ""
    minutes = max(1, notebook.limit_seconds // 60)
    return f"{needs}It runs{turn}{urgent}, for {minutes} min at most."


def missing(notebook: Offered) -> str:
    """What the visitor lacks to start a notebook, and who can help; nothing when nothing."""
    if notebook.may_start:
        return ""
    return (
        f"You cannot start it: your role may not {_all(notebook.missing, 'or')}. "
        "An owner of your company can change that; what others have run is open to you."
    )


def _all(words: Sequence[str], last: str = "and") -> str:
    *most, one = words
    return f"{', '.join(most)} {last} {one}" if most else one
