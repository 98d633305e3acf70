"""`workbench dataset column …`: add, change, drop and restore columns."""

from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.cli import console
from workbench.cli.defining import Email, Name, Tenant, do, valid
from workbench.datasets import commands
from workbench.datasets.schemas import ColumnChange, Losses, NewColumn
from workbench.errors import Invalid

shell = typer.Typer(help="Add, change, drop and restore columns.", no_args_is_help=True)
Column = Annotated[str, typer.Argument(help="The column's name.")]
Title = Annotated[str | None, typer.Option(help="Its name for people.")]
Unit = Annotated[str | None, typer.Option(help="What its values are counted in.")]
Description = Annotated[str | None, typer.Option(help="What it holds.")]
Semantic = Annotated[str | None, typer.Option(help="What its values mean, such as money.")]


@shell.command()
def add(  # noqa: PLR0913 (each is an option)
    dataset: Name,
    column: Column,
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="text, integer, number, …")],
    *,
    title: Title = None,
    unit: Unit = None,
    description: Description = None,
    semantic: Semantic = None,
    tenant: Tenant = None,
    email: Email = None,
) -> None:
    """Add a column, which is empty in the rows that there are."""
    said = {"title": title, "unit": unit, "description": description, "semantic": semantic}
    order = valid(NewColumn, {"name": column, "type": type_} | _given(said))
    do(tenant, email, lambda session, actor: commands.add_column(session, actor, dataset, order))
    console.out.print(f"Column {column} is there.")


@shell.command()
def change(  # noqa: PLR0913 (each is an option)
    dataset: Name,
    column: Column,
    *,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Another type.")] = None,
    losing: Annotated[
        bool, typer.Option("--losing", help="Lose what the type cannot hold.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what the type would lose.")
    ] = False,
    title: Title = None,
    unit: Unit = None,
    description: Description = None,
    semantic: Semantic = None,
    tenant: Tenant = None,
    email: Email = None,
) -> None:
    """Describe, rename or retype a column; what is left out stays."""
    said = {"title": title, "unit": unit, "description": description, "semantic": semantic}
    given = _given(said | {"name": name, "type": type_}) | {"losing": losing}
    order = valid(ColumnChange, given)
    if dry_run and order.type is None:
        raise Invalid("A dry run tries a type: give --type.")

    async def work(session: AsyncSession, actor: Actor) -> Losses:
        if dry_run:
            return await commands.losses(session, actor, dataset, column, str(order.type))
        return await commands.change_column(session, actor, dataset, column, order)

    found = do(tenant, email, work)
    console.out.print(f"{found.lost:,} values {'would be' if dry_run else 'are'} lost.")
    if found.examples:
        console.show([example.model_dump() for example in found.examples], as_json=False)


@shell.command()
def drop(dataset: Name, column: Column, tenant: Tenant = None, email: Email = None) -> None:
    """Drop a column; it can be restored with its values."""
    do(tenant, email, lambda session, actor: commands.drop_column(session, actor, dataset, column))
    console.out.print(
        f"Column {column} is gone; `workbench dataset column restore` brings it back."
    )


@shell.command()
def restore(dataset: Name, column: Column, tenant: Tenant = None, email: Email = None) -> None:
    """Bring back the column that had this name last."""
    do(
        tenant,
        email,
        lambda session, actor: commands.restore_column(session, actor, dataset, column),
    )
    console.out.print(f"Column {column} is back.")


def _given(said: dict[str, str | None]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}
