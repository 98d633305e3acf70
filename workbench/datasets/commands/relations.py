"""Declaring joins between shared datasets, once for every tenant."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import tables
from workbench.datasets.errors import DatasetNotFound, NameTaken, refuse
from workbench.datasets.models import Definition, Relation
from workbench.datasets.schemas import NewRelation
from workbench.db import soft_delete
from workbench.db.ids import new_id
from workbench.permissions import Permission
from workbench.tenants.models import Tenant


async def declare(session: AsyncSession, actor: Actor, dataset: str, new: NewRelation) -> Relation:
    """Declare that a dataset's rows refer to those of another."""
    actor.require(Permission.DATASET_SHARE)
    own, other = await _definition(session, dataset), await _definition(session, new.target)
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
    )
    try:
        async with session.begin_nested():
            session.add(relation)
    except IntegrityError as error:
        raise NameTaken(f"The dataset has a relation {new.name} already.") from error
    await _note(session, actor, "dataset.relate", dataset, new.name)
    return relation


async def undeclare(session: AsyncSession, actor: Actor, dataset: str, name: str) -> None:
    """Delete a declared join; questions that name it are refused from then on."""
    actor.require(Permission.DATASET_SHARE)
    own = await _definition(session, dataset)
    where = (Relation.definition_id == own.id, Relation.name == name)
    await soft_delete.remove(session, actor, Relation, *where)
    await _note(session, actor, "dataset.unrelate", dataset, name)


async def _definition(session: AsyncSession, name: str) -> Definition:
    statement = select(Definition).where(Definition.name == name)
    found = await session.scalar(statement.options(selectinload(Definition.columns)))
    if found is None:
        raise DatasetNotFound(f"There is no dataset {name}.")
    return found


def _check(place: str, column: str, types: dict[str, str]) -> None:
    if column not in types:
        raise refuse(place, "is not a column of the dataset")


async def _note(
    session: AsyncSession, actor: Actor, action: str, dataset: str, relation: str
) -> None:
    # As what is shared with a tenant, so what is declared of it: each finds it in its audit.
    for tenant in await session.scalars(select(Tenant.id)):
        target = f"dataset {dataset}"
        audit.record(session, actor, action, target, tenant_id=tenant, relation=relation)
