"""The roles of the tenant's own as a list, with a form that makes one."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

import param

from dashboards.components import parts
from dashboards.components.permission_matrix import Column
from dashboards.people.store.roles import Known
from dashboards.people.views import words
from dashboards.people.views.talking import STYLE, Talking, script


class RoleList(Talking):
    """The tenant's own roles, and the form that makes one."""

    items = param.List(default=[], doc="The roles: `id`, `name`, `description`, `members`.")
    may_manage = param.Boolean(default=False, doc="Whether changes are offered.")
    made = param.Integer(default=0, doc="Counts the roles made: the form is then emptied.")

    _esm = script("roles.js")
    _stylesheets: ClassVar[list[str]] = [STYLE]

    @classmethod
    def of(cls, hear: parts.Hear, **offers: Any) -> "RoleList":
        """Make the form; roles are on their way."""
        made = cls(sizing_mode="stretch_width", **offers)
        made.on_msg(parts.hearing(frozenset({"create", "delete"}), hear))
        return made


def columns(roles: Sequence[Known], *, may_manage: bool, givable: Collection[str]) -> list[Column]:
    """Roles as the matrix takes them; one that allows more than the visitor may is left alone."""
    return [
        Column(
            name=role.name,
            title=role.name if role.id else words.title(role.name),
            permissions=role.permissions,
            id=str(role.id or ""),
            note=role.description or words.ROLE_WORDS.get(role.name, ""),
            count=f"{role.members:,} {'member' if role.members == 1 else 'members'}",
            can_change=may_manage and role.id is not None and role.permissions <= set(givable),
        )
        for role in roles
    ]


def shown(roles: Sequence[Known]) -> list[dict[str, Any]]:
    """The tenant's own roles as the list takes them."""
    return [
        {
            "id": str(role.id),
            "name": role.name,
            "description": role.description,
            "members": role.members,
        }
        for role in roles
        if role.id is not None
    ]
