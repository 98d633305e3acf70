"""The shapes of an explanation: what a member may do, where it comes from, and the proof of it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from workbench.access.schemas import Kind

State = Literal["active", "disabled", "suspended"]
Extent = Literal["whole", "part", "none"]


class Source(BaseModel):
    """What gives a permission: a role of the system or the tenant, a grant, or having made it.

    `role` names the role through which a grant comes, where it is not the member's own.
    """

    kind: Literal["system_role", "role", "grant", "maker"]
    id: UUID | None
    role: str | None


class Part(BaseModel):
    """A grant that shows part of a dataset; `shows` tells whether the row in question is in it.

    `shows` is null where no row is asked for, or where who asks may not see the row himself.
    """

    grant_id: UUID
    role: str | None
    filter: dict[str, Any] | None
    masks: dict[str, str]
    shows: bool | None = None


class Person(BaseModel):
    """Whose access it is, and whether he may act at all."""

    id: UUID
    user_id: UUID
    email: str
    name: str
    role: str
    roles: list[str]
    state: State
    since: datetime | None


class Held(BaseModel):
    """A permission that PostgreSQL says is held, everywhere or on one target, and its sources."""

    permission: str
    kind: Kind | None
    target: str | None
    sources: list[Source]


class Reached(BaseModel):
    """A dataset: how much of it the member sees, counted as that member."""

    name: str
    listed: bool
    extent: Extent
    rows: int
    writable: bool
    masked: list[str]
    sources: list[Source]
    parts: list[Part]


class Reach(BaseModel):
    """Which dashboards or notebooks: all of them, or those named."""

    everywhere: bool
    names: list[str]


class Access(BaseModel):
    """All that a member can reach, and where each part of it comes from."""

    member: Person
    permissions: list[Held]
    datasets: list[Reached]
    dashboards: Reach
    notebooks: Reach
    runs: Reach


class Proof(BaseModel):
    """What PostgreSQL was asked as the member, what it answered, and how it looked it up."""

    statement: str
    answer: bool | int | None
    plan: Any


class Explanation(BaseModel):
    """Whether a member may do one thing, what decided it, and the proof."""

    member: Person
    permission: str
    kind: Kind | None
    target: str | None
    row: int | None
    allowed: bool
    extent: Extent
    because: str
    sources: list[Source]
    parts: list[Part]
    proof: Proof | None
