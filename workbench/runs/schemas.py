"""The shapes of runs: what is ordered, what is shown, and what a kernel may say."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter

MIME = "application/vnd.workbench.message+json"
MAX_ARTIFACT_BYTES = 16 * 1024 * 1024
MEDIA_TYPES = {
    "csv": "text/csv",
    "joblib": "application/octet-stream",  # models are kept and handed out, and never loaded
    "json": "application/json",
    "onnx": "application/octet-stream",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}
ARTIFACT_NAME = rf"^[a-z0-9][a-z0-9_-]{{0,79}}\.({'|'.join(MEDIA_TYPES)})$"
MAX_AFTER = 20  # runs that one waits for
MAX_READ = 4000  # characters of a query that a message tells
METRIC_NAME = r"^[a-z][a-z0-9_]{0,62}$"


class Status(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"  # a run that it waited for has not succeeded


class Waits(StrEnum):
    """What a run waits for: a turn, a slot of its tenant's, other runs, a next try, or a worker."""

    TURN = "turn"
    TENANT = "tenant_at_work"
    OTHERS = "other_runs"
    TRIED_AGAIN = "tried_again_later"
    WORKER = "no_worker"


class Place(BaseModel):
    """Where a run stands that waits; nothing is said of one that does not."""

    ahead: int | None = None
    waits: Waits | None = None


class NewRun(BaseModel):
    """The order of a run; it starts when all runs that `after` names have succeeded."""

    model_config = ConfigDict(extra="forbid")

    notebook: str = Field(max_length=63)
    parameters: dict[str, Any] = Field(default_factory=dict)
    after: list[UUID] = Field(default_factory=list, max_length=MAX_AFTER)


class Clone(BaseModel):
    """The order of a run like another one; the parameters named here take the place of its own."""

    model_config = ConfigDict(extra="forbid")

    parameters: dict[str, Any] = Field(default_factory=dict)


class RunView(BaseModel):
    """A run as it leaves the house; `progress`, as its notebook tells it, lies between 0 and 1.

    `cells` counts those with code, `cells_done` those of them that were executed, and `cell_title`
    is the heading above the one at work.
    `retried` counts the tries since it was ordered, and one that waits is not tried before
    `due_at`. What it waits for, and how many are `ahead` of it in its tenant, a list leaves out.
    `commit` is what the worker was started from, `notebook_hash` the SHA-256 of the notebook's file
    as its last attempt has executed it; both are null before, and without git the first is.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    notebook: str
    parameters: dict[str, Any]
    status: Status
    queue: Literal["interactive", "batch"]
    priority: int
    after: list[UUID]
    attempt: int
    retries: int
    retried: int
    due_at: datetime
    ahead: int | None = None
    waits: Waits | None = None
    progress: float | None
    cells: int | None
    cells_done: int | None
    cell_title: str | None
    error: str | None
    commit: str | None
    notebook_hash: str | None
    requested_by: UUID
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deleted_at: datetime | None


class AttemptView(BaseModel):
    """One try at a run; `lost` means that its worker fell silent, `released` that it stopped."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    worker: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error: str | None


class LogView(BaseModel):
    """What a run printed after a position; ask for more `after` the `position` that it tells.

    `is_cut` tells that something before the text is kept no more.
    """

    text: str
    position: int
    is_cut: bool


class MetricView(BaseModel):
    """A figure that a run measured."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    value: float
    unit: str | None
    budget: float | None


class FigureView(BaseModel):
    """What one run of a notebook measured under a name, and what it executed."""

    model_config = ConfigDict(from_attributes=True)

    run_id: UUID
    created_at: datetime
    status: Status
    commit: str | None
    notebook_hash: str | None
    value: float
    unit: str | None
    budget: float | None


class ArtifactView(BaseModel):
    """A file that a run left behind; `size` counts bytes."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    media_type: str
    size: int
    created_at: datetime


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MetricMessage(_Message):
    """A kernel measured something."""

    kind: Literal["metric"] = "metric"
    name: str = Field(pattern=METRIC_NAME)
    value: FiniteFloat
    unit: str | None = Field(default=None, max_length=20, pattern=r"^[^\x00]*$")
    budget: FiniteFloat | None = None


class ProgressMessage(_Message):
    """A kernel has done some of its work."""

    kind: Literal["progress"] = "progress"
    done: FiniteFloat = Field(ge=0)
    total: FiniteFloat = Field(gt=0)


class ReadMessage(_Message):
    """A kernel read rows, or tried to; `values` are those bound to the text, as JSON."""

    kind: Literal["read"] = "read"
    text: str = Field(max_length=MAX_READ)
    values: str = Field(default="", max_length=MAX_READ)
    rows: int | None = Field(default=None, ge=0, lt=2**63)
    outcome: str = Field(default="succeeded", pattern=r"^[a-z_]{1,40}$")


class ArtifactMessage(_Message):
    """A kernel publishes a file; `data` is base64, and the name's ending tells the type."""

    kind: Literal["artifact"] = "artifact"
    name: str = Field(pattern=ARTIFACT_NAME)
    data: str = Field(max_length=MAX_ARTIFACT_BYTES * 4 // 3 + 4)


Message = Annotated[
    MetricMessage | ProgressMessage | ReadMessage | ArtifactMessage, Field(discriminator="kind")
]
MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
