"""Two runs side by side: what they were given, what they measured, what they show."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.errors import NotFound, TooMany
from workbench.permissions import Permission
from workbench.runs import artifacts, cells, queries
from workbench.runs.cells import CellChange
from workbench.runs.models import Metric, Run
from workbench.runs.schemas import RunView
from workbench.storage import Storage

NOTEBOOK = "notebook.ipynb"
MOST_BYTES = 32 * 1024**2  # of a notebook that is compared; a run keeps 16 MiB of outputs


class Crossing(StrEnum):
    """What became of a budget between two runs."""

    EXCEEDED = "exceeded"  # kept before, exceeded now
    KEPT = "kept"  # exceeded before, kept now


class ParameterChange(BaseModel):
    """A parameter with another value."""

    name: str
    value: Any
    other: Any


class MetricChange(BaseModel):
    """A figure of both runs: `ratio` is the other by the first, and null where that tells nothing.

    `crossed` says that the budget is exceeded now or kept again; each run has its own budget.
    """

    name: str
    unit: str | None
    value: float | None
    other: float | None
    ratio: float | None
    budget: float | None
    other_budget: float | None
    crossed: Crossing | None


class Comparison(BaseModel):
    """Two runs, and what differs between the first and the other.

    Every metric is told, and of parameters and cells those that differ; `same_cells` counts the
    rest, and is null where a run has left no notebook.
    """

    run: RunView
    other: RunView
    parameters: list[ParameterChange]
    metrics: list[MetricChange]
    cells: list[CellChange]
    same_cells: int | None


async def compare(
    session: AsyncSession, actor: Actor, storage: Storage, run_id: UUID, other_id: UUID
) -> Comparison:
    """Compare two runs of the tenant; the audit notes that their outputs were read."""
    actor.require_somewhere(Permission.RUN_READ)
    run, other = await _found(session, actor, run_id), await _found(session, actor, other_id)
    files = [await _notebook(session, actor, storage, found) for found in (run, other)]
    changes: list[CellChange] = []
    same: int | None = None
    if files[0] is not None and files[1] is not None:
        changes, same = await asyncio.to_thread(cells.compare, files[0], files[1])
    audit.record(session, actor, "run.compare", f"run {run_id}", run_id=run_id, other=str(other_id))
    return Comparison(
        run=RunView.model_validate(run),
        other=RunView.model_validate(other),
        parameters=_parameters(run.parameters, other.parameters),
        metrics=_metrics(_named(run), _named(other)),
        cells=changes,
        same_cells=same,
    )


async def _found(session: AsyncSession, actor: Actor, run_id: UUID) -> Run:
    run = await session.scalar(queries.run(actor, run_id))
    if run is None:
        raise NotFound
    return run


async def _notebook(
    session: AsyncSession, actor: Actor, storage: Storage, run: Run
) -> bytes | None:
    found = await session.scalar(queries.artifact(actor, run.id, NOTEBOOK))
    if found is None:
        return None
    if found.size > MOST_BYTES:
        raise TooMany("A notebook of these runs is too large to compare; download both.")
    key = await artifacts.place(session, actor, found)
    return await asyncio.to_thread(_read, storage, key)


def _read(storage: Storage, key: str) -> bytes:
    with storage.read(key) as file:
        return file.read()


def _parameters(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[ParameterChange]:
    return [
        ParameterChange(name=name, value=left.get(name), other=right.get(name))
        for name in sorted({*left, *right})
        if left.get(name) != right.get(name)
    ]


def _named(run: Run) -> dict[str, Metric]:
    return {metric.name: metric for metric in run.metrics}


def _metrics(left: Mapping[str, Metric], right: Mapping[str, Metric]) -> list[MetricChange]:
    return [_metric(name, left.get(name), right.get(name)) for name in sorted({*left, *right})]


def _metric(name: str, old: Metric | None, new: Metric | None) -> MetricChange:
    known = new or old
    return MetricChange(
        name=name,
        unit=known.unit if known else None,
        value=old.value if old else None,
        other=new.value if new else None,
        ratio=new.value / old.value if old and new and _is_comparable(old, new) else None,
        budget=old.budget if old else None,
        other_budget=new.budget if new else None,
        crossed=_crossed(old, new) if old and new else None,
    )


def _is_comparable(old: Metric, new: Metric) -> bool:
    return old.value != 0 and old.unit == new.unit


def _crossed(old: Metric, new: Metric) -> Crossing | None:
    before, now = _is_over(old), _is_over(new)
    if before == now:
        return None
    return Crossing.EXCEEDED if now else Crossing.KEPT


def _is_over(metric: Metric) -> bool:
    return metric.budget is not None and metric.value > metric.budget
