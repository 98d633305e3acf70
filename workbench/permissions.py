"""Every permission as `resource:action`, and every system role as a set of them.

PostgreSQL holds the same sets in `workbench_private.system_roles`; a rule test compares the two.
"""

from enum import StrEnum


class Permission(StrEnum):
    """What an actor may do."""

    AUDIT_READ = "audit:read"
    AUDIT_SEAL = "audit:seal"
    DASHBOARD_READ = "dashboard:read"
    DATASET_CREATE = "dataset:create"
    DATASET_DEFINE = "dataset:define"
    DATASET_READ = "dataset:read"
    DATASET_SHARE = "dataset:share"
    FILE_READ = "file:read"
    FILE_WRITE = "file:write"
    IMPORT_READ = "import:read"
    IMPORT_START = "import:start"
    MAIL_SEND = "mail:send"
    MEMBER_MANAGE = "member:manage"
    MEMBER_READ = "member:read"
    NOTEBOOK_READ = "notebook:read"
    PLATFORM_READ = "platform:read"
    ROLE_MANAGE = "role:manage"
    ROW_EXPORT = "row:export"
    ROW_READ = "row:read"
    ROW_WRITE = "row:write"
    RUN_READ = "run:read"
    RUN_START = "run:start"
    SANDBOX_RUN = "sandbox:run"
    SCHEDULE_MANAGE = "schedule:manage"
    SCHEDULE_READ = "schedule:read"
    SQL_RUN = "sql:run"
    TENANT_ENTER = "tenant:enter"
    TENANT_EXPORT = "tenant:export"
    TENANT_MANAGE = "tenant:manage"
    TENANT_PURGE = "tenant:purge"
    TENANT_READ = "tenant:read"
    TOKEN_MANAGE = "token:manage"  # noqa: S105 (a permission's name)
    USER_AUTHENTICATE = "user:authenticate"
    USER_MANAGE = "user:manage"


class Role(StrEnum):
    """What a member is called in a tenant; `operator` belongs to the platform.

    A guest sees only what roles of the tenant's own and grants give.
    """

    GUEST = "guest"
    VIEWER = "viewer"
    ANALYST = "analyst"
    ENGINEER = "engineer"
    OWNER = "owner"
    OPERATOR = "operator"


_GUEST = frozenset({Permission.TENANT_READ})
_VIEWER = _GUEST | {
    Permission.DASHBOARD_READ,
    Permission.DATASET_READ,
    Permission.NOTEBOOK_READ,
    Permission.ROW_READ,
    Permission.RUN_READ,
}
_ANALYST = _VIEWER | {
    Permission.DATASET_CREATE,
    Permission.FILE_READ,
    Permission.IMPORT_READ,
    Permission.ROW_EXPORT,
    Permission.RUN_START,
    Permission.SCHEDULE_READ,
    Permission.SQL_RUN,
}
_ENGINEER = _ANALYST | {
    Permission.DATASET_DEFINE,
    Permission.FILE_WRITE,
    Permission.IMPORT_START,
    Permission.ROW_WRITE,
    Permission.SANDBOX_RUN,
    Permission.SCHEDULE_MANAGE,
    Permission.TOKEN_MANAGE,
}
_OWNER = _ENGINEER | {
    Permission.AUDIT_READ,
    Permission.MEMBER_MANAGE,
    Permission.MEMBER_READ,
    Permission.ROLE_MANAGE,
    Permission.TENANT_EXPORT,
    Permission.TENANT_MANAGE,
}

ROLES: dict[Role, frozenset[Permission]] = {
    Role.GUEST: _GUEST,
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.ENGINEER: _ENGINEER,
    Role.OWNER: _OWNER,
    Role.OPERATOR: frozenset(
        {
            Permission.DATASET_SHARE,
            Permission.PLATFORM_READ,
            Permission.SANDBOX_RUN,
            Permission.TENANT_ENTER,
            Permission.TENANT_MANAGE,
            Permission.TENANT_PURGE,
            Permission.USER_MANAGE,
        }
    ),
}

# What the maker of a private dataset holds on it, as long as `dataset:create` is held; PostgreSQL's
# `held_by` names the same.
MAKER = frozenset(
    {
        Permission.DATASET_DEFINE,
        Permission.DATASET_READ,
        Permission.IMPORT_READ,
        Permission.IMPORT_START,
        Permission.ROW_EXPORT,
        Permission.ROW_READ,
        Permission.ROW_WRITE,
    }
)

# What people alone may do: no API token holds these, so none can make or widen another.
PERSONAL = frozenset({Permission.MEMBER_MANAGE, Permission.ROLE_MANAGE, Permission.TOKEN_MANAGE})

MEMBER_ROLES = (Role.GUEST, Role.VIEWER, Role.ANALYST, Role.ENGINEER, Role.OWNER)
