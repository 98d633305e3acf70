"""A matrix of roles and permissions in plain words, with boxes where a role may be changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from dashboards.components import parts
from dashboards.components.permission_words import GROUPS

HERE = Path(__file__).parent
SHOWN = [
    {"title": title, "permissions": [{"name": p.value, "words": words} for p, words in group]}
    for title, group in GROUPS
]


@dataclass(frozen=True, slots=True)
class Column:
    """A role as the matrix shows it; only one with an id can be changed."""

    name: str
    title: str
    permissions: Collection[str]
    id: str = ""
    note: str = ""
    count: str = ""
    can_change: bool = False


class PermissionMatrix(JSComponent):
    """Roles as columns, permissions as rows; without roles they are on their way."""

    roles = param.List(default=[], doc="The roles, each as `Column` holds it.")
    groups = param.List(default=SHOWN, constant=True, doc="The permissions, by what they are for.")
    givable = param.List(default=[], doc="The permissions that the visitor could give.")
    turn = param.Integer(default=0, doc="Counts the answers, so that each is drawn.")

    _esm = parts.script(HERE / "permission_matrix.js")
    _stylesheets: ClassVar[list[str]] = [parts.style(HERE / "permission_matrix.css")]

    @classmethod
    def of(cls, hear: parts.Hear, **shown: Any) -> "PermissionMatrix":
        """Make a matrix; a wish is to `hold` or `drop` the permission `value` in the role `id`."""
        made = cls(sizing_mode="stretch_width", **shown)
        made.on_msg(parts.hearing(frozenset({"hold", "drop"}), hear))
        return made

    def tell(self, roles: Sequence[Column], givable: Collection[str]) -> None:
        """Show these roles, and offer these permissions in those that can be changed."""
        shown = [
            {
                "id": role.id,
                "name": role.name,
                "title": role.title,
                "note": role.note,
                "count": role.count,
                "permissions": sorted(role.permissions),
                "can_change": role.can_change,
            }
            for role in roles
        ]
        self.param.update(roles=shown, givable=sorted(givable), turn=self.turn + 1)
