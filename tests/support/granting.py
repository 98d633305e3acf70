"""Guests of one test, and grants to them."""

from typing import Any
from uuid import UUID

from tests.support import people
from workbench.access import grants
from workbench.access.schemas import USUAL, Kind, Part, Target
from workbench.actor import Actor
from workbench.datasets import queries
from workbench.db.session import Database
from workbench.permissions import Permission, Role


async def guest(database: Database, tenant_id: UUID) -> tuple[UUID, UUID]:
    """A guest of a tenant: the ids of the user and of the membership."""
    user = await people.make_user(database)
    return user.id, await people.join(database, tenant_id, user.id, Role.GUEST)


async def grant(
    database: Database,
    owner: Actor,
    membership_id: UUID,
    kind: Kind,
    name: str,
    *more: Permission,
    **part: Any,
) -> UUID:
    """Let a member have what is usual of a target and more, or part of a dataset."""
    async with database.session(owner) as session:
        target, definition_id = Target(kind=kind, name=name), None
        if kind == "dataset":
            dataset = (await session.scalars(queries.dataset(owner, name))).one()
            target = Target(kind=kind, dataset_id=dataset.id)
            definition_id = dataset.definition_id
        made = await grants.create(
            session,
            owner,
            target,
            definition_id=definition_id,
            membership_id=membership_id,
            permissions=(*USUAL[kind], *more),
            part=Part.model_validate(part),
        )
        return made.id
