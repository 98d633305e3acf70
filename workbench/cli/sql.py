"""`workbench sql`: one statement, as a member of a tenant."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from workbench.cli import console, database, export
from workbench.cli.acting import acting
from workbench.cli.options import AsJson
from workbench.datasets import commands
from workbench.datasets.export_formats import Format
from workbench.datasets.sql import Asked, SqlResult
from workbench.db.session import Database
from workbench.errors import Invalid


def sql(  # noqa: PLR0913 (each is an option)
    statement: Annotated[str, typer.Argument(help="One SELECT, VALUES or EXPLAIN.")],
    *,
    tenant: Annotated[str, typer.Option(help="The tenant's slug.")],
    parameters: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="name=value, the value as JSON.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many rows at most.")] = 1000,
    timeout: Annotated[float, typer.Option(help="For how many seconds at most.")] = 30,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file for all rows, whatever --limit says."),
    ] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="How rows are written to it.")
    ] = Format.CSV,
    force: export.Force = False,
    email: Annotated[
        str | None, typer.Option("--as", help="The member who asks; an owner without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask in SQL as a member, who sees what he may see; the tenant's audit shows it."""
    values = dict(_parameter(given) for given in parameters or [])
    asked = Asked(statement, values, limit, timedelta(seconds=timeout))

    async def answer(db: Database) -> SqlResult:
        async with acting(db, tenant, email) as actor:
            return await commands.run_sql(db, actor, asked)

    async def write(db: Database, path: Path) -> int:
        async with acting(db, tenant, email) as actor:
            blocks = await commands.export_sql(db, actor, asked, format_)
            return await export.write(path, blocks)

    if output is None:
        _show(database.run(answer), as_json=as_json)
        return
    export.require_free(output, force=force)
    size = database.run(lambda db: write(db, output))
    console.show([{"file": str(output), "bytes": size}], as_json=as_json)


def _show(result: SqlResult, *, as_json: bool) -> None:
    if as_json:
        answer = {"columns": result.columns, "rows": result.rows, "truncated": result.truncated}
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    console.out.print(_table(result))
    if result.truncated:
        console.err.print(f"There is more than these {len(result.rows):,} rows.")


def _parameter(given: str) -> tuple[str, Any]:
    name, is_given, value = given.partition("=")
    if not is_given:
        raise Invalid(f"--parameter {given}: write name=value.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value  # a text needs no quotes


def _table(result: SqlResult) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in result.columns:
        table.add_column(Text(name))
    for row in result.rows:
        table.add_row(*(Text("" if value is None else _shown(value)) for value in row))
    return table


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
