"""Changes of a dataset's columns: the table changes with them, and so do all views of it."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import changing, refusals
from workbench.datasets.commands import definitions
from workbench.datasets.errors import ColumnNotFound, ValuesLost
from workbench.datasets.models import Column, Definition
from workbench.datasets.schemas import ColumnChange, Losses, LostValue, NewColumn
from workbench.errors import Detail
from workbench.permissions import Permission

EXAMPLES = 20
DESCRIBED = {"title", "unit", "description", "semantic"}
ADD = text("select workbench.add_column(:definition, cast(:entry as jsonb))")
RENAME = text("select workbench.rename_column(:definition, :column, :name)")
COUNT = text("select workbench.count_losses(:definition, :column, :type)")
LOST = text("select row_id, value from workbench.lost_values(:definition, :column, :type, :most)")
RETYPE = text("select workbench.retype_column(:definition, :column, :type, :losing)")
DROP = text("select workbench.drop_column(:definition, :column, :who)")
RESTORE = text("select workbench.restore_column(:definition, :column)")
NOTE = text("select workbench.note_description(:definition)")


async def add_column(session: AsyncSession, actor: Actor, dataset: str, new: NewColumn) -> None:
    """Add a column, which is empty in the rows that there are."""
    definition = await changing.require(session, actor, dataset)
    definitions.check_column_name(new.name, "name")
    async with refusals.told(session):
        values = {"definition": definition.id, "entry": new.model_dump_json()}
        await session.execute(ADD, values)
    await changing.note(session, actor, definition, "column.add", column=new.name, type=new.type)


async def change_column(
    session: AsyncSession, actor: Actor, dataset: str, column: str, change: ColumnChange
) -> Losses:
    """Change what is known of a column, its type and its name; answer which values it cost."""
    losses = Losses(lost=0, examples=[])
    if change.model_fields_set & DESCRIBED or (change.type is None and change.name is None):
        await describe_column(session, actor, dataset, column, change)
    if change.type is not None:
        losses = await retype_column(
            session, actor, dataset, column, change.type, losing=change.losing
        )
    if change.name is not None and change.name != column:
        await rename_column(session, actor, dataset, column, change.name)
    return losses


async def describe_column(
    session: AsyncSession, actor: Actor, dataset: str, column: str, change: ColumnChange
) -> None:
    """Say anew what a column holds; what the change leaves out stays, and null takes away."""
    definition = await changing.require(session, actor, dataset)
    found = _column(definition, column)
    given = change.model_dump(include=DESCRIBED, exclude_unset=True)
    for name, value in given.items():
        empty = "" if name in ("title", "description") else None
        setattr(found, name, empty if value is None else value)
    await session.flush()
    await session.execute(NOTE, {"definition": definition.id})
    await changing.note(
        session, actor, definition, "column.describe", column=column, fields=sorted(given)
    )


async def rename_column(
    session: AsyncSession, actor: Actor, dataset: str, column: str, name: str
) -> None:
    """Give a column another name; refused while a grant shows a part that is made of it."""
    definition = await changing.require(session, actor, dataset)
    definitions.check_column_name(name, "name")
    await _change(session, definition, RENAME, column=column, name=name)
    await changing.note(session, actor, definition, "column.rename", column=column, to=name)


async def losses(
    session: AsyncSession, actor: Actor, dataset: str, column: str, type_: str
) -> Losses:
    """What a new type would lose; of a shared dataset a count over all tenants, and no value."""
    definition = await changing.require(session, actor, dataset)
    _column(definition, column)
    found = await _losses(session, actor, definition, column, type_)
    await changing.note(
        session, actor, definition, "column.try", column=column, to=type_, shown=len(found.examples)
    )
    return found


async def retype_column(
    session: AsyncSession,
    actor: Actor,
    dataset: str,
    column: str,
    type_: str,
    *,
    losing: bool = False,
) -> Losses:
    """Give a column another type; raise ValuesLost, with examples, unless that is agreed to."""
    definition = await changing.require(session, actor, dataset)
    _column(definition, column)
    found = await _losses(session, actor, definition, column, type_)
    if found.lost and not losing:
        _refuse(found)
    lost = await _change(session, definition, RETYPE, column=column, type=type_, losing=losing)
    if lost and not losing:  # somebody wrote one meanwhile
        _refuse(Losses(lost=lost, examples=[]))
    await changing.note(
        session, actor, definition, "column.retype", column=column, to=type_, lost=lost
    )
    return found.model_copy(update={"lost": lost})


async def drop_column(session: AsyncSession, actor: Actor, dataset: str, column: str) -> None:
    """Take a column away; its values stay for a while, and it can be restored."""
    definition = await changing.require(session, actor, dataset)
    await _change(session, definition, DROP, column=column, who=actor.subject)
    await changing.note(session, actor, definition, "column.drop", column=column)


async def restore_column(session: AsyncSession, actor: Actor, dataset: str, column: str) -> None:
    """Bring back the column that had this name last, with its values."""
    definition = await changing.require(session, actor, dataset)
    await _change(session, definition, RESTORE, column=column)
    await changing.note(session, actor, definition, "column.restore", column=column)


async def _change(
    session: AsyncSession, definition: Definition, statement: Any, **values: Any
) -> int:
    async with refusals.told(session):
        return await session.scalar(statement, {"definition": definition.id} | values) or 0


async def _losses(
    session: AsyncSession, actor: Actor, definition: Definition, column: str, type_: str
) -> Losses:
    lost = await _change(session, definition, COUNT, column=column, type=type_)
    shown = actor.may(Permission.ROW_READ, str(definition.id)) and actor.tenant_id is not None
    if not lost or not shown:
        return Losses(lost=lost, examples=[])
    values = {"definition": definition.id, "column": column, "type": type_, "most": EXAMPLES}
    examples = await session.execute(LOST, values)
    return Losses(lost=lost, examples=[LostValue.model_validate(found) for found in examples])


def _refuse(found: Losses) -> None:
    details = [Detail(f"row {lost.row_id}", lost.value) for lost in found.examples]
    raise ValuesLost(f"The new type would lose {found.lost:,} values.", details=details)


def _column(definition: Definition, name: str) -> Column:
    found = next((column for column in definition.columns if column.name == name), None)
    if found is None:
        raise ColumnNotFound
    return found
