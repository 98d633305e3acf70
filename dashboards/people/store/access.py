"""Why a member may do something, or may not: asked of PostgreSQL as that member."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dashboards.people.store.finding import member_id
from dashboards.visits import Visit
from workbench.access.answers import Access, Explanation
from workbench.access.schemas import Kind
from workbench.datasets import explain, reach
from workbench.datasets.column_types import BIGINT
from workbench.errors import Invalid
from workbench.permissions import Permission

KINDS: dict[str, Kind] = {
    "dataset": "dataset",
    "dashboard": "dashboard",
    "notebook": "notebook",
}


@dataclass(frozen=True, slots=True)
class Question:
    """Whose access is asked about, and what."""

    email: str
    asked: explain.Question


class AccessStore:
    """Explains access, for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._actor = visit.actor
        self._database = visit.house.database

    @property
    def may_ask(self) -> bool:
        """Whether it makes sense to offer questions; the rooms decide."""
        held = (Permission.ROLE_MANAGE, Permission.MEMBER_READ)
        return all(self._actor.may(permission) for permission in held)

    async def explain(self, question: Question) -> Explanation:
        """Whether a member may do one thing, and what decides it."""
        now = datetime.now(UTC)
        async with self._database.session(self._actor) as session:
            member = await member_id(session, self._actor, question.email)
            return await explain.explain(session, self._actor, member, question.asked, now)

    async def reach(self, email: str) -> Access:
        """All that a member reaches; rows are counted."""
        now = datetime.now(UTC)
        async with self._database.session(self._actor) as session:
            member = await member_id(session, self._actor, email)
            return await reach.reach(session, self._actor, member, now)


def read(form: Mapping[str, Any]) -> Question:
    """What a form asks; raise Invalid that says what is missing."""
    kind = KINDS.get(str(form.get("kind")))
    name = str(form.get("name") or "") if kind else None
    if kind and not name:
        raise Invalid(f"Choose a {kind}.")
    try:
        permission = Permission(str(form.get("permission")))
    except ValueError as error:
        raise Invalid("Choose what you want to know.") from error
    text = str(form.get("row") or "").strip()
    is_of_rows = kind == "dataset" and permission is Permission.ROW_READ
    row = None
    if text and is_of_rows:
        if not text.isascii() or not text.isdigit() or not 0 < int(text) < BIGINT:
            raise Invalid("A row has a number, which `row_id` shows.")
        row = int(text)
    return Question(str(form.get("email") or ""), explain.Question(permission, kind, name, row))
