"""`workbench dataset order …`: keep orders of rows, and give them up."""

from typing import Annotated

import typer

from workbench.cli import console, database
from workbench.cli.defining import Email, Name, Tenant, do, valid
from workbench.datasets import commands
from workbench.datasets.schemas import NewOrder

shell = typer.Typer(help="Keep orders of rows, and give them up.", no_args_is_help=True)
Columns = Annotated[
    str, typer.Argument(metavar="ORDER", help="Columns as in delay,carrier; a - before descends.")
]
# Else the shell would take `-delay` for options.
AS_TYPED = {"ignore_unknown_options": True}


@shell.command(context_settings=AS_TYPED)
def add(dataset: Name, order: Columns, tenant: Tenant = None, email: Email = None) -> None:
    """Keep an order of the rows; its index is made while others write."""
    sort = _order(order).sort
    statement = do(
        tenant,
        email,
        lambda session, actor: commands.order_statement(session, actor, dataset, sort),
    )
    database.run_as_owner(statement)
    do(tenant, email, lambda session, actor: commands.add_order(session, actor, dataset, sort))
    console.out.print(f"Pages by {order} are read from an index.")


@shell.command(context_settings=AS_TYPED)
def drop(dataset: Name, order: Columns, tenant: Tenant = None, email: Email = None) -> None:
    """Give an order up; its pages sort the rows from then on."""
    sort = _order(order).sort
    do(tenant, email, lambda session, actor: commands.drop_order(session, actor, dataset, sort))
    console.out.print(f"Pages by {order} sort the rows.")


def _order(text: str) -> NewOrder:
    entries = [name.strip() for name in text.split(",")]
    sort = [{"column": e.removeprefix("-"), "descending": e.startswith("-")} for e in entries]
    return valid(NewOrder, {"sort": sort})
