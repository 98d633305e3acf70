"""`workbench run`: one notebook, for one tenant, from the shell."""

import asyncio
from contextlib import suppress
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import typer
from sqlalchemy import text

from workbench.actor import Actor
from workbench.cli import console, following, serve
from workbench.cli.acting import acting
from workbench.cli.notebooks import SHELF, described
from workbench.cli.options import AsJson
from workbench.db import connect
from workbench.db.session import Database
from workbench.errors import Detail, Invalid
from workbench.notebooks import Notebook, Shelf
from workbench.runs import budgets, commands, keys
from workbench.runs.budgets import Missed
from workbench.runs.models import Run
from workbench.runs.quotas import Quota
from workbench.runs.schemas import Status
from workbench.settings import Settings

SECONDS_BETWEEN_WORKERS = 2.0
WORKERS = text("select workers from workbench.queue_state()")


class Order(NamedTuple):
    """What is ordered: a notebook with checked parameters, under a key, after other runs."""

    notebook: Notebook
    parameters: dict[str, Any]
    key: str | None
    after: tuple[UUID, ...]


def explain(ctx: typer.Context, is_asked: bool) -> None:
    """Show the help, and the parameters of the notebook that is named."""
    if not is_asked:
        return
    ctx.get_help()  # Typer prints it
    if ctx.params["notebook"]:
        console.show(described(Shelf(SHELF).named(ctx.params["notebook"])), as_json=False)
    raise typer.Exit


def run(  # noqa: PLR0913 (each is an option)
    # Read before --help, which tells what the notebook takes, and missing only without it.
    notebook: Annotated[
        str, typer.Argument(metavar="NOTEBOOK", help="The notebook's name.", is_eager=True)
    ] = "",
    *,
    tenant: Annotated[str, typer.Option(help="The tenant's slug.")],
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", help="name=value, any number of times")
    ] = None,
    member: Annotated[
        str | None,
        typer.Option("--as", help="E-mail of the member to act as; an owner unless set."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="A name for this order; given again, it waits for the same run."),
    ] = None,
    keep_budgets: Annotated[
        bool, typer.Option("--keep-budgets", help="Exit with 1, too, when a budget is missed.")
    ] = False,
    after: Annotated[
        list[UUID] | None,
        typer.Option(metavar="RUN", help="A run that must succeed before; any number of times."),
    ] = None,
    as_json: AsJson = False,
    _is_asked: Annotated[
        bool,
        typer.Option("--help", callback=explain, help="Show this; with NOTEBOOK, what it takes."),
    ] = False,
) -> None:
    """Run a notebook for a tenant and wait for it; exit code 1 unless it succeeds."""
    chosen = Shelf(SHELF).named(notebook)
    parameters = given(chosen, parameter or [])
    settings = Settings()
    serve.prepare(settings, quiet=True)
    with connect.server(settings):
        order = Order(chosen, parameters, key, tuple(after or ()))
        ended, missed = asyncio.run(_run(settings, order, tenant, member))
    told: dict[str, Any] = {"id": ended.id, "status": ended.status, "error": ended.error}
    if as_json:
        told["missed"] = [each.model_dump(mode="json") for each in missed]
    console.show([told], as_json=as_json)
    for each in missed:
        console.err.print(f"over budget: {each}", markup=False, soft_wrap=True)
    if ended.status != Status.SUCCEEDED or (missed and keep_budgets):
        raise typer.Exit(1)


def given(notebook: Notebook, pairs: list[str]) -> dict[str, Any]:
    """Read each `name=value` by what the notebook declares; raise InvalidParameters at once."""
    parameters = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign:
            raise Invalid("A parameter is written name=value.", details=[Detail("-p", pair)])
        parameters[name] = notebook.read(name, text)
    return notebook.checked(parameters)


async def _run(
    settings: Settings, order: Order, tenant: str, member: str | None
) -> tuple[Run, list[Missed]]:
    database = connect.database(settings)
    quota = Quota(settings.runs_at_once, settings.runs_waiting, settings.runs_a_day)
    try:
        async with acting(database, tenant, member) as actor:
            async with database.session(actor) as session:
                ordered = await commands.start(
                    *(session, actor, order.notebook, order.parameters),
                    key=keys.of(actor, order.key),
                    after=order.after,
                    quota=quota,
                )
                run_id = ordered.id
            ended = await done(settings, database, actor, run_id)
            async with database.session(actor) as session:
                return ended, await budgets.missed(session, actor, ended)
    finally:
        await database.close()


async def done(settings: Settings, database: Database, actor: Actor, run_id: UUID) -> Run:
    """The run once it has ended; raise what keeps this process from working, should it have to."""
    stop = asyncio.Event()
    working = asyncio.create_task(_stand_by(settings, database, stop))
    ending = asyncio.create_task(following.barred(database, actor, run_id, settings.runs_at_once))
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
        return await ending
    finally:
        stop.set()
        ending.cancel()
        await working


async def _stand_by(settings: Settings, database: Database, stop: asyncio.Event) -> None:
    """Work here from the moment on in which no other worker is alive.

    One that was killed counts as alive until it has been silent for a minute: so look again.
    """
    while not stop.is_set():
        async with database.app.connect() as connection:
            is_alone = not await connection.scalar(WORKERS)
        if is_alone:
            from workbench.worker import loop  # noqa: PLC0415 (papermill takes a second to import)

            await loop.serve(settings, stop)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SECONDS_BETWEEN_WORKERS)
