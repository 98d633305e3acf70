"""Statements about runs."""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, cast, func, select
from sqlalchemy.orm import selectinload

from workbench.actor import Actor
from workbench.db import pages
from workbench.db.model import columns
from workbench.errors import Detail, Invalid
from workbench.files.models import File
from workbench.permissions import Permission
from workbench.runs.history import EVERY, History
from workbench.runs.models import Artifact, Metric, Run, RunAttempt, RunLog
from workbench.runs.schemas import Status


def runs(
    actor: Actor,
    *,
    notebook: str | None = None,
    status: Status | None = None,
    history: History = EVERY,
    deleted: bool = False,
    cursor: str | None = None,
    limit: int = pages.DEFAULT_LIMIT,
) -> Select[Run]:
    """One row more than a page of the tenant's runs, or of its deleted ones, the newest first.

    The cursor holds an id.
    """
    statement = _runs(actor).where(*_in(history)).order_by(Run.id.desc()).limit(limit + 1)
    if notebook is not None:
        statement = statement.where(Run.notebook == notebook)
    if status is not None:
        statement = statement.where(Run.status == status)
    if cursor is not None:
        statement = statement.where(Run.id < _id_of(cursor))
    if deleted:
        statement = statement.where(Run.deleted_at.is_not(None))
        statement = statement.execution_options(include_deleted=True)
    return statement


def _in(history: History) -> Iterator[ColumnElement[bool]]:
    if history.requested_by is not None:
        yield Run.requested_by == history.requested_by
    if history.since is not None:
        yield Run.created_at >= history.since
    if history.until is not None:
        yield Run.created_at < history.until
    if history.commit is not None:
        yield Run.commit.startswith(history.commit, autoescape=True)
    if history.parameters:
        yield Run.parameters.contains(dict(history.parameters))


def figures(
    actor: Actor,
    notebook: str,
    name: str,
    *,
    cursor: str | None = None,
    limit: int = pages.DEFAULT_LIMIT,
) -> Select[*tuple[Any, ...]]:
    """One metric of a notebook's runs over time, a row more than a page, the newest first.

    The columns are those of FigureView.
    """
    actor.require_somewhere(Permission.RUN_READ)
    statement = (
        select(
            Run.id.label("run_id"),
            Run.created_at,
            Run.status,
            Run.commit,
            Run.notebook_hash,
            Metric.value,
            Metric.unit,
            Metric.budget,
        )
        .join(Metric, (Metric.tenant_id == Run.tenant_id) & (Metric.run_id == Run.id))
        .where(Run.tenant_id == actor.require_tenant(), Run.notebook == notebook)
        .where(Metric.name == name, *_shown(actor))
        .order_by(Run.id.desc())
        .limit(limit + 1)
    )
    return statement if cursor is None else statement.where(Run.id < _id_of(cursor))


def measuring(actor: Actor) -> Select[*tuple[Any, ...]]:
    """The notebooks whose runs have measured something, the last ordered first."""
    actor.require_somewhere(Permission.RUN_READ)
    is_measured = (
        select(Metric.id)
        .where(Metric.tenant_id == Run.tenant_id, Metric.run_id == Run.id)
        .where(Metric.deleted_at.is_(None))
        .exists()
    )
    return (
        select(Run.notebook, func.max(Run.created_at).label("last"))
        .where(Run.tenant_id == actor.require_tenant(), Run.deleted_at.is_(None), is_measured)
        .group_by(Run.notebook)
        .order_by(func.max(Run.created_at).desc())
    )


def measured(
    actor: Actor, notebook: str, *, upto: Run | None = None, most: int
) -> Select[*tuple[Any, ...]]:
    """Every metric of the last ended runs of a notebook, the newest run first."""
    actor.require_somewhere(Permission.RUN_READ)
    last = (
        select(Run.id)
        .where(Run.tenant_id == actor.require_tenant(), Run.notebook == notebook)
        .where(Run.status.in_((Status.SUCCEEDED, Status.FAILED)), Run.deleted_at.is_(None))
        .order_by(Run.id.desc())
        .limit(most)
    )
    if upto is not None:
        last = last.where(Run.id <= upto.id, Run.parameters == upto.parameters)
    return (
        select(
            *(Run.id.label("run_id"), Run.created_at, Run.status, Run.commit, Run.parameters),
            *(Metric.name, Metric.value, Metric.unit, Metric.budget),
        )
        .join(Metric, (Metric.tenant_id == Run.tenant_id) & (Metric.run_id == Run.id))
        .where(Run.tenant_id == actor.require_tenant(), Run.id.in_(last))
        .order_by(Run.id.desc(), Metric.name)
    )


def cursor(last: Run) -> str:
    """The cursor of the page that follows a run."""
    return pages.encode([last.id])


def run(actor: Actor, run_id: UUID) -> Select[Run]:
    """One run with its metrics and artifacts."""
    return (
        _runs(actor)
        .where(Run.id == run_id)
        .options(selectinload(Run.metrics), selectinload(Run.artifacts))
    )


