"""What a page of rows is measured against: FastAPI, SQLAlchemy and Pydantic as templates write it.

It asks nobody who they are, has no tenants and notes nothing.
"""

import os
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, DateTime, select
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What the table is built from."""

    type_annotation_map = {int: BigInteger, datetime: DateTime(timezone=True)}  # noqa: RUF012


class Flight(Base):
    """A flight, with the columns that a page shows."""

    __tablename__ = "flights"
    __table_args__ = {"schema": "plain"}  # noqa: RUF012 (SQLAlchemy's own form)

    row_id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int | None]
    month: Mapped[int | None]
    day: Mapped[int | None]
    dep_time: Mapped[int | None]
    sched_dep_time: Mapped[int | None]
    dep_delay: Mapped[int | None]
    arr_time: Mapped[int | None]
    sched_arr_time: Mapped[int | None]
    arr_delay: Mapped[int | None]
    carrier: Mapped[str | None]
    flight: Mapped[int | None]
    tailnum: Mapped[str | None]
    origin: Mapped[str | None]
    dest: Mapped[str | None]
    air_time: Mapped[int | None]
    distance: Mapped[int | None]
    hour: Mapped[int | None]
    minute: Mapped[int | None]
    time_hour: Mapped[datetime | None]


class FlightView(BaseModel):
    """A flight as it leaves the house."""

    model_config = ConfigDict(from_attributes=True)

    row_id: int
    year: int | None
    month: int | None
    day: int | None
    dep_time: int | None
    sched_dep_time: int | None
    dep_delay: int | None
    arr_time: int | None
    sched_arr_time: int | None
    arr_delay: int | None
    carrier: str | None
    flight: int | None
    tailnum: str | None
    origin: str | None
    dest: str | None
    air_time: int | None
    distance: int | None
    hour: int | None
    minute: int | None
    time_hour: datetime | None


class FlightPage(BaseModel):
    """Some flights, and where the next ones begin."""

    items: list[FlightView]
    next_cursor: int | None


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for one request."""
    async with request.app.state.sessions() as opened:
        yield opened


def make(url: str) -> FastAPI:
    """The application over one database."""
    app = FastAPI()
    engine = create_async_engine(url, pool_size=10)
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)

    @app.get("/flights")
    async def flights(
        session: Annotated[AsyncSession, Depends(session)],
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        after: int | None = None,
    ) -> FlightPage:
        statement = select(Flight).order_by(Flight.row_id).limit(limit + 1)
        if after is not None:
            statement = statement.where(Flight.row_id > after)
        found = (await session.scalars(statement)).all()
        items = [FlightView.model_validate(flight) for flight in found[:limit]]
        return FlightPage(items=items, next_cursor=items[-1].row_id if len(found) > limit else None)

    return app


if __name__ == "__main__":
    uvicorn.run(
        make(os.environ["PLAIN_DATABASE_URL"]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=False,
        log_level="warning",
    )
