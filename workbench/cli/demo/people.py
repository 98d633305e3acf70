"""The users of the demo, with passwords that are generated once and kept in the home."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from workbench.permissions import Role

PASSWORD_BYTES = 12
ROLES = (Role.OWNER, Role.ENGINEER, Role.ANALYST)


@dataclass(frozen=True, slots=True)
class Person:
    """One log-in of the demo; the operator has no tenant."""

    email: str
    password: str
    tenant: str | None
    role: str


def people(home: Path, tenants: list[str]) -> list[Person]:
    """The demo's users, as `demo.json` in the home keeps them."""
    path = home / "demo.json"
    if not path.exists():
        _write(path, [*(_person(slug, role) for slug in tenants for role in ROLES), _operator()])
    return [Person(**entry) for entry in json.loads(path.read_text())]


def _person(slug: str, role: Role) -> Person:
    return Person(f"{role}@{slug}.example", _password(), slug, role)


def _operator() -> Person:
    return Person("operator@workbench.example", _password(), None, Role.OPERATOR)


def _password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _write(path: Path, everybody: list[Person]) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump([asdict(person) for person in everybody], file, indent=1)
    draft.rename(path)
