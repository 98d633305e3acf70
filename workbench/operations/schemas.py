"""The shapes of what the operator sees: figures of the platform, and nothing of a tenant's rows."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class TenantUse(_View):
    """A tenant and what it uses; runs are those ordered since midnight UTC, sizes are bytes.

    Where it has no quota of its own, `file_quota` is the one for everybody.
    """

    id: UUID
    slug: str
    name: str
    created_at: datetime
    suspended_at: datetime | None
    suspended_reason: str | None
    members: int
    runs: int
    failed: int
    waiting: int
    running: int
    file_bytes: int
    file_quota: int
    last_activity: datetime | None


class RowsHeld(_View):
    """How many rows of datasets a tenant has; their bytes follow from the width of some."""

    tenant_id: UUID
    rows_held: int
    row_bytes: int


class DayUse(_View):
    """What a tenant ordered on a day of UTC; `run_seconds` is the time of runs that have ended."""

    day: date
    tenant_id: UUID
    runs: int
    failed: int
    run_seconds: float
    imports: int
    rows_loaded: int


class Line(_View):
    """What waits and works in one queue for one tenant; null where it is the platform's own."""

    queue: str
    tenant_id: UUID | None
    waiting: int
    running: int
    waits_since: datetime | None


class Worker(_View):
    """What a worker said of itself last; `hands` are the runs it executes at once."""

    id: UUID
    name: str
    queues: list[str]
    hands: int
    busy: int
    warm: int
    warm_wanted: int
    started_at: datetime
    seen_at: datetime
    is_alive: bool


class FailedJob(_View):
    """A job that was given up; `reason` is the kind of error, where it is known."""

    id: int
    task: str
    queue: str
    tenant_id: UUID | None
    attempts: int
    reason: str | None
    failed_at: datetime | None


class FailedRuns(_View):
    """How many runs of a notebook came to the same bad end for a tenant."""

    tenant_id: UUID
    notebook: str
    outcome: str
    count: int
    last_at: datetime | None


class Post(_View):
    """Mail and messages of the outbox that wait, since when, and mail given up within a day."""

    mails: int
    mails_since: datetime | None
    given_up: int
    messages: int
    messages_since: datetime | None


class Work(_View):
    """What waits and works, how many jobs were given up, who works, and what waits to leave."""

    lines: list[Line]
    failed_jobs: int
    workers: list[Worker]
    post: Post


class Backends(_View):
    """Connections of one login by what they do now; `idle_in_transaction` hold locks."""

    login: str
    total: int
    active: int
    idle_in_transaction: int


class LongTransaction(_View):
    """A transaction that has lasted long: in which backend, of whom, since when."""

    pid: int
    login: str
    state: str | None
    since: datetime


class Size(_View):
    """How much of the database something takes, indexes included."""

    name: str
    bytes: int


class DatabaseView(_View):
    """The database: its size and the largest parts, connections, long transactions, revision."""

    version: str
    bytes: int
    sizes: list[Size]
    most_connections: int
    backends: list[Backends]
    long_transactions: list[LongTransaction]
    revision: str | None
    head: str | None
    statements_are_kept: bool


class Wellness(StrEnum):
    """How something is: well, worth a look, or broken."""

    WELL = "well"
    LOOK = "look"
    BROKEN = "broken"


class Check(_View):
    """One thing that serving needs: how it is, what was found, and what helps."""

    name: str
    state: Wellness
    says: str


class RetriedJob(_View):
    """A job that was put back into the queue."""

    id: int
    task: str
    tenant_id: UUID | None
