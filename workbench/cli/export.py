"""`workbench export`: the rows of a dataset as a file."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from workbench.api.filters import conditions, names, sort
from workbench.cli import console, database
from workbench.cli.acting import acting
from workbench.cli.options import AsJson
from workbench.datasets import commands, queries
from workbench.datasets.errors import DatasetNotFound
from workbench.datasets.export_formats import Format
from workbench.datasets.schemas import RowsExport
from workbench.db.session import Database
from workbench.errors import Conflict

Force = Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")]


def export(  # noqa: PLR0913 (each is an option)
    dataset: Annotated[str, typer.Argument(help="The dataset's name.")],
    *,
    tenant: Annotated[str, typer.Option(help="The tenant's slug.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; the dataset's name without it.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How rows are written.")] = Format.CSV,
    filters: Annotated[
        list[str] | None, typer.Option("--filter", help="column:operator:value, or JSON.")
    ] = None,
    order: Annotated[
        str | None, typer.Option("--sort", help="Columns; `-` before one descends.")
    ] = None,
    columns: Annotated[str | None, typer.Option(help="Columns; all without it.")] = None,
    email: Annotated[
        str | None, typer.Option("--as", help="The member who exports; an owner without it.")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write the rows of a dataset into a file, as a member who may; the tenant's audit shows it."""
    path = output or Path(f"{dataset}.{format_}")
    require_free(path, force=force)
    wanted = RowsExport(filter=conditions(filters or []), sort=sort(order), columns=names(columns))

    async def work(db: Database) -> int:
        async with acting(db, tenant, email) as actor:
            async with db.session(actor) as session:
                found = await session.scalar(queries.dataset(actor, dataset))
            if found is None:
                raise DatasetNotFound(f"There is no dataset {dataset} in {tenant}.")
            return await write(path, await commands.export_rows(db, actor, found, wanted, format_))

    size = database.run(work)
    console.show([{"file": str(path), "bytes": size}], as_json=as_json)


def require_free(path: Path, *, force: bool) -> None:
    """Raise Conflict where a file is that nobody said to replace."""
    if path.exists() and not force:
        raise Conflict(f"{path} is there already; --force replaces it.")


async def write(path: Path, blocks: AsyncIterator[bytes]) -> int:
    """Write the file under another name first, so that none that broke off bears its own."""
    size = 0
    unfinished = path.with_name(f".{path.name}.part")
    shown = (SpinnerColumn(), TextColumn(path.name), DownloadColumn(), TimeElapsedColumn())
    try:
        with unfinished.open("wb") as file, Progress(*shown, console=console.err) as progress:
            task = progress.add_task("", total=None)
            async for block in blocks:
                await asyncio.to_thread(file.write, block)
                size += len(block)
                progress.update(task, completed=size)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return size