def log(actor: Actor, run_id: UUID) -> Select[RunLog]:
    """The end of what a run printed; nothing when the run is deleted."""
    actor.require_somewhere(Permission.RUN_READ)
    return (
        select(RunLog)
        .join(Run, (Run.tenant_id == RunLog.tenant_id) & (Run.id == RunLog.run_id))
        .where(RunLog.tenant_id == actor.require_tenant(), RunLog.run_id == run_id)
        .where(*_shown(actor))
    )


def some(actor: Actor, run_ids: Collection[UUID]) -> Select[Run]:
    """Those of some runs that the actor may see."""
    return _runs(actor).where(Run.id.in_(run_ids))


def live(actor: Actor, most: int) -> Select[Run]:
    """The newest runs that wait or work."""
    waiting = (Status.QUEUED, Status.RUNNING)
    return _runs(actor).where(Run.status.in_(waiting)).order_by(Run.id.desc()).limit(most)


def metrics(actor: Actor, run_id: UUID) -> Select[Metric]:
    """What a run measured, by name."""
    actor.require_somewhere(Permission.RUN_READ)
    return (
        select(Metric)
        .join(Run, (Run.tenant_id == Metric.tenant_id) & (Run.id == Metric.run_id))
        .where(Metric.tenant_id == actor.require_tenant(), Metric.run_id == run_id)
        .where(*_shown(actor))
        .order_by(Metric.name)
    )


def attempts(actor: Actor, run_id: UUID) -> Select[RunAttempt]:
    """The attempts at a run, the first one first."""
    actor.require_somewhere(Permission.RUN_READ)
    return (
        select(RunAttempt)
        .join(Run, (Run.tenant_id == RunAttempt.tenant_id) & (Run.id == RunAttempt.run_id))
        .where(RunAttempt.tenant_id == actor.require_tenant(), RunAttempt.run_id == run_id)
        .order_by(RunAttempt.number)
    )


def artifacts(actor: Actor, run_id: UUID) -> Select[Artifact]:
    """What a run left behind, by name; nothing when the run is deleted."""
    actor.require_somewhere(Permission.RUN_READ)
    return (
        select(Artifact)
        .join(Run, (Run.tenant_id == Artifact.tenant_id) & (Run.id == Artifact.run_id))
        .where(Artifact.tenant_id == actor.require_tenant(), Artifact.run_id == run_id)
        .where(*_shown(actor))
        .order_by(Artifact.name)
    )


def artifact(actor: Actor, run_id: UUID, name: str) -> Select[Artifact]:
    """One file that a run left behind."""
    return artifacts(actor, run_id).where(Artifact.name == name)


def _runs(actor: Actor) -> Select[Run]:
    actor.require_somewhere(Permission.RUN_READ)
    return select(Run).where(Run.tenant_id == actor.require_tenant(), *_shown(actor))


def _shown(actor: Actor) -> Iterator[ColumnElement[bool]]:
    """Which runs the actor may see: they show what who ordered them may see.

    Who sees a part of a dataset only would else see more of it in what others have run.
    """
    if actor.lens is not None:
        yield Run.requested_by == actor.user_id


def _id_of(cursor: str) -> UUID:
    try:
        return UUID(pages.decode(cursor, 1)[0])
    except (AttributeError, TypeError, ValueError) as error:
        raise Invalid(
            "The cursor is not valid; take it from `next_cursor`.",
            details=[Detail("cursor", "not a cursor of this list")],
        ) from error


def everything(actor: Actor) -> dict[str, Select[*tuple[Any, ...]]]:
    """What the room gives to an archive of the actor's tenant, by the name of the list."""
    actor.require(Permission.TENANT_EXPORT)
    tenant_id = actor.require_tenant()
    return {
        "runs": select(*columns(Run)).where(Run.tenant_id == tenant_id).order_by(Run.id),
        "attempts": select(*columns(RunAttempt))
        .where(RunAttempt.tenant_id == tenant_id)
        .order_by(RunAttempt.id),
        "metrics": select(*columns(Metric))
        .where(Metric.tenant_id == tenant_id)
        .order_by(Metric.id),
        "artifacts": select(*columns(Artifact))
        .where(Artifact.tenant_id == tenant_id)
        .order_by(Artifact.id),
    }


def files(actor: Actor) -> Select[str, str]:
    """Where each file of a live run lies in storage, and its `path` in an archive."""
    actor.require(Permission.TENANT_EXPORT)
    path = func.concat("runs/", cast(Artifact.run_id, Text), "/", Artifact.name).label("path")
    return (
        select(path, File.storage_key)
        .join(Artifact, (Artifact.tenant_id == File.tenant_id) & (Artifact.file_id == File.id))
        .join(Run, (Run.tenant_id == Artifact.tenant_id) & (Run.id == Artifact.run_id))
        .where(Artifact.tenant_id == actor.require_tenant())
        .order_by(Artifact.id)
    )
