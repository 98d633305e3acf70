"""What is shared with whom, and the form that shares something."""

from collections.abc import Sequence
from typing import Any, ClassVar

import param

from dashboards.components import numbers, parts
from dashboards.people import words
from dashboards.people.store.grants import Granted, Shelves, Thing
from dashboards.people.views.talking import HERE, STYLE, Talking, script
from workbench.access.schemas import GRANTABLE, USUAL

KINDS = frozenset({"preview", "create", "revoke", "previous", "next"})
SHARED = "\n".join((STYLE, (HERE / "grants.css").read_text()))
OFFERED = {
    kind: [
        {"name": p.value, "words": words.USUAL_OF[p], "usual": p in USUAL[kind]}
        for p in permissions
    ]
    for kind, permissions in GRANTABLE.items()
}


class GrantList(Talking):
    """The grants that there are, and the form that makes one."""

    items = param.List(default=[], doc="The grants of the page, the newest first.")
    things = param.List(default=[], doc="What can be shared.")
    roles = param.List(default=[], doc="The tenant's own roles: id and name.")
    members = param.List(default=[], doc="Members: e-mail address and name.")
    grantable = param.Dict(default=OFFERED, constant=True, doc="What each kind can allow.")
    preview = param.String(default="", doc="What the form would do, in words.")
    may_manage = param.Boolean(default=False, doc="Whether changes are offered.")
    made = param.Integer(default=0, doc="Counts the grants made: the form is then emptied.")
    has_previous = param.Boolean(default=False, doc="Whether there are newer grants.")
    has_next = param.Boolean(default=False, doc="Whether there are older grants.")
    is_loading = param.Boolean(default=True, doc="Whether the grants are on their way.")

    _esm = script("grants.js")
    _stylesheets: ClassVar[list[str]] = [SHARED]

    @classmethod
    def of(cls, hear: parts.Hear, **offers: Any) -> "GrantList":
        """Make the form; grants are on their way."""
        made = cls(sizing_mode="stretch_width", **offers)
        made.on_msg(parts.hearing(KINDS, hear))
        return made

    def offer(self, shelves: Shelves, things: Sequence[Thing]) -> None:
        """Offer these things to share with these roles and members."""
        self.param.update(
            things=told(things),
            roles=[[str(id_), name] for id_, name in shelves.roles],
            members=[list(each) for each in shelves.members],
        )


def told(things: Sequence[Thing]) -> list[dict[str, Any]]:
    """Things to share as forms take them."""
    return [
        {
            "kind": each.kind,
            "name": each.name,
            "title": each.title,
            "columns": [{"name": c.name, "type": c.type} for c in each.columns],
        }
        for each in things
    ]


def shown(granted: Sequence[Granted]) -> list[dict[str, str]]:
    """Grants as the list takes them."""
    return [
        {
            "id": str(each.id),
            "holder": f"Role {each.role}" if each.role else each.email or "A member",
            "allowed": words.allowed(each.permissions),
            "kind": each.kind,
            "target": each.target,
            "part": words.part(each.filter, each.masks) if each.filter or each.masks else "",
            "since": numbers.day(each.made),
        }
        for each in granted
    ]
