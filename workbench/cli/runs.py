"""`workbench runs …` and `workbench compare`: the past of a tenant's notebooks."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access.queries import members
from workbench.actor import Actor
from workbench.cli import console, past
from workbench.cli.defining import do
from workbench.cli.options import AsJson
from workbench.errors import Conflict, NotFound
from workbench.runs import comparing, queries, reports
from workbench.runs.cells import Change
from workbench.runs.comparing import Comparison
from workbench.runs.history import History, parameters
from workbench.runs.printing import Printer
from workbench.runs.schemas import Status
from workbench.settings import Settings
from workbench.storage import Storage

shell = typer.Typer(help="See what has run, and what it left.", no_args_is_help=True)
Tenant = Annotated[str, typer.Option(help="The tenant's slug.")]
As = Annotated[
    str | None, typer.Option("--as", help="The member who does it; an owner without it.")
]
RunId = Annotated[UUID, typer.Argument(metavar="RUN", help="The run's id.")]
Most = Annotated[int, typer.Option("-n", "--limit", min=1, max=1000, help="How many at most.")]
Given = Annotated[
    list[str] | None, typer.Option("-p", "--parameter", help="name=value, any number of times")
]
SHORT = 10  # characters of a commit that people read
COLOURS = {"+": "green", "-": "red", "@": "cyan"}
WORDS = {
    Change.OUTPUT: "shows something else",
    Change.SOURCE: "has other code",
    Change.ADDED: "is new",
    Change.REMOVED: "is gone",
}


for command in past.COMMANDS:
    shell.command()(command)


@shell.command("list")
def list_(  # noqa: PLR0913 (each filter is an option)
    *,
    tenant: Tenant,
    notebook: Annotated[str | None, typer.Option(help="Of this notebook.")] = None,
    status: Annotated[Status | None, typer.Option(help="In this state.")] = None,
    by: Annotated[str | None, typer.Option(help="Ordered by the member with this e-mail.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Ordered from here on.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Ordered before.")] = None,
    commit: Annotated[str | None, typer.Option(help="Of this commit, or its beginning.")] = None,
    parameter: Given = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that were deleted.")] = False,
    limit: Most = 20,
    email: As = None,
    as_json: AsJson = False,
) -> None:
    """List the runs of a tenant, the newest first."""

    async def work(session: AsyncSession, actor: Actor) -> list[dict[str, Any]]:
        history = History(
            requested_by=None if by is None else await _person(session, actor, by),
            since=since and since.astimezone(),
            until=until and until.astimezone(),
            commit=commit,
            parameters=parameters(parameter or []),
        )
        statement = queries.runs(
            actor,
            notebook=notebook,
            status=status,
            history=history,
            deleted=deleted,
            limit=limit,
        )
        return [
            {
                "id": run.id,
                "notebook": run.notebook,
                "status": run.status,
                "ordered": f"{run.created_at:%Y-%m-%d %H:%M:%S}",
                "commit": run.commit and run.commit[:SHORT],
                "parameters": run.parameters if as_json else _written(run.parameters),
            }
            for run in (await session.scalars(statement)).all()[:limit]
        ]

    console.show(do(tenant, email, work), as_json=as_json)


@shell.command()
def metrics(
    notebook: Annotated[str, typer.Argument(metavar="NOTEBOOK", help="The notebook's name.")],
    name: Annotated[str, typer.Argument(metavar="METRIC", help="The metric's name.")],
    *,
    tenant: Tenant,
    limit: Most = 20,
    email: As = None,
    as_json: AsJson = False,
) -> None:
    """List what the runs of a notebook measured under a name, the newest first."""

    async def work(session: AsyncSession, actor: Actor) -> list[dict[str, Any]]:
        statement = queries.figures(actor, notebook, name, limit=limit)
        rows = (await session.execute(statement)).all()[:limit]
        return [
            {
                "run": row.run_id,
                "ordered": f"{row.created_at:%Y-%m-%d %H:%M:%S}",
                "status": row.status,
                "commit": row.commit and row.commit[:SHORT],
                "value": row.value,
                "unit": row.unit,
                "budget": row.budget,
            }
            for row in rows
        ]

    console.show(do(tenant, email, work), as_json=as_json)


def compare(
    run: RunId,
    other: Annotated[UUID, typer.Argument(metavar="OTHER", help="The run compared with it.")],
    *,
    tenant: Tenant,
    email: As = None,
    as_json: AsJson = False,
) -> None:
    """Tell what differs between two runs: parameters, metrics, what each cell shows."""
    storage = Storage(Settings().storage)
    found = do(
        tenant,
        email,
        lambda session, actor: comparing.compare(session, actor, storage, run, other),
    )
    if as_json:
        console.out.print_json(found.model_dump_json())
    else:
        _show(found)


@shell.command()
def pdf(
    run: RunId,
    *,
    tenant: Tenant,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to; report-RUN.pdf without it.")
    ] = None,
    email: As = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Print the report of a run as PDF, which needs Chromium on this machine."""
    path = output or Path(f"report-{run}.pdf")
    if path.exists() and not force:
        raise Conflict(f"{path} is there already; --force replaces it.")
    key = do(tenant, email, lambda session, actor: reports.to_print(session, actor, run))
    page = reports.read(Storage(Settings().storage), key)
    path.write_bytes(asyncio.run(Printer().pdf(page)))
    console.out.print(f"{path} is there.", soft_wrap=True)


def _show(found: Comparison) -> None:
    changed = [each.model_dump() for each in found.parameters]
    if changed:
        console.show(changed, as_json=False)
    measured = [
        {
            "metric": each.name,
            "value": each.value,
            "other": each.other,
            "ratio": None if each.ratio is None else f"{each.ratio:.3g}",
            "budget": each.other_budget,
            "": each.crossed and f"budget {each.crossed}",
        }
        for each in found.metrics
    ]
    if measured:
        console.show(measured, as_json=False)
    for cell in found.cells:
        place = cell.other_place or cell.place
        console.out.print(f"Cell {place} {WORDS[cell.change]}.", style="bold")
        for line in cell.diff:
            console.out.print(escape(line), style=COLOURS.get(line[:1], ""), soft_wrap=True)
    console.out.print(_summed(found))


def _summed(found: Comparison) -> str:
    if found.same_cells is None:
        return "A run has left no notebook, so no cells were compared."
    return f"{len(found.cells)} cells differ, {found.same_cells} do not."


async def _person(session: AsyncSession, actor: Actor, email: str) -> UUID:
    for _, user in await session.execute(members(actor)):
        if user.email == email:
            found: UUID = user.id
            return found
    raise NotFound(f"There is no member {email}.")


def _written(given: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in given.items())
