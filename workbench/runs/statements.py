"""The statements that a run of the performance profile explained: how long each took, and how."""

import asyncio
import csv
import io
import json
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.permissions import Permission
from workbench.runs import artifacts, queries
from workbench.storage import Storage

PROFILE = "performance_profile"
NAME = "statements.csv"
MOST_BYTES = 8 * 1024**2
MOST_DEPTH = 40


class Step(BaseModel):
    """A step of a plan with those that it works on; times and rows are those of all its loops."""

    kind: str = Field(max_length=100)
    relation: str = Field(default="", max_length=200)
    rows: float = 0
    milliseconds: float = 0
    blocks: int = 0
    steps: list["Step"] = Field(default_factory=list)


class Explained(BaseModel):
    """A statement as it was sent, and what its plan took; without steps it is told as text."""

    question: str
    number: int
    rows: float
    milliseconds: float
    blocks: int
    sql: str
    plan: str
    steps: Step | None = None


async def explained(
    session: AsyncSession, actor: Actor, storage: Storage, run_id: UUID
) -> list[Explained]:
    """The statements of a run, the slowest first; none where the run has left none."""
    actor.require_somewhere(Permission.RUN_READ)
    found = await session.scalar(queries.artifact(actor, run_id, NAME))
    if found is None or found.size > MOST_BYTES:
        return []
    key = await artifacts.place(session, actor, found)
    rows = read(await asyncio.to_thread(_text, storage, key))
    audit.record(session, actor, "artifact.read", f"run {run_id}", run_id=run_id, name=NAME)
    return sorted(rows, key=lambda each: -each.milliseconds)


def read(text: str) -> list[Explained]:
    """Read the file; a line that is none of ours is left out."""
    found = []
    for line in csv.DictReader(io.StringIO(text)):
        try:
            found.append(Explained.model_validate({**line, "steps": _steps(line.get("steps"))}))
        except (ValidationError, ValueError, RecursionError):
            continue
    return found


def _steps(written: str | None) -> Any:
    found = json.loads(written) if written else None
    return found if _depth(found) <= MOST_DEPTH else None


def _depth(found: Any) -> int:
    if not isinstance(found, dict) or not isinstance(found.get("steps"), list):
        return 0
    return 1 + max((_depth(step) for step in found["steps"]), default=0)


def _text(storage: Storage, key: str) -> str:
    with storage.read(key) as file:
        return file.read(MOST_BYTES).decode(errors="replace")
