"""What a dashboard reads, for the audit: one entry for each thing that its visitor did.

A dashboard reads as the reader, who can write nothing; the entry takes a session of the
application, and what cannot be noted is not shown.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from dashboards.visits import Visit
from workbench.audit import commands as audit


@dataclass(slots=True)
class Tally:
    """How many statements one interaction took, and how many rows of which datasets came back."""

    statements: int = 0
    rows: int = 0
    datasets: set[str] = field(default_factory=set)


# The tasks that an interaction starts count into its own tally, while others may be under way.
_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


@asynccontextmanager
async def noted(visit: Visit, dashboard: str, part: str) -> AsyncIterator[None]:
    """Note what is counted within the block, once it has ended well."""
    tally = Tally()
    token = _tally.set(tally)
    try:
        yield
    finally:
        _tally.reset(token)
    async with visit.house.database.session(visit.actor) as session:
        audit.record(
            session,
            visit.actor,
            "dashboard.read",
            f"dashboard {dashboard}",
            rows=tally.rows,
            part=part,
            statements=tally.statements,
            datasets=sorted(tally.datasets),
        )


def count(dataset: str, rows: int) -> None:
    """Count a statement that read rows of a dataset."""
    tally = _tally.get()
    if tally is not None:
        tally.statements += 1
        tally.rows += rows
        tally.datasets.add(dataset)
