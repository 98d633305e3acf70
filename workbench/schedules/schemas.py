"""The shapes of schedules: what is ordered, what is changed, and what is shown."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, EmailStr, Field, StringConstraints

MOST_RECIPIENTS = 50
MOST_UPSTREAM = 10
MOST_MISSED = 24

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00]+$"),
]
NotebookName = Annotated[str, Field(max_length=63)]
Cron = Annotated[str, Field(max_length=100, description="Minute, hour, day, month and weekday.")]
Zone = Annotated[str, Field(max_length=64, description="A time zone such as Europe/Berlin.")]
CatchUp = Annotated[
    int,
    Field(ge=0, le=MOST_MISSED, description="How many missed slots run late: 0 skips them all."),
]


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


Address = Annotated[EmailStr, BeforeValidator(_lower)]
Recipients = Annotated[list[Address], Field(max_length=MOST_RECIPIENTS)]
Upstream = Annotated[list[UUID], Field(max_length=MOST_UPSTREAM)]


class NewSchedule(BaseModel):
    """The order of a schedule: of a clock (`cron`), or of a chain (`after`)."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    notebook: NotebookName
    parameters: dict[str, Any] = Field(default_factory=dict)
    cron: Cron | None = None
    time_zone: Zone = "UTC"
    after: Upstream = Field(default_factory=list)
    catch_up: CatchUp = 1
    recipients: Recipients = Field(default_factory=list)


class ScheduleChange(BaseModel):
    """What of a schedule is to be another; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    parameters: dict[str, Any] | None = None
    cron: Cron | None = None
    time_zone: Zone | None = None
    after: Upstream | None = None
    catch_up: CatchUp | None = None
    recipients: Recipients | None = None


class ScheduleView(BaseModel):
    """A schedule as it leaves the house; `next_at` is null while it is paused, and of a chain."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    notebook: str
    parameters: dict[str, Any]
    cron: str | None
    time_zone: str
    after: list[UUID]
    catch_up: int
    recipients: list[str]
    owner_id: UUID
    next_at: datetime | None
    paused_at: datetime | None
    paused_reason: str | None
    created_at: datetime
    changed_at: datetime


class TickView(BaseModel):
    """What a slot came to for one person: a run, or the reason why there is none."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    slot: datetime
    user_id: UUID
    run_id: UUID | None
    is_report: bool
    reason: str | None
    mailed_at: datetime | None
    created_at: datetime
