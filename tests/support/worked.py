"""What a worker does with a run, without a kernel."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from tests.support.left import leave
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.permissions import Permission
from workbench.runs import attempts
from workbench.runs.attempts import Attempt, Standing
from workbench.runs.schemas import MetricMessage, Status
from workbench.storage import Storage

NONE: Mapping[str, bytes] = MappingProxyType({})


async def work(  # noqa: PLR0913 (what a run may leave)
    database: Database,
    storage: Storage,
    tenant_id: UUID,
    run_id: UUID,
    *metrics: MetricMessage,
    commit: str | None = None,
    status: Status = Status.SUCCEEDED,
    files: Mapping[str, bytes] = NONE,
    said: str = "",
) -> None:
    """Take a run, keep its metrics, its files and what it said, and end it."""
    keeper = Actor.of_system("runs", Permission.RUN_READ, Permission.RUN_START, tenant_id=tenant_id)
    now = datetime.now(UTC)
    async with database.session(keeper) as session:
        run = await attempts.begin(session, keeper, run_id, now)
        attempt = Attempt(run_id, run.attempt)
        await attempts.note_version(session, keeper, attempt, commit=commit, notebook_hash="h" * 64)
        for metric in metrics:
            await attempts.record_metric(session, keeper, attempt, metric)
        if said:
            await attempts.tell(session, keeper, attempt, Standing(), said)
        for name, data in files.items():
            await leave(session, keeper, attempt, name, storage=storage, data=data)
        await attempts.finish(session, keeper, attempt, status, now)
