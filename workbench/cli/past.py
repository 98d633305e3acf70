"""`workbench runs clone`, `retry`, `cancel`, `delete`, `restore` and `purge`."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.cli import console
from workbench.cli.defining import do
from workbench.cli.notebooks import SHELF
from workbench.errors import Detail, Invalid, NotFound
from workbench.notebooks import Shelf
from workbench.notebooks import queries as notebooks
from workbench.runs import cloning, commands, queries, trash
from workbench.runs.models import Run
from workbench.settings import Settings
from workbench.storage import Storage

Tenant = Annotated[str, typer.Option(help="The tenant's slug.")]
As = Annotated[
    str | None, typer.Option("--as", help="The member who does it; an owner without it.")
]
RunId = Annotated[UUID, typer.Argument(metavar="RUN", help="The run's id.")]
Given = Annotated[
    list[str] | None, typer.Option("-p", "--parameter", help="name=value, any number of times")
]


def clone(run: RunId, *, tenant: Tenant, parameter: Given = None, email: As = None) -> None:
    """Order a run like another one, with other values for some parameters; print its id."""

    async def work(session: AsyncSession, actor: Actor) -> UUID:
        found = await _found(session, actor, run)
        notebook = notebooks.notebook(actor, Shelf(SHELF), found.notebook)
        changes = {}
        for pair in parameter or []:
            name, sign, written = pair.partition("=")
            if not sign:
                raise Invalid("A parameter is written name=value.", details=[Detail("-p", pair)])
            changes[name] = notebook.read(name, written)
        return (await cloning.clone(session, actor, notebook, found, changes)).id

    console.out.print(str(do(tenant, email, work)))


def retry(run: RunId, *, tenant: Tenant, email: As = None) -> None:
    """Order an ended run again with the same parameters."""

    async def work(session: AsyncSession, actor: Actor) -> None:
        found = await _found(session, actor, run)
        needed = Shelf(SHELF).named(found.notebook).permissions
        await commands.retry(session, actor, run, needed=needed)

    _do(tenant, email, work, "The run waits for a worker.")


def cancel(run: RunId, *, tenant: Tenant, email: As = None) -> None:
    """End a run that waits or works."""

    async def work(session: AsyncSession, actor: Actor) -> None:
        await commands.cancel(session, actor, run, datetime.now(UTC))

    _do(tenant, email, work, "The run is cancelled.")


def delete(run: RunId, *, tenant: Tenant, email: As = None) -> None:
    """Delete an ended run with all that it left; for a month it can be restored."""

    async def work(session: AsyncSession, actor: Actor) -> None:
        await trash.remove(session, actor, run)

    _do(tenant, email, work, "The run is deleted; `workbench runs restore` brings it back.")


def restore(run: RunId, *, tenant: Tenant, email: As = None) -> None:
    """Bring a deleted run back with all that it left."""

    async def work(session: AsyncSession, actor: Actor) -> None:
        await trash.restore(session, actor, run)

    _do(tenant, email, work, "The run is back.")


def purge(run: RunId, *, tenant: Tenant, email: As = None) -> None:
    """Remove a deleted run and its files for good, now."""
    keys = do(tenant, email, lambda session, actor: trash.purge_one(session, actor, run))
    storage = Storage(Settings().storage)
    for key in keys:  # after the commit: a row whose bytes are missing would be worse
        storage.remove(key)
    console.out.print(f"The run is gone for good, and {len(keys)} files with it.")


def _do(
    tenant: str,
    email: str | None,
    work: Callable[[AsyncSession, Actor], Awaitable[None]],
    said: str,
) -> None:
    do(tenant, email, work)
    console.out.print(said)


async def _found(session: AsyncSession, actor: Actor, run_id: UUID) -> Run:
    run = await session.scalar(queries.run(actor, run_id))
    if run is None:
        raise NotFound
    return run


COMMANDS = (clone, retry, cancel, delete, restore, purge)
