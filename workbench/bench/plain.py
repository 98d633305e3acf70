"""The plain side: the same rows in tables that know no tenants, and the plain ways to fill them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import psycopg
from psycopg import sql
from sqlalchemy import create_engine, make_url

from workbench.bench import flights
from workbench.bench.world import World

SCHEMA = "plain"
LIKE = sql.SQL(
    "create table plain.{} (like {} including identity, primary key (tenant_id, row_id))"
)
FIXED = sql.SQL(
    "alter table plain.{} alter tenant_id set default {tenant}, "
    "alter import_id set default {tenant}"
)
COPY = sql.SQL("copy plain.{} ({}) from stdin (format csv, header, null 'NA')")
# What a page is measured against: a key, the columns that people see, and nothing else.
BARE = sql.SQL("create table plain.flights as select row_id, {} from {}")
BLOCK = 1024 * 1024


@contextmanager
def connected(world: World) -> Iterator[psycopg.Connection]:
    """A connection that no policy binds; every statement is a transaction of its own."""
    with psycopg.connect(world.witness, autocommit=True) as connection:
        yield connection


def found(world: World) -> None:
    """Make the tables that COPY and pandas fill: columns and key are those of the dataset."""
    with connected(world) as connection:
        connection.execute("create schema plain")
        for name in ("copied", "framed"):
            table = sql.Identifier(name)
            tenant = sql.Literal(str(world.actor.tenant_id))
            connection.execute(LIKE.format(table, _dataset(world)))
            connection.execute(FIXED.format(table, tenant=tenant))


def empty(world: World) -> None:
    """Leave no row in the dataset, nor in the tables beside it."""
    with connected(world) as connection:
        connection.execute(
            sql.SQL("truncate {}, plain.copied, plain.framed").format(_dataset(world))
        )


def copy(world: World, path: Path) -> None:
    """Have PostgreSQL copy a file, as it is, in one transaction."""
    statement = COPY.format(sql.Identifier("copied"), columns())
    with (
        connected(world) as connection,
        connection.cursor() as cursor,
        path.open("rb") as file,
        cursor.copy(statement) as copying,
    ):
        while block := file.read(BLOCK):
            copying.write(block)


def to_sql(world: World, path: Path) -> None:
    """Read a file with pandas, and write it with pandas."""
    url = make_url(world.witness).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    frame = pd.read_csv(path, na_values=["NA"], keep_default_na=False)
    frame["time_hour"] = pd.to_datetime(frame["time_hour"], utc=True)
    frame.to_sql("framed", engine, schema=SCHEMA, if_exists="append", index=False)
    engine.dispose()


def mirror(world: World) -> None:
    """Put the dataset's rows into a plain table too, and look at all tables as autovacuum does."""
    with connected(world) as connection:
        connection.execute("drop table if exists plain.flights")
        connection.execute(BARE.format(columns(), _dataset(world)))
        connection.execute("alter table plain.flights add primary key (row_id)")
        connection.execute("vacuum analyze plain.flights")
        connection.execute(sql.SQL("vacuum analyze {}").format(_dataset(world)))


def _dataset(world: World) -> sql.Identifier:
    return sql.Identifier(*world.table.split("."))


def columns() -> sql.Composed:
    """The columns that people see, as SQL lists them."""
    return sql.SQL(", ").join(map(sql.Identifier, flights.columns()))
