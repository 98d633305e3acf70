"""A list of what was done, page by page, of which each entry opens as a drawer."""

from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import parts

HERE = Path(__file__).parent
KINDS = frozenset({"previous", "next", "subject", "action", "target"})


class AuditList(JSComponent):
    """Entries by day; every text is shown as text, whatever it contains.

    An item holds `id`, `day`, `at`, `at_exact`, `who`, `email`, `subject`, `did`, `action`,
    `target`, `on`, `short`, `rows`, `run`, `sid`, `changes` (what, before, after) and
    `details` (name, value).
    """

    items = param.List(default=[], doc="The entries of the page, the newest first.")
    label = param.String(default="", doc="Which entries these are.")
    said = param.String(default="", doc="Why they could not be shown.")
    empty_title = param.String(default="Nothing fits", doc="What is said when there are none.")
    empty_text = param.String(default="", doc="What can be done about it.")
    has_previous = param.Boolean(default=False, doc="Whether there are newer entries.")
    has_next = param.Boolean(default=False, doc="Whether there are older entries.")
    is_loading = param.Boolean(default=True, doc="Whether other entries are on their way.")

    _esm = parts.script(HERE / "audit_list.js")
    _stylesheets: ClassVar[list[str]] = [parts.style(HERE / "audit_list.css")]

    @classmethod
    def of(cls, hear: parts.Hear, **shown: Any) -> "AuditList":
        """Make a list; a wish is a page, or to see one subject, action or target only."""
        made = cls(sizing_mode="stretch_width", **shown)
        made.on_msg(parts.hearing(KINDS, hear))
        return made
