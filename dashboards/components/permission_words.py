"""What permissions allow, in plain words, in the order in which people think of them."""

from workbench.permissions import Permission

GROUPS: tuple[tuple[str, tuple[tuple[Permission, str], ...]], ...] = (
    (
        "Look",
        (
            (Permission.TENANT_READ, "See the company's name"),
            (Permission.DASHBOARD_READ, "Open dashboards"),
            (Permission.DATASET_READ, "See which datasets there are"),
            (Permission.ROW_READ, "Read the rows of datasets"),
            (Permission.NOTEBOOK_READ, "See which notebooks there are"),
            (Permission.RUN_READ, "See runs and their reports"),
            (Permission.SCHEDULE_READ, "See schedules"),
            (Permission.IMPORT_READ, "See imports and refused rows"),
            (Permission.FILE_READ, "See and download uploads"),
        ),
    ),
    (
        "Work",
        (
            (Permission.SQL_RUN, "Ask in SQL"),
            (Permission.ROW_EXPORT, "Take rows along as a file"),
            (Permission.RUN_START, "Start and cancel notebooks"),
            (Permission.DATASET_CREATE, "Make datasets of one's own"),
        ),
    ),
    (
        "Build",
        (
            (Permission.DATASET_DEFINE, "Change and delete datasets"),
            (Permission.ROW_WRITE, "Add, delete and restore rows"),
            (Permission.IMPORT_START, "Load files into datasets"),
            (Permission.FILE_WRITE, "Upload and delete files"),
            (Permission.SCHEDULE_MANAGE, "Make and change schedules"),
            (Permission.SANDBOX_RUN, "Run notebooks that need a sandbox"),
            (Permission.TOKEN_MANAGE, "Make API tokens of one's own"),
        ),
    ),
    (
        "Govern",
        (
            (Permission.MEMBER_READ, "See members and their roles"),
            (Permission.MEMBER_MANAGE, "Invite, change and remove members"),
            (Permission.ROLE_MANAGE, "Make roles, share single things, explain access"),
            (Permission.AUDIT_READ, "Read the audit"),
            (Permission.TENANT_MANAGE, "Change the company's settings"),
            (Permission.TENANT_EXPORT, "Take everything along as an archive"),
        ),
    ),
)
WORDS: dict[str, str] = {permission: text for _, group in GROUPS for permission, text in group}


def words(permission: str) -> str:
    """What a permission allows; its own name where there are no words for it."""
    return WORDS.get(permission, permission)
