"""Private datasets that a file makes: defined as the file is read, to be loaded from it next."""

import asyncio
from typing import BinaryIO

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import queries, reading, rejects
from workbench.datasets.commands import changes, private
from workbench.datasets.errors import Malformed, NameTaken, refuse
from workbench.datasets.models import Dataset, Import
from workbench.datasets.schemas import ImportOrder, NewColumn, NewDataset, Proposal, Reading
from workbench.permissions import Permission

PREVIEW_BYTES = 1024**3  # what a packed file may unpack to before it is loaded
CAME_TO_NOTHING = ("failed", "cancelled")


def proposed(file: BinaryIO, file_name: str, given: Reading) -> Proposal:
    """How a file would be read, rejects that are sent again too; raise Malformed."""
    again = rejects.sent_again(file, given)
    if again is None:
        return reading.proposed(file, file_name, given, most_bytes=PREVIEW_BYTES)
    with again[0] as corrected:
        return reading.proposed(corrected, file_name, again[1], most_bytes=PREVIEW_BYTES)


async def define_from(
    session: AsyncSession,
    actor: Actor,
    name: str,
    file: BinaryIO,
    file_name: str,
    order: ImportOrder,
) -> tuple[Dataset, ImportOrder]:
    """Define a private dataset from a file; answer it, and the order with every field decided.

    An empty one of the actor's own that an import should have filled, and did not, gives way.
    """
    actor.require(Permission.DATASET_CREATE)
    proposal = await asyncio.to_thread(proposed, file, file_name, order.reading)
    new = _new(name, order, proposal)
    await _make_room(session, actor, name)
    made = await private.define_private(session, actor, new)
    return made, order.model_copy(update={"reading": proposal.reading})


def _new(name: str, order: ImportOrder, proposal: Proposal) -> NewDataset:
    if not proposal.columns:
        raise Malformed("The file has no column.")
    columns = [NewColumn(name=c.name, type=c.type, title=c.title) for c in proposal.columns]
    try:
        return NewDataset(
            name=name, title=order.title or name, description=order.description, columns=columns
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise refuse(".".join(str(part) for part in first["loc"]), first["msg"]) from None


async def _make_room(session: AsyncSession, actor: Actor, name: str) -> None:
    """Delete what an import that came to nothing has left under the name; raise NameTaken."""
    left = await session.scalar(queries.dataset(actor, name))
    if left is None:
        return
    maker = private.as_maker(actor, left.definition)
    is_own = left.definition.is_private and left.definition.made_by == actor.user_id
    if not is_own or not await session.scalar(_is_left(left)):
        raise NameTaken
    if await session.scalar(queries.count(maker, left)):
        raise NameTaken
    await changes.delete_dataset(session, maker, name)


def _is_left(dataset: Dataset) -> Select[bool]:
    """Whether an import was to make a dataset, and no import into it has come to anything."""
    made: ColumnElement[bool] = func.coalesce(func.bool_or(Import.mode == "create"), False)
    nothing = func.coalesce(func.bool_and(Import.status.in_(CAME_TO_NOTHING)), False)
    return select(made & nothing).where(
        Import.tenant_id == dataset.tenant_id, Import.dataset_id == dataset.id
    )
