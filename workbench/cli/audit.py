"""`workbench audit …`: check that nobody changed the audit, and take it along as a file."""

import asyncio
import math
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.audit import chain, commands, exports, verifying
from workbench.audit.exports import Format
from workbench.audit.verifying import Verdict
from workbench.cli import console, database, tenants
from workbench.cli.database import OPERATOR
from workbench.cli.options import AsJson
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.tenants import queries

shell = typer.Typer(help="Check and export what was done and read.", no_args_is_help=True)
TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Slug = Annotated[str, typer.Option("--tenant", help="The tenant's slug.")]
Since = Annotated[datetime | None, typer.Option(formats=TIMES, help="The first time, in UTC.")]
Until = Annotated[
    datetime | None, typer.Option(formats=TIMES, help="The first time left out, in UTC.")
]


@shell.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An export (JSON Lines); no database is needed.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Only the tenant of this slug.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Check the chain of every tenant, of one, or of an exported file; exit code 1 if it broke."""
    found = [_of_file(file)] if file else database.run(lambda db: every(db, tenant))
    console.show(found, as_json=as_json)
    if any(row["wrong"] for row in found):
        raise typer.Exit(1)


@shell.command()
def export(
    tenant: Slug,
    format_: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.JSONL,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write the audit of a tenant to standard output; the tenant sees that it was exported."""
    database.run(lambda db: _export(db, tenant, format_, _utc(since), _utc(until)))


async def every(
    database: Database,
    slug: str | None = None,
    *,
    last: int | None = None,
    seconds: float = math.inf,
) -> list[dict[str, Any]]:
    """What a check of each tenant's chain, or of its `last` entries, finds while there is time."""
    async with database.session(OPERATOR) as session:
        found = [(t.slug, t.id) for t in await session.scalars(queries.tenants(OPERATOR))]
    chosen = [(name, tenant_id) for name, tenant_id in found if slug in (None, name)]
    if slug is not None and not chosen:
        raise NotFound(f"There is no tenant {slug}; `workbench tenant list` shows them.")
    limit = time.monotonic() + seconds
    rows = []
    for name, tenant_id in chosen:
        if time.monotonic() > limit:
            break
        verdict = await verifying.verify(database, commands.sealer(tenant_id), last=last)
        rows.append(_shown(name, verdict))
    return rows


def _shown(slug: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "tenant": slug,
        "checked": verdict.checked,
        "waiting": verdict.waiting,
        "head": verdict.head,
        "wrong": verdict.wrong,
    }


def _of_file(file: Path) -> dict[str, Any]:
    with file.open(encoding="utf-8", newline="\n") as texts:
        checker = chain.check_file(texts)
    head = f"{checker.position}:{checker.hash.hex()}"
    return {"file": str(file), "checked": checker.checked, "head": head, "wrong": checker.wrong}


async def _export(
    database: Database, slug: str, format_: Format, since: datetime | None, until: datetime | None
) -> None:
    async with database.session(OPERATOR) as session:
        actor = commands.sealer((await tenants.named(session, slug)).id)
    piece = await exports.begin(database, actor, format_, since, until)
    await _print(exports.lines(database, actor, piece, format_))


async def _print(lines: AsyncIterator[str]) -> None:
    # Whoever reads may have had enough: `| head` closes its end.
    with suppress(BrokenPipeError):
        async for line in lines:
            await asyncio.to_thread(sys.stdout.write, line)
        sys.stdout.flush()


def _utc(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(tzinfo=UTC)
