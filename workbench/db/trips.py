"""One statement of one actor in a transaction of its own, in a single round trip.

The token and the statement go out together, in libpq's pipeline mode, on a connection that is kept
for this alone. What goes out together is one transaction, of READ COMMITTED, without being told to
begin and to commit. What fails is raised, and nothing of it has happened.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import generators, pq
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.waiting import Ready
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import URL, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from workbench.db.telling import SUCCEEDED, TELL_AFTER_BEGIN, leave_pipeline

DIALECT = PGDialect_psycopg(paramstyle="numeric_dollar")
MOST_KEPT = 200  # statements that the server keeps for one connection
WAIT_SECONDS = 5.0
IDLE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Sentence:
    """A statement as PostgreSQL reads it, `$1` in the place of a value, and its usual values."""

    text: bytes
    names: Sequence[str]
    values: dict[str, Any]

    def of(self, **values: Any) -> list[Any]:
        """The values in their places, some of them others than usual."""
        return [values[name] if name in values else self.values[name] for name in self.names]


def sentence(statement: Select[*tuple[Any, ...]], schemas: dict[str, str]) -> Sentence:
    """Write a statement out; `schemas` names the schemas that stand for others."""
    written: Any = statement.compile(
        dialect=DIALECT,
        schema_translate_map=schemas,
        render_schema_translate=True,
        compile_kwargs={"render_postcompile": True},
    )
    return Sentence(str(written).encode(), tuple(written.positiontup), dict(written.params))


class Line(psycopg.AsyncConnection[Any]):
    """A connection that knows the names of the statements that the server keeps for it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        """Know none yet."""
        super().__init__(*given, **named)
        self.kept: dict[bytes, bytes] = {}
        self.counted = 0


class Trips:
    """The connections of one process for round trips."""

    def __init__(self, url: URL, size: int, **options: Any) -> None:
        """Connect to nothing yet; `options` are those of the driver's connections."""
        self._pool: AsyncConnectionPool[Line] = AsyncConnectionPool(
            url.set(drivername="postgresql").render_as_string(hide_password=False),
            connection_class=Line,
            kwargs={"autocommit": True, **options},
            min_size=0,
            max_size=size,
            max_idle=IDLE_SECONDS,
            timeout=WAIT_SECONDS,
            configure=_configure,
            open=False,
        )

    async def take(
        self, token: str, name: str, said: Sentence, values: Sequence[Any]
    ) -> pq.abc.PGresult:
        """The result of a statement, each cell as the text that PostgreSQL writes."""
        if self._pool.closed:
            await self._pool.open()
        line = await self._pool.getconn()
        try:
            dumped = Transformer(line).dump_sequence(values, [PyFormat.TEXT] * len(values))
            orders = (
                (TELL_AFTER_BEGIN, [token.encode(), name.encode()]),
                (said.text, dumped),
            )
            result = await _talk(line, orders)
            if len(line.kept) > MOST_KEPT:
                await line.close()  # and the pool opens another, which keeps none
        finally:
            await self._pool.putconn(line)
        return result

    async def close(self) -> None:
        """Give back every connection."""
        await self._pool.close()


async def _configure(line: Line) -> None:
    """Plan each statement once: what it costs to plan is more than what values could tell."""
    if line.prepare_threshold is not None:
        await line.execute("set plan_cache_mode = force_generic_plan")


async def _talk(line: Line, orders: Sequence[tuple[bytes, Sequence[Any]]]) -> pq.abc.PGresult:
    """Do everything in one transaction and answer the result of the last order."""
    server = line.pgconn
    server.enter_pipeline_mode()
    try:
        fresh = dict(filter(None, [_send(line, *order) for order in orders]))
        server.pipeline_sync()
        await line.wait(generators.send(server))
        results = await _heard(server, len(orders) + len(fresh) + len(("sync",)))
    finally:
        leave_pipeline(server)
    for result in results:
        if result.status not in SUCCEEDED:
            raise psycopg.errors.error_from_result(result)
    line.kept |= fresh
    return results[-2]


async def _heard(server: pq.abc.PGconn, expected: int) -> list[pq.abc.PGresult]:
    """As many results as are expected; the socket is watched once until all are there."""
    loop, socket, heard = asyncio.get_running_loop(), server.socket, asyncio.Event()
    hearing = _hear(server, expected)
    loop.add_reader(socket, heard.set)
    try:
        next(hearing)
        while True:
            await heard.wait()
            heard.clear()
            hearing.send(Ready.R)
    except StopIteration as end:
        results: list[pq.abc.PGresult] = end.value
        return results
    finally:
        loop.remove_reader(socket)


def _hear(server: pq.abc.PGconn, expected: int) -> PQGen[list[pq.abc.PGresult]]:
    results: list[pq.abc.PGresult] = []
    for _ in range(expected):
        results += yield from generators.fetch_many(server)
    return results


def _send(line: Line, text: bytes, values: Sequence[Any]) -> tuple[bytes, bytes] | None:
    """Queue a statement; answer the text and the name of one that the server is to keep."""
    if line.prepare_threshold is None:
        line.pgconn.send_query_params(text, values)
        return None
    if text in line.kept:
        line.pgconn.send_query_prepared(line.kept[text], values)
        return None
    line.counted += 1
    name = b"workbench_trip_%d" % line.counted
    line.pgconn.send_prepare(name, text)
    line.pgconn.send_query_prepared(name, values)
    return text, name
