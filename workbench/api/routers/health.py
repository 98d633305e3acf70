"""Whether this process lives, whether it can serve, and its figures."""

import asyncio
from typing import Literal

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from workbench.api.dependencies import Parts
from workbench.api.routes import PublicRoute
from workbench.db import schema
from workbench.db.session import Database
from workbench.errors import Detail, Unavailable

PATIENCE = 3.0
QUEUE_STATE = text("select waiting, running, workers from workbench.queue_state()")

log = structlog.stdlib.get_logger(__name__)
router = APIRouter(route_class=PublicRoute, tags=["health"])


class NotReady(Unavailable):
    """This process cannot serve now."""

    code = "not_ready"


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Everything that serving needs is there; `workers` counts those that gave a sign of life."""

    status: Literal["ok"] = "ok"
    revision: str
    workers: int


@router.get("/health/live")
async def live() -> Liveness:
    """Tell that the process answers; a restart helps when it does not."""
    return Liveness()


@router.get("/health/ready")
async def ready(parts: Parts) -> Readiness:
    """Tell that database, migrations and queue are as serving needs them; 503 names what is not."""
    place = "database"
    try:
        async with asyncio.timeout(PATIENCE), parts.database.app.connect() as connection:
            await connection.execute(text("select 1"))
            place = "migrations"
            revision = await connection.run_sync(schema.current)
            if revision is None or revision != schema.head():
                raise _not_ready(place, f"the database has {revision}, the code {schema.head()}")
            place = "queue"
            _, _, workers = await _counts(connection)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise _not_ready(place, "does not answer") from error
    return Readiness(revision=revision, workers=workers)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(parts: Parts) -> Response:
    """The figures of this process in Prometheus's text format."""
    parts.metrics.note_queue(await _queue_state(parts.database))
    return Response(parts.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _not_ready(place: str, message: str) -> NotReady:
    return NotReady(details=[Detail(place, message)])


async def _queue_state(database: Database) -> tuple[int, int, int] | None:
    try:
        async with asyncio.timeout(PATIENCE), database.app.connect() as connection:
            return await _counts(connection)
    except (SQLAlchemyError, OSError, TimeoutError):
        return None


async def _counts(connection: AsyncConnection) -> tuple[int, int, int]:
    row = (await connection.execute(QUEUE_STATE)).one()
    return row.waiting, row.running, row.workers
