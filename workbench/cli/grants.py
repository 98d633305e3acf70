"""`workbench grant …`: make, list and revoke grants on datasets, dashboards and notebooks."""

import json
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import grants, queries
from workbench.access.schemas import USUAL, Kind, Part, Target
from workbench.actor import Actor
from workbench.cli import console, database
from workbench.cli.inside import TenantSlug, inside, member_named, role_named
from workbench.cli.options import AsJson
from workbench.datasets import queries as datasets
from workbench.datasets.errors import DatasetNotFound
from workbench.db.session import Database
from workbench.errors import Detail, Invalid, NotFound
from workbench.notebooks.shelf import Shelf
from workbench.permissions import Permission
from workbench.settings import ROOT

shell = typer.Typer(help="Make, list and revoke grants.", no_args_is_help=True)
RoleOption = Annotated[str | None, typer.Option("--role", help="A role of the tenant's own.")]
UserOption = Annotated[str | None, typer.Option("--user", help="A member's e-mail address.")]
DatasetOption = Annotated[str | None, typer.Option("--dataset", help="A dataset's name.")]
DashboardOption = Annotated[str | None, typer.Option("--dashboard", help="A dashboard's name.")]
NotebookOption = Annotated[str | None, typer.Option("--notebook", help="A notebook's name.")]


@dataclass(frozen=True, slots=True)
class Order:
    """A grant as it was typed."""

    role: str | None
    user: str | None
    kind: Kind
    name: str
    permissions: list[Permission]
    part: Part


@shell.command("list")
def list_(tenant: TenantSlug, *, as_json: AsJson = False) -> None:
    """List the tenant's grants, the oldest first."""
    console.show(database.run(lambda db: _rows(db, tenant)), as_json=as_json)


@shell.command()
def create(  # noqa: PLR0913 (what a grant is made of)
    tenant: TenantSlug,
    *,
    role: RoleOption = None,
    user: UserOption = None,
    dataset: DatasetOption = None,
    dashboard: DashboardOption = None,
    notebook: NotebookOption = None,
    permission: Annotated[
        list[Permission] | None, typer.Option(help="What it gives; may be repeated.")
    ] = None,
    filter_: Annotated[
        str | None, typer.Option("--filter", help="Which rows of the dataset, as JSON.")
    ] = None,
    mask: Annotated[
        list[str] | None, typer.Option(help="column=null, hash or partial; may be repeated.")
    ] = None,
) -> None:
    """Grant a role or a member one dataset, dashboard or notebook."""
    if (role is None) == (user is None):
        raise Invalid("Give either --role or --user.")
    kind, name = target(dataset, dashboard, notebook)
    order = Order(role, user, kind, name, permission or [], _part(filter_, mask or []))
    grant_id = database.run(lambda db: _create(db, tenant, order))
    console.out.print(f"Grant {grant_id} is there.", soft_wrap=True)


@shell.command()
def revoke(
    grant_id: Annotated[UUID, typer.Argument(help="The grant's id.")], tenant: TenantSlug
) -> None:
    """Take a grant back; it ends at its holders' next statement."""
    database.run(lambda db: _revoke(db, tenant, grant_id))
    console.out.print(f"Grant {grant_id} is revoked.", soft_wrap=True)


def target(dataset: str | None, dashboard: str | None, notebook: str | None) -> tuple[Kind, str]:
    """The one target that is named; raise Invalid when there are none or several."""
    chosen: dict[Kind, str | None] = {
        "dataset": dataset,
        "dashboard": dashboard,
        "notebook": notebook,
    }
    named = [(kind, name) for kind, name in chosen.items() if name is not None]
    if len(named) != 1:
        raise Invalid("Give one of --dataset, --dashboard and --notebook.")
    return named[0]


def _part(filter_: str | None, masks: list[str]) -> Part:
    try:
        tree = json.loads(filter_) if filter_ else None
        return Part.model_validate(
            {"filter": tree, "masks": dict(mask.split("=", 1) for mask in masks)}
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise Invalid(
            "This is no part of a dataset.", details=[Detail(place, first["msg"])]
        ) from None
    except ValueError:
        raise Invalid("Write --filter as JSON and each --mask as column=kind.") from None


async def _rows(database: Database, tenant: str) -> list[dict[str, Any]]:
    async with inside(database, tenant) as (session, actor):
        found = (await session.execute(queries.grants(actor))).all()
    return [
        {
            "id": str(grant.id),
            "role": role,
            "user": email,
            "kind": grant.kind,
            "name": grant.name or dataset,
            "permissions": " ".join(grant.permissions),
            "filter": json.dumps(grant.filter) if grant.filter else None,
            "masks": " ".join(f"{column}={kind}" for column, kind in grant.masks.items()),
        }
        for grant, role, email, dataset in found
    ]


async def _create(database: Database, tenant: str, order: Order) -> UUID:
    async with inside(database, tenant) as (session, actor):
        role = await role_named(session, actor, order.role) if order.role else None
        member = await member_named(session, actor, order.user) if order.user else None
        found, definition_id = await _found(session, actor, order)
        grant = await grants.create(
            session,
            actor,
            found,
            definition_id=definition_id,
            role_id=role.id if role else None,
            membership_id=member,
            permissions=order.permissions or USUAL[order.kind],
            part=order.part,
        )
        return grant.id


async def _found(session: AsyncSession, actor: Actor, order: Order) -> tuple[Target, UUID | None]:
    if order.kind != "dataset":
        if order.kind == "notebook":
            Shelf(ROOT / "notebooks").named(order.name)
        try:
            return Target(kind=order.kind, name=order.name), None
        except ValidationError:
            raise Invalid(f"{order.name} is no name of a {order.kind}.") from None
    dataset = await session.scalar(datasets.dataset(actor, order.name))
    if dataset is None:
        raise DatasetNotFound
    return Target(kind="dataset", dataset_id=dataset.id), dataset.definition_id


async def _revoke(database: Database, tenant: str, grant_id: UUID) -> None:
    async with inside(database, tenant) as (session, actor):
        grant = await session.scalar(queries.grant(actor, grant_id))
        if grant is None:
            raise NotFound("There is no such grant; `workbench grant list` shows them.")
        await grants.revoke(session, actor, grant)
