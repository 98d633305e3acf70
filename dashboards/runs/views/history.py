"""The runs of the past as a list that narrows, with two of them to be compared."""

from collections.abc import Sequence
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import numbers
from dashboards.components.parts import Hear, hearing
from dashboards.runs.state import Place
from dashboards.runs.store.past import Listed, Listing
from dashboards.runs.views import parts, words

KINDS = frozenset({parts.GO, "filter", "newer", "older", "compare", "restore", "delete"})
MOST = 300  # characters of what a run was given
FILTERS = ("notebook", "status", "who", "since", "until", "deleted")


class HistoryList(JSComponent):
    """A page of runs, and what narrows them."""

    items = param.List(default=[], doc="The runs, the newest first.")
    filters = param.Dict(default={}, doc="What is chosen, by the filter's name.")
    notebooks = param.List(default=[], doc="Names and titles.")
    people = param.List(default=[], doc="Ids and names, for who may see them.")
    statuses = param.List(default=[[*each] for each in words.STATUS.items()], doc="The states.")
    page = param.String(default="", doc="Which runs these are.")
    has_newer = param.Boolean(default=False, doc="Whether there are runs before these.")
    has_older = param.Boolean(default=False, doc="Whether there are runs after these.")
    is_loading = param.Boolean(default=True, doc="Whether they are on their way.")

    _esm = parts.script("history.js")
    _stylesheets: ClassVar[list[str]] = [parts.style("history.css")]

    @classmethod
    def of(cls, hear: Hear) -> "HistoryList":
        """Make a list whose runs are on their way."""
        made = cls(sizing_mode="stretch_width")
        made.on_msg(hearing(KINDS, hear))
        return made

    def offer(
        self, notebooks: Sequence[tuple[str, str]], people: Sequence[tuple[object, str]]
    ) -> None:
        """Offer these notebooks and people to narrow by."""
        self.param.update(
            notebooks=[list(each) for each in notebooks],
            people=[[str(user_id), name] for user_id, name in people],
        )

    def tell(self, place: Place, listing: Listing, number: int) -> None:
        """Show a page of runs, the first of which has the number 0."""
        count = len(listing.runs)
        self.param.update(
            items=[told(each, listing) for each in listing.runs],
            filters={name: getattr(place, name) for name in FILTERS},
            page=f"Page {number + 1}" if number or listing.next_cursor else _runs(count),
            has_newer=number > 0,
            has_older=listing.next_cursor is not None,
            is_loading=False,
        )


def told(run: Listed, listing: Listing) -> dict[str, Any]:
    """A run of the list, in words."""
    lasted = numbers.lasted(run.started, run.finished)
    took = f", took {lasted}" if run.started and run.finished else ""
    return {
        "id": str(run.id),
        "notebook": run.notebook,
        "to": Place(run=str(run.id)).search,
        "title": run.title,
        "status": run.status,
        "label": words.STATUS.get(run.status, run.status),
        "when": f"{words.when(run.ordered, run.who, listing.now)}{took}",
        "parameters": given(run),
        "error": run.error,
        "progress": run.progress if run.status == "running" else None,
        "is_live": run.is_live,
        "is_deleted": run.is_deleted,
        "may_change": run.may_change,
    }


def given(run: Listed) -> str:
    """What a run was given, in one line."""
    some = ((name, words.value(held)) for name, held in run.parameters.items())
    return ", ".join(f"{name}: {text}" for name, text in some)[:MOST]


def _runs(count: int) -> str:
    return f"{numbers.count(count)} {'run' if count == 1 else 'runs'}"
