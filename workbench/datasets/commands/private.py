"""Private datasets: one tenant's alone, made by a member who from then on may do all with it."""

import json
from dataclasses import replace
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import queries, refusals
from workbench.datasets.commands import definitions
from workbench.datasets.models import Dataset, Definition
from workbench.datasets.schemas import NewDataset
from workbench.db.ids import new_id
from workbench.db.session import tell
from workbench.errors import Forbidden
from workbench.permissions import MAKER, Permission

DEFINE = text(
    "select workbench.define_private("
    ":definition, :dataset, :name, :title, :description, cast(:columns as jsonb))"
)


async def define_private(session: AsyncSession, actor: Actor, new: NewDataset) -> Dataset:
    """Define a dataset that is the tenant's alone; answer it with its definition and columns.

    What is done later in the transaction is done as its maker, for PostgreSQL at least: `as_maker`
    gives the actor that rooms ask. From the next request on the maker holds it anyway.
    """
    actor.require(Permission.DATASET_CREATE)
    if actor.user_id is None:
        raise Forbidden("A person makes a private dataset.")
    definitions.check_names(new)
    definition_id = new_id()
    values = new.model_dump(mode="json") | {"definition": definition_id, "dataset": new_id()}
    values["columns"] = json.dumps(values["columns"])
    async with refusals.told(session):
        await session.execute(DEFINE, values)
    maker = _maker(actor, definition_id)
    await tell(session, maker)
    audit.record(session, actor, "dataset.create", f"dataset {new.name}", columns=len(new.columns))
    return (await session.scalars(queries.dataset(maker, new.name))).one()


def as_maker(actor: Actor, definition: Definition) -> Actor:
    """The actor with what the maker of a private dataset holds on it, where he made it himself.

    As in PostgreSQL, only who may still make datasets is more on his own.
    """
    is_maker = actor.user_id is not None and definition.made_by == actor.user_id
    if not is_maker or not actor.may(Permission.DATASET_CREATE):
        return actor
    return _maker(actor, definition.id)


def _maker(actor: Actor, definition_id: UUID) -> Actor:
    more = {(permission, str(definition_id)) for permission in MAKER - actor.permissions}
    return replace(actor, grants=actor.grants | more)
