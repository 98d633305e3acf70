"""`workbench dataset …`: make, list, show, change, delete and restore datasets.

With `--tenant` as a member of that tenant, whose private datasets these are; without it as the
platform, whose datasets all tenants share.
"""

from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.cli import columns, console, orders
from workbench.cli.defining import Email, Name, Tenant, do, valid
from workbench.cli.options import AsJson
from workbench.datasets import commands, queries
from workbench.datasets.errors import DatasetNotFound
from workbench.datasets.models import Definition
from workbench.datasets.schemas import DatasetChange, NewDataset
from workbench.errors import Invalid

shell = typer.Typer(help="Make, describe, change and delete datasets.", no_args_is_help=True)
shell.add_typer(columns.shell, name="column")
shell.add_typer(orders.shell, name="order")


@shell.command("list")
def list_(tenant: Tenant = None, email: Email = None, *, as_json: AsJson = False) -> None:
    """List the datasets of a tenant, or those that are shared."""
    console.show(do(tenant, email, _rows), as_json=as_json)


@shell.command()
def show(
    name: Name, tenant: Tenant = None, email: Email = None, *, as_json: AsJson = False
) -> None:
    """Show what a dataset's columns mean."""

    async def work(session: AsyncSession, actor: Actor) -> list[dict[str, Any]]:
        definition = await session.scalar(queries.definition(actor, name))
        if definition is None:
            raise DatasetNotFound(f"There is no dataset {name}.")
        fields = ("name", "type", "title", "unit", "semantic", "description")
        return [{field: getattr(c, field) for field in fields} for c in definition.columns]

    console.show(do(tenant, email, work), as_json=as_json)


@shell.command()
def create(
    name: Name,
    *,
    column: Annotated[
        list[str], typer.Option(help="name:type, as in size:integer; may be repeated.")
    ],
    title: Annotated[str | None, typer.Option(help="Its name for people.")] = None,
    description: Annotated[str, typer.Option(help="What it holds.")] = "",
    tenant: Tenant = None,
    email: Email = None,
) -> None:
    """Make a private dataset of the tenant's, or one that all tenants share."""
    order = _order(name, title or name, description, column)

    async def work(session: AsyncSession, actor: Actor) -> None:
        if actor.tenant_id is None:
            await commands.define(session, actor, order)
        else:
            await commands.define_private(session, actor, order)

    do(tenant, email, work)
    console.out.print(f"Dataset {name} is there.")


@shell.command()
def rename(name: Name, to: str, tenant: Tenant = None, email: Email = None) -> None:
    """Give a dataset another name."""
    do(tenant, email, lambda session, actor: commands.rename(session, actor, name, to))
    console.out.print(f"Dataset {name} is called {to}.")


@shell.command()
def describe(
    name: Name,
    *,
    title: Annotated[str | None, typer.Option(help="Its name for people.")] = None,
    description: Annotated[str | None, typer.Option(help="What it holds.")] = None,
    tenant: Tenant = None,
    email: Email = None,
) -> None:
    """Say anew what a dataset is called and holds; what is left out stays."""
    change = DatasetChange(title=title, description=description)
    do(tenant, email, lambda session, actor: commands.describe(session, actor, name, change))
    console.out.print(f"Dataset {name} is described.")


@shell.command()
def delete(name: Name, tenant: Tenant = None, email: Email = None) -> None:
    """Delete a dataset; it can be restored."""
    do(tenant, email, lambda session, actor: commands.delete_dataset(session, actor, name))
    console.out.print(f"Dataset {name} is deleted; `workbench dataset restore` brings it back.")


@shell.command()
def restore(name: Name, tenant: Tenant = None, email: Email = None) -> None:
    """Bring back the dataset that had this name last."""
    do(tenant, email, lambda session, actor: commands.restore_dataset(session, actor, name))
    console.out.print(f"Dataset {name} is back.")


async def _rows(session: AsyncSession, actor: Actor) -> list[dict[str, Any]]:
    if actor.tenant_id is None:
        return [_row(found) for found in await session.scalars(queries.definitions(actor))]
    return [_row(found.definition) for found in await session.scalars(queries.datasets(actor))]


def _row(definition: Definition) -> dict[str, Any]:
    return {
        "name": definition.name,
        "title": definition.title,
        "private": "yes" if definition.is_private else "",
        "columns": len(definition.columns),
    }


def _order(name: str, title: str, description: str, given: list[str]) -> NewDataset:
    cells = [text.split(":") for text in given]
    if any(len(cell) != 2 for cell in cells):  # noqa: PLR2004 (a name and a type)
        raise Invalid("Write each column as name:type, as in size:integer.")
    found = [{"name": column, "type": type_} for column, type_ in cells]
    order = {"name": name, "title": title, "description": description, "columns": found}
    return valid(NewDataset, order)
