"""Declaring joins: of shared datasets once for every tenant, of private ones for their own."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import changing, queries, tables
from workbench.datasets.errors import DatasetNotFound, NameTaken, refuse
from workbench.datasets.models import Definition, Relation
from workbench.datasets.schemas import NewRelation
from workbench.db import soft_delete
from workbench.db.ids import new_id
from workbench.permissions import Permission


async def declare(session: AsyncSession, actor: Actor, dataset: str, new: NewRelation) -> Relation:
    """Declare that a dataset's rows refer to those of another.

    A private dataset may refer to a shared one, or to another that is private to the same tenant.
    """
    own = await _own(session, actor, dataset)
    other = await session.scalar(queries.definition(actor, new.target))
    if other is None:
        raise DatasetNotFound(f"There is no dataset {new.target}.")
    own_types, other_types = tables.types(own), tables.types(other)
    pairs = zip(new.columns, new.target_columns, strict=True)
    for position, (column, target) in enumerate(pairs):
        _check(f"columns[{position}]", column, own_types)
        _check(f"target_columns[{position}]", target, other_types)
        if own_types[column] != other_types[target]:
            raise refuse(f"target_columns[{position}]", f"is no {own_types[column]}")
    relation = Relation(
        id=new_id(),
        definition_id=own.id,
        name=new.name,
        target_id=other.id,
        columns=new.columns,
        target_columns=new.target_columns,
        private_to=own.private_to,
    )
    try:
        async with session.begin_nested():
            session.add(relation)
    except IntegrityError as error:
        raise NameTaken(f"The dataset has a relation {new.name} already.") from error
    await changing.note(session, actor, own, "dataset.relate", relation=new.name)
    return relation


async def undeclare(session: AsyncSession, actor: Actor, dataset: str, name: str) -> None:
    """Delete a declared join; questions that name it are refused from then on."""
    own = await _own(session, actor, dataset)
    where = (Relation.definition_id == own.id, Relation.name == name)
    await soft_delete.remove(session, actor, Relation, *where)
    await changing.note(session, actor, own, "dataset.unrelate", relation=name)


async def _own(session: AsyncSession, actor: Actor, dataset: str) -> Definition:
    own = await changing.require(session, actor, dataset)
    if not own.is_private:
        actor.require(Permission.DATASET_SHARE)
    return own


def _check(place: str, column: str, types: dict[str, str]) -> None:
    if column not in types:
        raise refuse(place, "is not a column of the dataset")
