"""Runs of notebooks: ordering, watching and ending them, and reading what they left behind."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.api.dependencies import DEFAULT_LIMIT, CurrentActor, Cursor, Limit, Parts, Session
from workbench.api.histories import Wanted
from workbench.api.once import Once, claimed
from workbench.api.routes import ActorRoute
from workbench.api.sending import documented, sent
from workbench.api.shapes import PageView
from workbench.audit import commands as audit
from workbench.db import pages
from workbench.errors import NotFound
from workbench.notebooks import queries as notebooks
from workbench.runs import cloning, commands, keys, logs, queries, turns
from workbench.runs.artifacts import place as lies
from workbench.runs.models import Artifact, Run
from workbench.runs.schemas import (
    ArtifactView,
    AttemptView,
    Clone,
    LogView,
    MetricView,
    NewRun,
    RunView,
    Status,
)
from workbench.storage import Storage

router = APIRouter(prefix="/api/v1/runs", route_class=ActorRoute, tags=["runs"])

REPORT = "report.html"
# A report may hold what a notebook wrote: no script, no request, no cookie, no origin of ours.
REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

Deleted = Annotated[bool, Query(description="Those that were deleted and can be restored.")]


@router.post("", status_code=202, dependencies=[Once])
async def start(
    request: Request,
    order: NewRun,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    response: Response,
) -> RunView:
    """Order a run of a notebook; a worker takes it.

    A run remembers its `Idempotency-Key`: sent again much later, it answers that run as it stands.
    """
    notebook = notebooks.notebook(actor, parts.shelf, order.notebook)
    key = keys.of(actor, claimed(request))
    run = await commands.start(
        session,
        actor,
        notebook,
        order.parameters,
        key=key,
        after=order.after,
        quota=parts.quota,
    )
    response.headers["Location"] = f"{router.prefix}/{run.id}"
    return RunView.model_validate(run)


@router.get("")
async def runs(  # noqa: PLR0913, PLR0917 (each filter is a parameter of the address)
    actor: CurrentActor,
    session: Session,
    history: Wanted,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    notebook: str | None = None,
    status: Status | None = None,
    deleted: Deleted = False,  # noqa: FBT002 (in the address)
) -> PageView[RunView]:
    """List the runs of the tenant, the newest first, or those that were deleted."""
    statement = queries.runs(
        actor,
        notebook=notebook,
        status=status,
        history=history,
        deleted=deleted,
        cursor=cursor,
        limit=limit,
    )
    rows = (await session.scalars(statement)).all()
    page = pages.cut(rows, limit, lambda run: [run.id]).map(RunView.model_validate)
    return PageView(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{run_id}")
async def run(run_id: UUID, actor: CurrentActor, session: Session, parts: Parts) -> RunView:
    """Show how a run stands; of one that waits also what for, and how many are ahead of it."""
    found = await _found(session, actor, run_id)
    place = await turns.place(session, actor, found, parts.quota.at_once)
    return RunView.model_validate(found).model_copy(update=place.model_dump())


@router.get("/{run_id}/attempts")
async def attempts(run_id: UUID, actor: CurrentActor, session: Session) -> PageView[AttemptView]:
    """List how often a run was tried, and what came of it each time."""
    await _found(session, actor, run_id)
    rows = await session.scalars(queries.attempts(actor, run_id))
    return PageView(items=[AttemptView.model_validate(row) for row in rows], next_cursor=None)


@router.post("/{run_id}/cancel")
async def cancel(run_id: UUID, actor: CurrentActor, session: Session, parts: Parts) -> RunView:
    """End a run that waits or works."""
    return RunView.model_validate(await commands.cancel(session, actor, run_id, parts.clock()))


@router.post("/{run_id}/retry", status_code=202)
async def retry(run_id: UUID, actor: CurrentActor, session: Session, parts: Parts) -> RunView:
    """Order an ended run again with the same parameters."""
    found = await _found(session, actor, run_id)
    needed = parts.shelf.named(found.notebook).permissions
    again = await commands.retry(session, actor, run_id, needed=needed, quota=parts.quota)
    return RunView.model_validate(again)


@router.post("/{run_id}/clone", status_code=202, dependencies=[Once])
async def clone(
    run_id: UUID,
    order: Clone,
    actor: CurrentActor,
    session: Session,
    parts: Parts,
    response: Response,
) -> RunView:
    """Order a run like another one, with other values for the parameters that are named."""
    found = await _found(session, actor, run_id)
    notebook = notebooks.notebook(actor, parts.shelf, found.notebook)
    made = await cloning.clone(session, actor, notebook, found, order.parameters, quota=parts.quota)
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return RunView.model_validate(made)


@router.get("/{run_id}/metrics")
async def metrics(run_id: UUID, actor: CurrentActor, session: Session) -> PageView[MetricView]:
    """List what a run measured."""
    await _found(session, actor, run_id)
    items = [
        MetricView.model_validate(m) for m in await session.scalars(queries.metrics(actor, run_id))
    ]
    return PageView(items=items, next_cursor=None)


@router.get("/{run_id}/log")
async def log(
    run_id: UUID,
    actor: CurrentActor,
    session: Session,
    after: Annotated[int, Query(ge=0, description="A position that an answer told.")] = 0,
) -> LogView:
    """Show what a run prints, as far as it is kept."""
    await _found(session, actor, run_id)
    printed = await logs.read(session, actor, run_id, after)
    if printed.text:  # of whoever asks again and again, only what he is told
        logs.note(session, actor, run_id)
    return printed


@router.get("/{run_id}/artifacts")
async def artifacts(run_id: UUID, actor: CurrentActor, session: Session) -> PageView[ArtifactView]:
    """List the files that a run left behind."""
    await _found(session, actor, run_id)
    rows = await session.scalars(queries.artifacts(actor, run_id))
    return PageView(items=[ArtifactView.model_validate(row) for row in rows], next_cursor=None)


@router.get(
    "/{run_id}/artifacts/{name}",
    response_class=StreamingResponse,
    responses=documented("application/octet-stream", "The file"),
)
async def artifact(
    request: Request,
    run_id: UUID,
    name: Annotated[str, Path(max_length=200)],
    actor: CurrentActor,
    session: Session,
    parts: Parts,
) -> Response:
    """Download a file that a run left behind, or with `Range` a part of it."""
    found = await _artifact(session, actor, run_id, name)
    audit.record(session, actor, "artifact.read", f"run {run_id}", run_id=run_id, name=found.name)
    headers = {
        "Content-Disposition": f"attachment; filename*=utf-8''{quote(found.name)}",
        "Content-Security-Policy": REPORT_POLICY,
    }
    key = await lies(session, actor, found)
    return await _sent(request, parts.storage, key, found, headers)


@router.get(
    "/{run_id}/report",
    response_class=StreamingResponse,
    responses=documented("text/html", "The report as a page"),
)
async def report(
    request: Request, run_id: UUID, actor: CurrentActor, session: Session, parts: Parts
) -> Response:
    """Show the report of a run as a page that runs nothing and fetches nothing."""
    found = await _artifact(session, actor, run_id, REPORT)
    audit.record(session, actor, "report.read", f"run {run_id}", run_id=run_id)
    headers = {"Content-Security-Policy": REPORT_POLICY}
    key = await lies(session, actor, found)
    return await _sent(request, parts.storage, key, found, headers)


async def _found(session: AsyncSession, actor: Actor, run_id: UUID) -> Run:
    run = await session.scalar(queries.run(actor, run_id))
    if run is None:
        raise NotFound
    return run


async def _artifact(session: AsyncSession, actor: Actor, run_id: UUID, name: str) -> Artifact:
    found = await session.scalar(queries.artifact(actor, run_id, name))
    if found is None:
        raise NotFound
    return found


async def _sent(
    request: Request, storage: Storage, key: str, artifact: Artifact, headers: dict[str, str]
) -> Response:
    kind = artifact.media_type
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    # A file is never written again: what takes the place of an artifact has another id.
    tag = artifact.file_id.hex if artifact.file_id else ""
    every = {"Content-Type": kind, **headers}
    return await sent(request, storage, key, size=artifact.size, tag=tag, headers=every)
