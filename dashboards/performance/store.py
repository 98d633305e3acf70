"""The only way from the dashboard of performance to the database, as the visitor."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dashboards import reads
from dashboards.visits import Visit
from workbench.notebooks.shelf import Shelf
from workbench.permissions import Permission
from workbench.runs import budgets, queries, statements
from workbench.runs.budgets import Course
from workbench.runs.schemas import Status
from workbench.runs.statements import PROFILE, Explained


@dataclass(frozen=True, slots=True)
class Measuring:
    """A notebook whose runs have measured something."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Profile:
    """The last good run of the performance profile, and the statements that it explained."""

    run_id: UUID
    at: datetime
    statements: list[Explained]


class Store:
    """Asks for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._visit = visit
        self._actor = visit.actor
        self._database = visit.house.database
        self._shelf = Shelf(visit.house.notebooks)

    @property
    def may_read(self) -> bool:
        """Whether the page makes sense for the visitor; each query asks for itself."""
        is_member = self._actor.tenant_id is not None
        return is_member and self._actor.may_somewhere(Permission.RUN_READ)

    @property
    def may_profile(self) -> bool:
        """Whether the visitor could run the performance profile."""
        may = self._actor.may
        return may(Permission.SANDBOX_RUN) and may(Permission.RUN_START, PROFILE)

    async def notebooks(self) -> list[Measuring]:
        """The notebooks whose runs measure something, the last ordered first."""
        titles = {notebook.name: notebook.title for notebook in self._shelf.all()}
        async with self._database.reading(self._actor) as session:
            found = (await session.execute(queries.measuring(self._actor))).all()
        return [Measuring(row.notebook, titles.get(row.notebook, row.notebook)) for row in found]

    async def courses(self, notebook: str) -> list[Course]:
        """Each figure of a notebook over its last runs."""
        async with (
            reads.noted(self._visit, "performance", notebook),
            self._database.reading(self._actor) as session,
        ):
            return await budgets.courses(session, self._actor, notebook)

    async def boundary(self) -> list[Course]:
        """What the boundary cost over the last runs of the performance profile."""
        async with self._database.reading(self._actor) as session:
            return await budgets.courses(session, self._actor, PROFILE)

    async def profile(self) -> Profile | None:
        """The statements of the last good run of the performance profile that left some."""
        storage, actor = self._visit.house.storage, self._actor
        if storage is None:
            return None
        chosen = queries.runs(actor, notebook=PROFILE, status=Status.SUCCEEDED, limit=1)
        async with self._database.session(actor) as session:
            run = (await session.scalars(chosen)).first()
            if run is None:
                return None
            found = await statements.explained(session, actor, storage, run.id)
        return Profile(run.id, run.created_at, found)
