"""The shapes of events, and of what a listener says first."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

MAX_LOGS = 20


class Opening(BaseModel):
    """What a listener says first: the last event that it got, and whose logs it wants.

    `logs` names runs, each with the position in its log from which on to tell.
    """

    model_config = ConfigDict(extra="forbid")

    last_id: UUID | None = None
    logs: dict[UUID, int] = Field(default_factory=dict, max_length=MAX_LOGS)


class Event(BaseModel):
    """Something that happened; `data` tells how what it concerns stands when it is told.

    An event with an id is told once and can be resumed from; one without is a newest state.
    """

    id: UUID | None = None
    topic: str
    data: dict[str, Any]
