"""What became of files: one import at length, and the last ones as a list."""

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import quote

import param
from panel.custom import JSComponent

from dashboards.components import numbers
from dashboards.files.store import Loaded, Refused
from dashboards.files.views import parts

STATUS = {
    "queued": "Waiting",
    "running": "Loading",
    "succeeded": "Loaded",
    "partial": "Loaded in part",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
MODES = {
    "append": "added to",
    "create": "made",
    "replace": "replaced all rows of",
    "upsert": "updated",
}
REJECTS = "/api/v1/imports/{id}/rejects.csv"
EXPLORE = "/dashboards/explore?dataset={name}"


class Outcome(JSComponent):
    """One import at length: how far it is, what it did, what it refused, and what to do next."""

    told = param.Dict(default={}, doc="The import; nothing while none is opened.")
    rejects = param.List(default=[], doc="Refused rows as line, column, value and reason.")
    said = param.String(default="", doc="Why the last wish could not be met.")

    _esm = parts.script("actions.js", "outcome.js")
    _stylesheets: ClassVar[list[str]] = [parts.style("imports.css")]

    @classmethod
    def of(cls, hear: parts.Hear) -> "Outcome":
        """Make an empty place for an import."""
        made = cls(sizing_mode="stretch_width", visible=False)
        made.on_msg(parts.hearing(hear))
        return made

    def tell(self, order: Loaded, refused: Sequence[Refused], *, may_explore: bool) -> None:
        """Show an import with the first rows that it refused."""
        self.param.update(
            told=told(order) | {"explore": explore(order) if may_explore else ""},
            rejects=[[numbers.count(r.line), r.column, r.value, r.reason] for r in refused],
            visible=True,
        )


class ImportList(JSComponent):
    """The last imports of the tenant, each with what can be done about it."""

    items = param.List(default=[], doc="The imports, the newest first.")
    is_loading = param.Boolean(default=True, doc="Whether they are still on their way.")

    _esm = parts.script("actions.js", "imports.js")
    _stylesheets: ClassVar[list[str]] = [parts.style("imports.css")]

    @classmethod
    def of(cls, hear: parts.Hear) -> "ImportList":
        """Make a list whose imports are on their way."""
        made = cls(sizing_mode="stretch_width")
        made.on_msg(parts.hearing(hear))
        return made

    def tell(self, imports: Sequence[Loaded]) -> None:
        """Show these imports."""
        self.param.update(items=[told(order) for order in imports], is_loading=False)


def told(order: Loaded) -> dict[str, Any]:
    """An import in words, with what may be done about it."""
    return {
        "id": str(order.id),
        "file": order.file_name,
        "title": order.title,
        "did": MODES.get(order.mode, "loaded into"),
        "status": "undone" if order.is_undone else order.status,
        "label": "Undone" if order.is_undone else STATUS.get(order.status, order.status),
        "when": _when(order),
        "sentence": sentence(order),
        "error": order.error or "",
        "progress": (order.progress or 0.0) if order.status == "running" else None,
        "is_live": order.is_live,
        "actions": actions(order),
        "csv": REJECTS.format(id=order.id) if order.has_rejects else "",
        "refused": order.rows_rejected,
        "undoing": undoing(order),
    }


def sentence(order: Loaded) -> str:
    """How an import stands, in a sentence."""
    if order.status == "queued":
        return "Waits for its turn: the imports of a company are loaded one after the other."
    if order.status == "running":
        return f"{_rows(order.rows_read)} read so far."
    if order.status == "cancelled":
        return "Nothing of it was loaded."
    counts = [f"{_rows(order.rows_loaded)} loaded"]
    counts += [f"{numbers.count(order.rows_replaced)} replaced"] if order.rows_replaced else []
    counts += [f"{numbers.count(order.rows_rejected)} refused"] if order.rows_rejected else []
    if order.is_undone:
        return f"{', '.join(counts)}; then taken back, so that all is as it was before."
    return f"{', '.join(counts)}."


def undoing(order: Loaded) -> str:
    """What undoing an import would do."""
    gone = f"takes its {_rows(order.rows_loaded)} away"
    if order.rows_replaced:
        return f"Undoing {gone} and brings {_rows(order.rows_replaced)} back."
    return f"Undoing {gone}."


def actions(order: Loaded) -> list[str]:
    """What the visitor may do about an import."""
    if not order.may_change:
        return []
    if order.is_live:
        return ["cancel"]
    if order.status in {"failed", "cancelled"}:
        return ["retry"]
    return [] if order.is_undone else ["undo"]


def explore(order: Loaded) -> str:
    """Where the rows of an import's dataset can be looked at, once there are some."""
    has_rows = order.rows_loaded and not order.is_undone
    return EXPLORE.format(name=quote(order.dataset)) if has_rows else ""


def _when(order: Loaded) -> str:
    when = f"{numbers.ago(order.ordered, order.now)} by {order.who}"
    if order.started and order.finished:
        return f"{when}, took {numbers.lasted(order.started, order.finished)}"
    return when


def _rows(count: int) -> str:
    return f"{numbers.count(count)} {'row' if count == 1 else 'rows'}"
