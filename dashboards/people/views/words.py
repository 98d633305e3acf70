"""What roles, kinds and holders are called when people read of them."""

from workbench.permissions import Role

ROLE_WORDS: dict[str, str] = {
    Role.GUEST: "Sees only what is shared with them",
    Role.VIEWER: "Reads dashboards, rows and reports",
    Role.ANALYST: "Also asks in SQL, runs notebooks and brings files of their own",
    Role.ENGINEER: "Also changes datasets, loads files, and makes schedules and API tokens",
    Role.OWNER: "Also manages people, roles, the audit and the company's settings",
}


def title(role: str) -> str:
    """A system role as it is read."""
    return role.capitalize()


def choices(roles: list[str]) -> list[dict[str, str]]:
    """System roles to choose from, each with what it allows."""
    return [{"value": role, "title": title(role), "note": ROLE_WORDS[role]} for role in roles]
