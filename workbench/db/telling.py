"""How a transaction tells PostgreSQL who asks: in the round trip that begins it.

`begin` and the statement that tells the token go out together, in libpq's pipeline mode, so that
being told costs no round trip of its own. Where that does not succeed, whatever the reason, the
token is told by a statement like any other, which raises what there is to raise.
"""

from typing import Any, TypeAlias

import psycopg
from psycopg import IsolationLevel, generators, pq
from psycopg.abc import PQGen
from sqlalchemy import Connection, text

Driver: TypeAlias = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]

STATEMENT = (
    "select set_config('workbench.actor_token', {}, true), set_config('application_name', {}, true)"
)
TELL = text(STATEMENT.format(":token", ":name"))
BEGIN = b"begin"  # READ COMMITTED by default; in any other the token is refused
TELL_AFTER_BEGIN = STATEMENT.format("$1", "$2").encode()
PREPARED = b"workbench_tell"
SUCCEEDED = (
    pq.ExecStatus.COMMAND_OK,
    pq.ExecStatus.TUPLES_OK,
    pq.ExecStatus.PIPELINE_SYNC,
)


def tell(connection: Connection, token: str, name: str) -> None:
    """Tell the token and the name to the transaction that this connection begins or is in."""
    if not _begin(connection, token, name):
        connection.execute(TELL, {"token": token, "name": name})


def beginning(driver: Driver, token: str, name: str, *, is_prepared: bool) -> PQGen[bool]:
    """Begin a transaction that knows the token; answer whether all of it succeeded.

    Where the driver may prepare statements, this one is prepared once for each connection.
    """
    server = driver.pgconn
    server.enter_pipeline_mode()
    try:
        prepares = driver.prepare_threshold is not None
        values = [token.encode(), name.encode()]
        expected = _send(server, values, prepares=prepares, is_prepared=is_prepared)
        yield from generators.send(server)
        results: list[pq.abc.PGresult] = []
        for _ in range(expected):
            results += yield from generators.fetch_many(server)
    finally:
        leave_pipeline(server)
    return len(results) == expected and all(result.status in SUCCEEDED for result in results)


def _begin(connection: Connection, token: str, name: str) -> bool:
    """Begin a transaction that knows the token; answer False when there is none afterwards."""
    pooled = connection.connection
    driver: Any = pooled.driver_connection
    if not _is_ready(driver):
        return False
    # Others may drop every prepared statement of a connection: then nothing begins here, and the
    # next transaction prepares anew.
    is_prepared = connection.info.pop(PREPARED, False)
    talk = beginning(driver, token, name, is_prepared=is_prepared)
    try:
        if isinstance(driver, psycopg.AsyncConnection):
            dbapi: Any = pooled.dbapi_connection
            succeeded: bool = dbapi.run_async(lambda driver: _wait_async(driver, talk))
        else:
            succeeded = _wait(driver, talk)
    except psycopg.Error:
        return False
    if succeeded:
        connection.info[PREPARED] = True
    return succeeded


def _is_ready(driver: Driver) -> bool:
    """Whether the next statement would begin a transaction, and an ordinary one."""
    return (
        driver.pgconn.transaction_status == pq.TransactionStatus.IDLE
        and not driver.autocommit
        and driver.isolation_level in (None, IsolationLevel.READ_COMMITTED)
        and driver.read_only is None
        and driver.deferrable is None
    )


def _wait(driver: psycopg.Connection[Any], talk: PQGen[bool]) -> bool:
    with driver.lock:
        succeeded = driver.wait(talk)
    if not succeeded:
        driver.rollback()
    return succeeded


async def _wait_async(driver: psycopg.AsyncConnection[Any], talk: PQGen[bool]) -> bool:
    async with driver.lock:
        succeeded = await driver.wait(talk)
    if not succeeded:
        await driver.rollback()
    return succeeded


def _send(server: pq.abc.PGconn, values: list[bytes], *, prepares: bool, is_prepared: bool) -> int:
    """Queue what begins and tells; answer how many results there will be."""
    server.send_query_params(BEGIN, None)
    if not prepares:
        server.send_query_params(TELL_AFTER_BEGIN, values)
    else:
        if not is_prepared:
            server.send_prepare(PREPARED, TELL_AFTER_BEGIN)
        server.send_query_prepared(PREPARED, values)
    server.pipeline_sync()
    return 4 if prepares and not is_prepared else 3


def leave_pipeline(server: pq.abc.PGconn) -> None:
    """Leave the pipeline mode, or close a connection that cannot."""
    try:
        server.exit_pipeline_mode()
    except psycopg.OperationalError:
        server.finish()
