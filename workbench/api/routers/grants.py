"""Grants: permissions on one dataset, dashboard or notebook, for a role or a member."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import grants, queries
from workbench.access.models import Grant
from workbench.access.schemas import USUAL, Kind, Part, Target
from workbench.actor import Actor
from workbench.api import etags, parts
from workbench.api.dependencies import (
    DEFAULT_LIMIT,
    CurrentActor,
    Cursor,
    Limit,
    Parts,
    Session,
)
from workbench.api.once import Once
from workbench.api.routers import datasets
from workbench.api.routes import ActorRoute
from workbench.api.shapes import PageView, page_view
from workbench.db import listing
from workbench.errors import NotFound
from workbench.notebooks import queries as notebooks
from workbench.permissions import Permission

router = APIRouter(prefix="/api/v1/grants", route_class=ActorRoute, tags=["grants"])

RoleName = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9-]+$")]
TargetName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,99}$")]
RoleFilter = Annotated[RoleName | None, Query(description="A role's name or id.")]
Named = Annotated[TargetName | None, Query()]


class NewGrant(Part):
    """A grant to be: one holder, one target, and of a dataset perhaps only a part.

    Without `permissions` it gives what is usual: reading a dataset, opening a dashboard, seeing and
    running a notebook.
    """

    role: RoleName | None = Field(default=None, description="A role's name or id.")
    member: UUID | None = None
    dataset: TargetName | None = None
    dashboard: TargetName | None = None
    notebook: TargetName | None = None
    permissions: list[Permission] | None = Field(default=None, max_length=len(Permission))

    @model_validator(mode="after")
    def _is_of_one_on_one(self) -> Self:
        if (self.role is None) == (self.member is None):
            raise ValueError("name either a role or a member")
        if sum(each is not None for each in (self.dataset, self.dashboard, self.notebook)) != 1:
            raise ValueError("name one dataset, dashboard or notebook")
        return self


class GrantChange(Part):
    """Another part of the dataset; what is left out stays."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose grants a list shows, and on which target."""

    role: RoleFilter = None
    member: UUID | None = None
    dataset: Named = None
    dashboard: Named = None
    notebook: Named = None

    @property
    def target(self) -> tuple[Kind, str] | None:
        """The kind and name of the target that is asked for, the first where there are several."""
        chosen: dict[Kind, str | None] = {
            "dataset": self.dataset,
            "dashboard": self.dashboard,
            "notebook": self.notebook,
        }
        return next(((kind, name) for kind, name in chosen.items() if name is not None), None)


class GrantView(BaseModel):
    """A grant, with names; a dataset that the caller may not see has none."""

    id: UUID
    role_id: UUID | None
    role: str | None
    member_id: UUID | None
    email: str | None
    kind: Kind
    dataset: str | None
    dashboard: str | None
    notebook: str | None
    permissions: list[str]
    filter: dict[str, Any] | None
    masks: dict[str, str]
    created_at: datetime


