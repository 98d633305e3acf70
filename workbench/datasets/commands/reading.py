"""What was read of a dataset, for the audit."""

from collections.abc import Sequence

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import queries, trash
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import DeletedRow, RowsQuery
from workbench.datasets.searching import Searches
from workbench.db.pages import Page
from workbench.permissions import Permission

READ = "row.read"


async def read_page(
    session: AsyncSession,
    actor: Actor,
    dataset: Dataset,
    query: RowsQuery,
    searches: Searches | None = None,
) -> Page[bytes]:
    """A page of rows, each as the text of its JSON; who read it is noted."""
    found = None
    if searches is not None:
        found = await _searched(session, actor, dataset, query, searches)
    if found is None:
        found = (await session.scalars(queries.rows_as_json(actor, dataset, query))).all()
    page = queries.json_page(query, [row.encode() for row in found])
    note_read(session, actor, READ, dataset, query, len(page.items))
    return page


async def _searched(
    session: AsyncSession, actor: Actor, dataset: Dataset, query: RowsQuery, searches: Searches
) -> Sequence[str] | None:
    """The rows of a page that searches, by what is known of their texts; None where nothing is."""
    narrowed = await searches.narrowed(session, actor, dataset, query)
    if narrowed is None:
        return None
    is_at = queries.is_at(actor, dataset, narrowed.version)
    statement = queries.rows_as_json(actor, dataset, narrowed.query, only_if=is_at)
    found = (await session.scalars(statement)).all()
    if not found and await session.scalar(queries.version(actor, dataset)) != narrowed.version:
        return None  # the rows have changed meanwhile
    return found


async def read_deleted(
    session: AsyncSession, actor: Actor, dataset: Dataset, *, cursor: str | None, limit: int
) -> Page[DeletedRow]:
    """A page of deleted rows; who read it is noted."""
    statement = trash.deleted(actor, dataset, cursor=cursor, limit=limit)
    page = trash.page((await session.execute(statement)).mappings().all(), limit)
    audit.record(session, actor, "row.read_deleted", target(dataset), rows=len(page.items))
    return page


def note_read(
    session: AsyncSession,
    actor: Actor,
    action: str,
    dataset: Dataset,
    question: BaseModel,
    rows: int,
) -> None:
    """Note who read how many rows of a dataset with which question; it lands with the answer."""
    actor.require_somewhere(Permission.ROW_READ)
    audit.record(session, actor, action, target(dataset), rows=rows, question=detail(question))


def target(dataset: Dataset) -> str:
    """What an entry calls a dataset."""
    return f"dataset {dataset.definition.name}"


def detail(question: BaseModel) -> str:
    """A question as an entry keeps it."""
    return audit.kept(question.model_dump_json(exclude_defaults=True, exclude={"cursor"}))
