"""Permissions and roles are the same in Python, in PostgreSQL and in the documentation."""

import itertools
import re

from sqlalchemy import text

from workbench.db.embedded import Embedded
from workbench.permissions import MEMBER_ROLES, ROLES, Permission, Role
from workbench.settings import ROOT

PAGE = ROOT / "docs" / "permissions.md"
ROLE_NAMES = [role.value for role in Role]


def documented() -> dict[str, list[str]]:
    """The rows of the page's matrix: permission, a cell for each role, and what it allows."""
    rows = [line.strip().strip("|").split("|") for line in PAGE.read_text().splitlines()]
    return {
        row[0].strip(" `"): [cell.strip() for cell in row[1:]]
        for row in rows
        if re.fullmatch(r" *`[a-z]+:[a-z]+` *", row[0])
    }


def test_postgresql_holds_the_same_roles(migrated: Embedded) -> None:
    """`workbench_private.system_roles` has each role with just its permissions."""
    with migrated.superuser("workbench") as connection:
        found = connection.execute("select name, permissions from workbench_private.system_roles")
        stored = {name: set(permissions) for name, permissions in found}
    assert stored == {role.value: set(held) for role, held in ROLES.items()}


def test_policies_name_known_permissions(migrated: Embedded) -> None:
    """No policy or function asks for a permission that nobody could hold."""
    query = text(
        "select coalesce(pg_get_expr(polqual, polrelid), '') "
        "|| coalesce(pg_get_expr(polwithcheck, polrelid), '') from pg_policy "
        "union all select prosrc from pg_proc "
        "where pronamespace in ('workbench'::regnamespace, 'workbench_private'::regnamespace)"
    )
    with migrated.superuser("workbench") as connection:
        source = " ".join(row[0] for row in connection.execute(str(query)))
    named = set(re.findall(r"_with\('([a-z:]+)'", source))
    assert named <= {permission.value for permission in Permission}
    assert len(named) > 8


def test_roles_grow() -> None:
    """Each member's role holds all that the lesser one holds."""
    steps = [ROLES[role] for role in MEMBER_ROLES]
    assert all(lesser < greater for lesser, greater in itertools.pairwise(steps))


def test_every_permission_is_documented() -> None:
    """The page has a row for each, a mark for each role that holds it, and says what it allows."""
    head = next(line for line in PAGE.read_text().splitlines() if line.startswith("| permission"))
    assert [cell.strip() for cell in head.strip("|").split("|")][1:-1] == ROLE_NAMES
    page = documented()
    assert sorted(page) == sorted(permission.value for permission in Permission)
    for permission in Permission:
        *marks, words = page[permission]
        held = [role.value for role, mark in zip(Role, marks, strict=True) if mark == "✓"]
        assert held == [role.value for role in Role if permission in ROLES[role]], permission
        assert len(words) > 10, permission