@router.get("")
async def list_(
    actor: CurrentActor,
    session: Session,
    wanted: Annotated[Wanted, Depends()],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PageView[GrantView]:
    """List the grants of the tenant, the oldest first; of one holder or on one target."""
    role_id = None if wanted.role is None else await _role_id(session, actor, wanted.role)
    statement = queries.grants(
        actor, role_id=role_id, membership_id=wanted.member, target=wanted.target
    )
    page = await listing.page(session, statement, [Grant.id], cursor=cursor, limit=limit)
    return page_view(page, _view)


@router.post("", status_code=201, dependencies=[Once])
async def create(
    order: NewGrant, actor: CurrentActor, session: Session, parts: Parts, response: Response
) -> GrantView:
    """Grant what the caller holds himself on one target; nobody grants to himself."""
    actor.require(Permission.ROLE_MANAGE)
    role_id = None if order.role is None else await _role_id(session, actor, order.role)
    target, definition_id = await _found_target(session, actor, parts, order)
    made = await grants.create(
        session,
        actor,
        target,
        definition_id=definition_id,
        role_id=role_id,
        membership_id=order.member,
        permissions=USUAL[target.kind] if order.permissions is None else order.permissions,
        part=Part(filter=order.filter, masks=order.masks),
    )
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return await _shown(session, actor, made.id, response)


@router.get("/{grant_id}")
async def grant(
    grant_id: UUID, actor: CurrentActor, session: Session, response: Response
) -> GrantView:
    """Show one grant."""
    return await _shown(session, actor, grant_id, response)


@router.patch("/{grant_id}")
async def change(
    grant_id: UUID,
    change: GrantChange,
    actor: CurrentActor,
    session: Session,
    response: Response,
    if_match: etags.IfMatch = None,
) -> GrantView:
    """Show another part of a dataset; it counts at the holders' next statement."""
    found = await _found(session, actor, grant_id, if_match)
    kept = {"filter": found.filter, "masks": found.masks}
    part = Part.model_validate(kept | change.model_dump(by_alias=True, exclude_unset=True))
    definition_id = await session.scalar(queries.definition_of(actor, grant_id))
    await grants.change(session, actor, found, part, definition_id=definition_id)
    return await _shown(session, actor, grant_id, response)


@router.delete("/{grant_id}", status_code=204)
async def revoke(
    grant_id: UUID, actor: CurrentActor, session: Session, if_match: etags.IfMatch = None
) -> None:
    """Take a grant back; it ends at the holders' next statement."""
    await grants.revoke(session, actor, await _found(session, actor, grant_id, if_match))


async def _found_target(
    session: AsyncSession, actor: Actor, house: parts.Parts, order: NewGrant
) -> tuple[Target, UUID | None]:
    """The target of an order, which must be there, and its dataset's definition.

    Which dashboards there are is not the API's to know: any name can be granted.
    """
    if order.dataset is not None:
        dataset = await datasets.found(session, actor, order.dataset)
        return Target(kind="dataset", dataset_id=dataset.id), dataset.definition_id
    if order.notebook is not None:
        notebook = notebooks.notebook(actor, house.shelf, order.notebook)
        return Target(kind="notebook", name=notebook.name), None
    return Target(kind="dashboard", name=order.dashboard), None


async def _role_id(session: AsyncSession, actor: Actor, role: str) -> UUID:
    """The id of a role that is named by id or name."""
    try:
        wanted: UUID | str = UUID(role)
    except ValueError:
        wanted = role
    row = (await session.execute(queries.role(actor, wanted))).first()
    if row is None:
        raise NotFound("There is no such role.")
    return row[0].id


async def _found(
    session: AsyncSession, actor: Actor, grant_id: UUID, if_match: str | None
) -> Grant:
    statement = queries.grant(actor, grant_id)
    if if_match is not None:
        statement = statement.with_for_update(of=Grant)
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound("There is no such grant.")
    etags.check(if_match, _view(*row))
    return row[0]


async def _shown(
    session: AsyncSession, actor: Actor, grant_id: UUID, response: Response
) -> GrantView:
    row = (await session.execute(queries.grant(actor, grant_id))).first()
    if row is None:
        raise NotFound("There is no such grant.")
    view = _view(*row)
    etags.put(response, view)
    return view


def _view(grant: Grant, role: str | None, email: str | None, dataset: str | None) -> GrantView:
    return GrantView(
        id=grant.id,
        role_id=grant.role_id,
        role=role,
        member_id=grant.membership_id,
        email=email,
        kind=grant.kind,
        dataset=dataset,
        dashboard=grant.name if grant.kind == "dashboard" else None,
        notebook=grant.name if grant.kind == "notebook" else None,
        permissions=grant.permissions,
        filter=grant.filter,
        masks=grant.masks,
        created_at=grant.created_at,
    )
