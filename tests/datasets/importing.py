"""Imports into `sample_trips`, as the tests of imports make them again and again."""

from typing import Any
from uuid import UUID

from tests.support import samples
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.models import Import
from workbench.datasets.schemas import Reading, RejectView, RowsQuery
from workbench.db.session import Database
from workbench.storage import Storage


class Imports:
    """Imports by one engineer."""

    def __init__(self, database: Database, storage: Storage, actor: Actor) -> None:
        """As one engineer."""
        self.database, self.storage, self.actor = database, storage, actor

    async def run(
        self,
        content: str | bytes,
        *,
        null_text: str = "",
        encoding: str | None = None,
        **order: Any,
    ) -> Import:
        """Import a file into `sample_trips`."""
        data = content.encode() if isinstance(content, str) else content
        made = await samples.start(
            *(self.database, self.storage, self.actor, "sample_trips", data),
            reading=Reading(null_text=null_text, encoding=encoding),
            **order,
        )
        return await samples.load(self.database, self.storage, made)

    async def rows(self) -> list[dict[str, object]]:
        """The tenant's trips as they can be read."""
        async with self.database.reading(self.actor) as session:
            dataset = await session.scalar(queries.dataset(self.actor, "sample_trips"))
            assert dataset is not None
            query = queries.rows(self.actor, dataset, RowsQuery(limit=1000))
            return [dict(row) for row in (await session.execute(query)).mappings()]

    async def rejects(self, import_id: UUID) -> list[RejectView]:
        """The rows that an import refused."""
        async with self.database.session(self.actor) as session:
            found = await session.scalars(queries.rejects(self.actor, import_id))
            return [RejectView.model_validate(reject) for reject in found]

    async def undo(self, import_id: UUID) -> Import:
        """Undo an import."""
        async with self.database.session(self.actor) as session:
            return await commands.undo_import(session, self.actor, import_id)

    async def rejects_file(self, order: Import) -> bytes:
        """The refused rows of an import as they can be downloaded."""
        async with self.database.session(self.actor) as session:
            _, place = await commands.read_rejects(session, self.actor, order.id)
        with self.storage.read(place) as file:
            return file.read()
