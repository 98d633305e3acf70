"""The only way from the dashboard of files to the database, as the visitor."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from dashboards import reads
from dashboards.visits import Visit
from workbench.access import queries as access
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import commands, queries
from workbench.datasets.models import Dataset, Import
from workbench.identity.tokens import Claims
from workbench.permissions import Permission

SHOWN_IMPORTS = 20
SHOWN_REJECTS = 100
LIVE = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset of the tenant: columns as name and type, rows, and whether files may go into it.

    `rows` is None where the visitor may not read them.
    """

    name: str
    title: str
    is_private: bool
    columns: list[tuple[str, str]]
    rows: int | None
    changed: datetime
    now: datetime
    may_load: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """An import as the page tells it."""

    id: UUID
    dataset: str
    title: str
    file_name: str
    mode: str
    key: list[str]
    reading: dict[str, Any]
    status: str
    progress: float | None
    rows_read: int
    rows_loaded: int
    rows_replaced: int
    rows_rejected: int
    has_rejects: bool
    error: str | None
    who: str
    ordered: datetime
    started: datetime | None
    finished: datetime | None
    is_undone: bool
    may_change: bool
    now: datetime

    @property
    def is_live(self) -> bool:
        """Whether it still waits or works."""
        return self.status in LIVE


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was refused: where, which cell, and why."""

    line: int
    column: str
    value: str
    reason: str


class Store:
    """Asks and orders for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._visit = visit
        self._actor = visit.actor
        self._database = visit.house.database

    @property
    def may_create(self) -> bool:
        """Whether it makes sense to offer a new dataset; the command decides."""
        return self._actor.may(Permission.DATASET_CREATE)

    @property
    def may_load(self) -> bool:
        """Whether it makes sense to offer loading a file at all."""
        return self.may_create or self._actor.may_somewhere(Permission.IMPORT_START)

    @property
    def sees_imports(self) -> bool:
        """Whether there may be imports that the visitor sees."""
        return self._actor.may_somewhere(Permission.IMPORT_READ)

    @property
    def may_explore(self) -> bool:
        """Whether the visitor may open what shows the rows of any dataset."""
        return self._actor.may(Permission.DASHBOARD_READ, "explore")

    @property
    def most_bytes(self) -> int:
        """How large a file may be."""
        return self._visit.house.file_limit

    async def renew(self) -> None:
        """Learn what the visitor holds now: who has made a dataset since holds more on it."""
        actor = self._actor
        if actor.sid is not None and actor.user_id is not None:
            claims = Claims(actor.sid, actor.user_id, actor.tenant_id)
            self._actor = await access.actor_of(self._database, claims)

    async def datasets(self, now: datetime | None = None) -> list[Known]:
        """The tenant's datasets with their rows, counted at the same time."""
        now = now or datetime.now(UTC)
        async with self._database.reading(self._actor) as session:
            found = (await session.scalars(queries.datasets(self._actor))).all()
        async with reads.noted(self._visit, "files", "datasets"):
            rows = await asyncio.gather(*(self._count(dataset) for dataset in found))
        return [
            Known(
                name=dataset.definition.name,
                title=dataset.definition.title or dataset.definition.name,
                is_private=dataset.definition.private_to is not None,
                columns=[(column.name, column.type) for column in dataset.definition.columns],
                rows=count,
                changed=dataset.changed_at,
                now=now,
                may_load=_may_load(self._actor, dataset),
            )
            for dataset, count in zip(found, rows, strict=True)
        ]

    async def imports(self, now: datetime | None = None) -> list[Loaded]:
        """The last imports of the tenant, the newest first; none for who may not see them."""
        if not self.sees_imports:
            return []
        statement = queries.imports(self._actor).limit(SHOWN_IMPORTS)
        async with self._database.session(self._actor) as session:
            found = (await session.scalars(statement)).all()
        return self._shown(found, now or datetime.now(UTC))

    async def rejects(self, import_id: UUID) -> list[Refused]:
        """The first rows that an import refused."""
        actor = self._actor
        async with self._database.session(actor) as session:
            statement = queries.rejects(actor, import_id).limit(SHOWN_REJECTS)
            found = (await session.scalars(statement)).all()
            audit.record(session, actor, "reject.read", f"import {import_id}", rows=len(found))
        return [
            Refused(reject.line, reject.column_name or "", reject.value or "", reject.reason)
            for reject in found
        ]

    async def cancel(self, import_id: UUID) -> None:
        """End an import that waits or works."""
        await self.renew()
        async with self._database.session(self._actor) as session:
            await commands.cancel_import(session, self._actor, import_id)

    async def undo(self, import_id: UUID) -> None:
        """Take the rows of an import away, and bring back those that it replaced."""
        await self.renew()
        async with self._database.session(self._actor) as session:
            await commands.undo_import(session, self._actor, import_id)

    async def retry(self, import_id: UUID) -> None:
        """Have an import that failed or was cancelled loaded again."""
        await self.renew()
        async with self._database.session(self._actor) as session:
            await commands.retry_import(session, self._actor, import_id)

    def _shown(self, imports: Sequence[Import], now: datetime) -> list[Loaded]:
        return [
            Loaded(
                id=order.id,
                dataset=order.dataset.definition.name,
                title=order.dataset.definition.title or order.dataset.definition.name,
                file_name=order.file_name,
                mode=order.mode,
                key=order.key_columns,
                reading=order.reading,
                status=order.status,
                progress=order.progress,
                rows_read=order.rows_read,
                rows_loaded=order.rows_loaded,
                rows_replaced=order.rows_replaced,
                rows_rejected=order.rows_rejected,
                has_rejects=order.rejects_id is not None,
                error=order.error,
                who="you" if order.requested_by == self._actor.user_id else "a colleague",
                ordered=order.created_at,
                started=order.started_at,
                finished=order.finished_at,
                is_undone=order.undone_at is not None,
                may_change=_may_load(self._actor, order.dataset),
                now=now,
            )
            for order in imports
        ]

    async def _count(self, dataset: Dataset) -> int | None:
        actor, definition = self._actor, dataset.definition
        if not actor.sees_part(definition.id) and not actor.may(
            Permission.ROW_READ, str(definition.id)
        ):
            return None
        async with self._database.reading(actor) as session:
            count = await session.scalar(queries.count(actor, dataset)) or 0
        reads.count(definition.name, 1)
        return count


def _may_load(actor: Actor, dataset: Dataset) -> bool:
    target = str(dataset.definition_id)
    needed = (Permission.IMPORT_START, Permission.ROW_WRITE)
    return all(actor.may(permission, target) for permission in needed)
