"""Every permission as `resource:action`, and every system role as a set of them.

PostgreSQL holds the same sets in `workbench_private.system_roles`; a rule test compares the two.
"""

from enum import StrEnum


class Permission(StrEnum):
    """What an actor may do."""

    AUDIT_READ = "audit:read"
    DATASET_READ = "dataset:read"
    DATASET_SHARE = "dataset:share"
    IMPORT_READ = "import:read"
    IMPORT_START = "import:start"
    MEMBER_MANAGE = "member:manage"
    MEMBER_READ = "member:read"
    NOTEBOOK_READ = "notebook:read"
    PLATFORM_READ = "platform:read"
    ROW_READ = "row:read"
    ROW_WRITE = "row:write"
    RUN_READ = "run:read"
    RUN_START = "run:start"
    SQL_RUN = "sql:run"
    TENANT_MANAGE = "tenant:manage"
    TENANT_READ = "tenant:read"
    USER_AUTHENTICATE = "user:authenticate"
    USER_MANAGE = "user:manage"


class Role(StrEnum):
    """What a member is called in a tenant; `operator` belongs to the platform."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ENGINEER = "engineer"
    OWNER = "owner"
    OPERATOR = "operator"


_VIEWER = frozenset(
    {
        Permission.DATASET_READ,
        Permission.NOTEBOOK_READ,
        Permission.ROW_READ,
        Permission.RUN_READ,
        Permission.TENANT_READ,
    }
)
_ANALYST = _VIEWER | {Permission.IMPORT_READ, Permission.RUN_START, Permission.SQL_RUN}
_ENGINEER = _ANALYST | {Permission.IMPORT_START, Permission.ROW_WRITE}
_OWNER = _ENGINEER | {
    Permission.AUDIT_READ,
    Permission.MEMBER_MANAGE,
    Permission.MEMBER_READ,
    Permission.TENANT_MANAGE,
}

ROLES: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.ENGINEER: _ENGINEER,
    Role.OWNER: _OWNER,
    Role.OPERATOR: frozenset(
        {
            Permission.DATASET_SHARE,
            Permission.PLATFORM_READ,
            Permission.TENANT_MANAGE,
            Permission.USER_MANAGE,
        }
    ),
}

MEMBER_ROLES = (Role.VIEWER, Role.ANALYST, Role.ENGINEER, Role.OWNER)
