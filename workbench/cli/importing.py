"""`workbench import`: a file into a dataset, looked at first and loaded at once."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from workbench.actor import Actor
from workbench.cli import console, database
from workbench.cli.acting import acting
from workbench.cli.export import write
from workbench.cli.options import AsJson
from workbench.datasets import commands, progress, queries
from workbench.datasets.models import Import
from workbench.datasets.reading import naming
from workbench.datasets.schemas import ImportOrder, Proposal, Reading
from workbench.db.session import Database
from workbench.errors import Conflict, Invalid, NotFound
from workbench.files import writing
from workbench.files.schemas import Bounds
from workbench.settings import Settings
from workbench.storage import Storage

SHOWN_ROWS = 5
MOVE_SECONDS = 0.1
CREATE = {"mode": "create"}


HowLoaded = Annotated[
    str | None,
    typer.Option(
        help="append, replace, upsert, or create a private dataset; without it append, or "
        "create where there is none."
    ),
]
MostRejects = Annotated[
    int | None, typer.Option(help="How many rows may be refused; one more, and none loads.")
]
RejectsTo = Annotated[
    Path | None, typer.Option(help="Where refused rows go, to be corrected and sent again.")
]


def import_(  # noqa: PLR0913, PLR0917 (each is an option)
    file: Annotated[Path, typer.Argument(help="CSV, Excel, Parquet or JSON lines.")],
    tenant: Annotated[str, typer.Option(help="The tenant's slug.")],
    dataset: Annotated[
        str | None, typer.Option(help="The dataset's name; that of the file without it.")
    ] = None,
    mode: HowLoaded = None,
    key: Annotated[
        str, typer.Option(help="Of an upsert: the columns that tell rows apart, with commas.")
    ] = "",
    title: Annotated[str, typer.Option(help="Of a dataset that is created; else its name.")] = "",
    null_text: Annotated[str, typer.Option(help="What stands in a cell without a value.")] = "",
    reading: Annotated[str, typer.Option(help="How to read the file, as JSON.")] = "{}",
    most_rejects: MostRejects = None,
    rejects: RejectsTo = None,
    email: Annotated[
        str | None, typer.Option("--as", help="The member who imports; an owner without it.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show how the file would be read.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load a file into a dataset, as a member who may; the tenant's audit shows it."""
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    name = dataset or naming.names([file.stem])[0]
    mode_now = mode or ("create" if title else "append")
    given = {"mode": mode_now, "title": title, "most_rejects": most_rejects}
    order = _order(key, null_text, reading, given)
    storage = Storage(Settings().storage)

    async def work(db: Database) -> Import | None:
        async with acting(db, tenant, email) as actor:
            if preview or not as_json:
                _show(await _proposed(db, actor, file, order.reading), as_json=as_json)
            if preview:
                return None
            chosen = order if mode else await _chosen(db, actor, name, order)
            done = await _loaded(db, actor, storage, file, name, chosen)
            if rejects is not None and done.rejects_id is not None:
                await _keep_rejects(db, actor, storage, done, rejects)
            return done

    done = database.run(work)
    if done is not None:
        _tell(done, as_json=as_json)


async def _keep_rejects(
    db: Database, actor: Actor, storage: Storage, done: Import, rejects: Path
) -> None:
    maker = commands.as_maker(actor, done.dataset.definition)
    async with db.session(maker) as session:
        _, place = await commands.read_rejects(session, maker, done.id)
    await write(rejects, writing.read(storage, [place]))


def _order(key: str, null_text: str, reading: str, given: Mapping[str, Any]) -> ImportOrder:
    try:
        read = Reading.model_validate_json(reading)
        if null_text:
            read = Reading.model_validate(
                read.model_dump(exclude_unset=True) | {"null_text": null_text}
            )
        names = [name.strip() for name in key.split(",") if name.strip()]
        return ImportOrder(key=names, reading=read, **given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"{place or 'import'}: {first['msg']}.") from None


async def _chosen(db: Database, actor: Actor, name: str, order: ImportOrder) -> ImportOrder:
    """The order for a dataset that is there, or the one that makes it, which is said."""
    async with db.session(actor) as session:
        if await session.scalar(queries.dataset(actor, name)) is not None:
            return order
    told = f"There is no dataset {name} yet: the file makes a private one."
    console.err.print(told, style="bold", markup=False)
    return order.model_copy(update=CREATE)


async def _proposed(db: Database, actor: Actor, file: Path, given: Reading) -> Proposal:
    async with db.session(actor) as session:
        with file.open("rb") as opened:
            return await commands.preview_import(session, actor, opened, file.name, given)


def _show(proposal: Proposal, *, as_json: bool) -> None:
    if as_json:
        console.out.print_json(proposal.model_dump_json())
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in proposal.columns:
        table.add_column(Text(f"{column.name}\n{column.type}"))
    for row in proposal.preview[:SHOWN_ROWS]:
        table.add_row(*(Text("" if cell is None else cell) for cell in row))
    console.err.print(table)
    for warning in proposal.warnings:
        console.err.print(warning, style="yellow", markup=False)


async def _loaded(
    db: Database, actor: Actor, storage: Storage, path: Path, dataset: str, order: ImportOrder
) -> Import:
    """Start and load an import in one transaction: a worker that looks finds it done."""
    shown = (TextColumn(path.name), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    settings = Settings()
    bounds = Bounds(settings.file_limit, settings.file_quota)
    with path.open("rb") as file, Progress(*shown, console=console.err) as bar:
        done = progress.Progress()
        moving = asyncio.create_task(_move(bar, done))
        try:
            return await commands.import_now(
                *(db, storage, bounds, actor, dataset, writing.blocks(file)),
                file_name=path.name,
                expected=os.fstat(file.fileno()).st_size,
                order=order,
                progress=done,
            )
        finally:
            moving.cancel()


async def _move(bar: Progress, done: progress.Progress) -> None:
    task = bar.add_task("", total=1.0)
    while True:
        bar.update(task, completed=done.share)
        await asyncio.sleep(MOVE_SECONDS)


def _tell(done: Import, *, as_json: bool) -> None:
    told: dict[str, Any] = {
        "import": done.id,
        "dataset": done.dataset.definition.name,
        "mode": done.mode,
        "status": done.status,
        "loaded": done.rows_loaded,
        "replaced": done.rows_replaced,
        "rejected": done.rows_rejected,
    }
    console.show([told], as_json=as_json)
    if done.status == "failed":
        raise Conflict(done.error)
