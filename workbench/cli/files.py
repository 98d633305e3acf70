"""`workbench files …`: list, fetch and keep files of a tenant."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from workbench.cli import console, database
from workbench.cli.acting import acting
from workbench.cli.export import write
from workbench.cli.options import AsJson
from workbench.db.session import Database
from workbench.errors import Conflict
from workbench.files import commands, queries, writing
from workbench.files.schemas import Bounds
from workbench.settings import Settings
from workbench.storage import Storage

shell = typer.Typer(help="List, fetch and keep files of a tenant.", no_args_is_help=True)
Tenant = Annotated[str, typer.Option(help="The tenant's slug.")]
As = Annotated[
    str | None, typer.Option("--as", help="The member who does it; an owner without it.")
]


@shell.command("list")
def list_(*, tenant: Tenant, email: As = None, as_json: AsJson = False) -> None:
    """List the files of a tenant, the newest first."""

    async def work(db: Database) -> list[dict[str, Any]]:
        async with acting(db, tenant, email) as actor, db.session(actor) as session:
            return [
                {"id": f.id, "name": f.name, "bytes": f.size, "type": f.media_type, "kind": f.kind}
                for f in await session.scalars(queries.files(actor))
            ]

    console.show(database.run(work), as_json=as_json)


@shell.command()
def get(
    file: Annotated[UUID, typer.Argument(help="The file's id.")],
    *,
    tenant: Tenant,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to; its own name without it.")
    ] = None,
    email: As = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Fetch a file; the tenant's audit shows it."""

    async def work(db: Database) -> Path:
        async with acting(db, tenant, email) as actor:
            async with db.session(actor) as session:
                found = await commands.note_download(session, actor, file)
            path = output or Path(found.name)
            if path.exists() and not force:
                raise Conflict(f"{path} is there already; --force replaces it.")
            await write(path, writing.read(Storage(Settings().storage), [found.storage_key]))
            return path

    console.out.print(f"{database.run(work)} is there.", soft_wrap=True)


@shell.command()
def put(
    path: Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False)],
    *,
    tenant: Tenant,
    email: As = None,
    as_json: AsJson = False,
) -> None:
    """Keep a file of this machine as one of the tenant's."""
    settings = Settings()
    bounds = Bounds(settings.file_limit, settings.file_quota)

    async def work(db: Database) -> dict[str, Any]:
        async with acting(db, tenant, email) as actor:
            storage = Storage(settings.storage)
            made = await commands.put(db, actor, storage, bounds, _read(path), name=path.name)
            return {"id": made.id, "name": made.name, "bytes": made.size, "sha256": made.sha256}

    console.show([database.run(work)], as_json=as_json)


async def _read(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while block := await asyncio.to_thread(file.read, writing.BLOCK):
            yield block
