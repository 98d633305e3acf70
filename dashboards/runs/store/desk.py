"""What every store of this dashboard has at hand: the visitor, the shelf, and people's names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from dashboards.visits import Visit
from workbench.access import queries as access
from workbench.actor import Actor
from workbench.notebooks import Notebook
from workbench.notebooks.shelf import BrokenNotebook, Shelf, UnknownNotebook
from workbench.permissions import Permission
from workbench.runs.quotas import Quota

WORDS = {
    Permission.DATASET_READ: "see datasets",
    Permission.ROW_READ: "read rows",
    Permission.ROW_WRITE: "change rows",
    Permission.RUN_READ: "read runs",
    Permission.RUN_START: "start notebooks",
    Permission.FILE_READ: "read files",
    Permission.FILE_WRITE: "keep files",
    Permission.IMPORT_READ: "see imports",
    Permission.IMPORT_START: "load files",
    Permission.DATASET_CREATE: "make datasets",
    Permission.DATASET_DEFINE: "change datasets",
    Permission.NOTEBOOK_READ: "see the notebook",
    Permission.SANDBOX_RUN: "use a disposable database",
    Permission.SCHEDULE_READ: "see schedules",
}


def worded(permission: Permission) -> str:
    """What a permission lets somebody do, in plain words."""
    return WORDS.get(permission, str(permission))


@dataclass(frozen=True, slots=True)
class Desk:
    """Sessions of one visit, and what the runs of its tenant are called."""

    visit: Visit

    @property
    def actor(self) -> Actor:
        """Who visits."""
        return self.visit.actor

    @property
    def may_look(self) -> bool:
        """Whether there may be notebooks and runs that the visitor sees."""
        needed = (Permission.NOTEBOOK_READ, Permission.RUN_READ)
        return all(self.actor.may_somewhere(permission) for permission in needed)

    @property
    def shelf(self) -> Shelf:
        """Where notebooks lie."""
        return Shelf(self.visit.house.notebooks)

    @property
    def quota(self) -> Quota:
        """How much a tenant may order."""
        return self.visit.house.quota

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session of the visitor's, which is committed when the block ends well."""
        async with self.visit.house.database.session(self.actor) as session:
            yield session

    def known(self, name: str) -> Notebook | None:
        """A notebook that is still on the shelf."""
        try:
            return self.shelf.named(name)
        except (UnknownNotebook, BrokenNotebook):
            return None

    def title(self, name: str) -> str:
        """What people call a notebook, or its name when it has left the shelf."""
        known = self.known(name)
        return known.title if known else name

    async def people(self) -> list[tuple[UUID, str]]:
        """The members by name, for who may see them."""
        if not self.actor.may(Permission.MEMBER_READ):
            return []
        async with self.session() as session:
            found = await session.execute(access.members(self.actor))
            people = [(user.id, user.name or user.email) for _, user in found]
        return sorted(people, key=lambda person: person[1].lower())

    def who(self, user_id: UUID, names: dict[UUID, str]) -> str:
        """Who did something, as the visitor would say it."""
        return "you" if user_id == self.actor.user_id else names.get(user_id, "a colleague")
