"""Following a run from the shell: its cells as a bar, and what it prints."""

import asyncio
import re
import sys
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from workbench.actor import Actor
from workbench.cli import console, serve
from workbench.cli.acting import acting
from workbench.db import connect
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.events.ears import Ears
from workbench.runs import logs as printed
from workbench.runs import queries, states, turns
from workbench.runs.models import Run
from workbench.runs.quotas import Quota
from workbench.runs.schemas import LogView, Place
from workbench.settings import Settings

LEAST_SECONDS = 0.1
MOST_SECONDS = 1.0
SEQUENCES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)")
Show = Callable[[Run, Place, LogView], None]


def logs(
    run: Annotated[UUID, typer.Argument(metavar="RUN", help="The run's id.")],
    *,
    tenant: Annotated[str, typer.Option(help="The tenant's slug.")],
    member: Annotated[
        str | None,
        typer.Option("--as", help="E-mail of the member to act as; an owner unless set."),
    ] = None,
) -> None:
    """Print what a run prints, until it has ended."""
    settings = Settings()
    serve.prepare(settings, quiet=True)
    with connect.server(settings):
        asyncio.run(_logs(settings, run, tenant, member))


async def _logs(settings: Settings, run_id: UUID, tenant: str, member: str | None) -> None:
    database = connect.database(settings)
    try:
        async with acting(database, tenant, member) as actor:
            await followed(database, actor, run_id, _print)
    finally:
        await database.close()


async def followed(
    database: Database, actor: Actor, run_id: UUID, show: Show, most: int = Quota().at_once
) -> Run:
    """Show a run and what it printed since, whenever it moves; answer it once it has ended.

    `most` is how many runs of its tenant may be at work, which tells what one waits for.
    """
    ears, position, is_noted = Ears(database), 0, False
    try:
        with ears.opened(actor) as ear:
            while True:
                await ear.wait(LEAST_SECONDS, MOST_SECONDS)
                async with database.session(actor) as session:
                    run = await session.scalar(queries.run(actor, run_id))
                    if run is None:
                        raise NotFound
                    place = await turns.place(session, actor, run, most)
                    log = await printed.read(session, actor, run_id, position)
                    if log.text and not is_noted:
                        printed.note(session, actor, run_id)
                        is_noted = True
                position = log.position
                show(run, place, log)
                if run.status in states.ENDED:
                    return run
    finally:
        await ears.close()


async def barred(database: Database, actor: Actor, run_id: UUID, most: int) -> Run:
    """Follow a run with a bar on standard error, and on a terminal with what it prints above it."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[cell]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console.err, transient=True) as bar:
        task = bar.add_task("Waiting for a worker …", total=None, cell="")

        def show(run: Run, place: Place, log: LogView) -> None:
            if log.text and console.err.is_terminal:
                bar.console.print(escape(plain(log.text)), end="", highlight=False)
            done, total = share(run)
            bar.update(
                task,
                description=f"{run.notebook}: {word(run, place)}",
                completed=done,
                total=total,
                cell=cell(run),
            )

        return await followed(database, actor, run_id, show, most)


def word(run: Run, place: Place) -> str:
    """How a run stands, and why it waits."""
    if place.waits is None:
        return run.status
    ahead = f", {place.ahead} ahead of it" if place.ahead else ""
    return f"{run.status} ({place.waits.replace('_', ' ')}{ahead})"


def share(run: Run) -> tuple[float, float | None]:
    """How much is done of how much: what the notebook tells, or else its cells."""
    if run.progress is not None:
        return run.progress, 1.0
    return run.cells_done or 0, run.cells


def cell(run: Run) -> str:
    """The cell that is at work, and its heading."""
    if not run.cells or run.cells_done is None:
        return ""
    number = min(run.cells_done + 1, run.cells)
    return plain(f"cell {number} of {run.cells} {run.cell_title or ''}").strip()


def plain(text: str) -> str:
    """A text that tells a terminal nothing: no colours, no titles, no cursor."""
    found = SEQUENCES.sub("", text)
    return "".join(letter for letter in found if letter.isprintable() or letter in "\n\t")


def _print(_: Run, _place: Place, log: LogView) -> None:
    sys.stdout.write(plain(log.text))
    sys.stdout.flush()
