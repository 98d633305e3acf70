"""The matrix of roles and permissions in its states."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components.parts import Wish
from dashboards.components.permission_matrix import Column, PermissionMatrix
from workbench.permissions import ROLES, Permission, Role

OWN = Column(
    "jfk-desk", "jfk-desk", {Permission.SQL_RUN}, id="1", count="2 members", can_change=True
)


def _system() -> list[Column]:
    chosen = (Role.VIEWER, Role.ANALYST, Role.OWNER)
    return [Column(role, role.capitalize(), ROLES[role], count="3 members") for role in chosen]


def _shown(*, can_change: bool) -> Viewable:
    matrix = _empty()
    own = Column("jfk-desk", "jfk-desk", OWN.permissions, count=OWN.count)
    matrix.tell([*_system(), OWN if can_change else own], ROLES[Role.OWNER])
    return matrix


def _empty() -> PermissionMatrix:
    async def hear(_wish: Wish) -> None:
        """Leave it as it is."""

    return PermissionMatrix.of(hear)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: _shown(can_change=True),
    "forbidden": lambda: _shown(can_change=False),
    "loading": _empty,
}
