"""Where a file is dropped, looked at, corrected and sent; all of it in the browser."""

from collections.abc import Sequence
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dashboards.files.store import Known, Loaded
from dashboards.files.views import parts


class Upload(JSComponent):
    """A file on its way in; the browser sends it to the API itself, and tells of the import."""

    datasets = param.List(default=[], doc="The datasets of the tenant, and which may be loaded.")
    earlier = param.List(default=[], doc="Imports whose refused rows may come back corrected.")
    may_create = param.Boolean(default=False, doc="Whether a new dataset may be made of a file.")
    most_bytes = param.Integer(default=0, doc="How large a file may be.")

    _esm = parts.script(
        "sample.js", "asking.js", "draft.js", "columns.js", "proposal.js", "upload.js"
    )
    _stylesheets: ClassVar[list[str]] = [parts.style("upload.css")]

    @classmethod
    def of(cls, hear: parts.Hear, *, may_create: bool, most_bytes: int) -> "Upload":
        """Make an empty place for a file."""
        made = cls(may_create=may_create, most_bytes=most_bytes, sizing_mode="stretch_width")
        made.on_msg(parts.hearing(hear))
        return made

    def offer(self, datasets: Sequence[Known]) -> None:
        """Offer these datasets."""
        self.datasets = [target(known) for known in datasets]

    def remember(self, imports: Sequence[Loaded]) -> None:
        """Know these imports when their refused rows come back."""
        self.earlier = [origin(order) for order in imports if order.has_rejects]


def target(known: Known) -> dict[str, Any]:
    """A dataset as the browser needs it."""
    return {
        "name": known.name,
        "title": known.title,
        "may_load": known.may_load,
        "is_empty": known.rows == 0,
        "columns": [list(column) for column in known.columns],
    }


def origin(order: Loaded) -> dict[str, Any]:
    """How an import was ordered, to order the same for its corrected rows."""
    return {
        "id": str(order.id),
        "file": order.file_name,
        "dataset": order.dataset,
        "mode": order.mode,
        "key": order.key,
        "reading": order.reading,
    }
