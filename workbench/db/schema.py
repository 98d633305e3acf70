"""The schema's revisions: bring a database to the newest one, and tell which one it has."""

import threading
from datetime import datetime
from functools import cache
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, pool, text

from workbench.db import roles
from workbench.db.isolation import ActorKey
from workbench.settings import ROOT

# Alembic keeps what it works on in a module: of two upgrades at once, one would touch the other's.
ONE_AT_A_TIME = threading.Lock()
# The rights of the database itself are in no dump, so a restored one has PostgreSQL's own.
CLOSE = text(
    "do $$ begin execute format("
    "'revoke temporary, create on database %I from public', current_database()); end $$"
)


def config(connection: Connection | None = None) -> Config:
    """What Alembic needs to know."""
    alembic = Config()
    alembic.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    alembic.attributes["connection"] = connection
    return alembic


@cache
def head() -> str | None:
    """The newest revision that the code brings."""
    return ScriptDirectory.from_config(config()).get_current_head()


def current(connection: Connection) -> str | None:
    """The revision that the database has."""
    context = MigrationContext.configure(connection, opts={"version_table_schema": "workbench"})
    return context.get_current_revision()


def upgrade(owner: URL, secrets: tuple[str, ...], passwords: dict[str, str]) -> None:
    """Make roles, migrate to the newest revision and install the actor keys, as the owner."""
    engine = create_engine(owner, poolclass=pool.NullPool)
    with engine.connect() as connection:
        with connection.begin():
            driver: Any = connection.connection.driver_connection
            roles.ensure(driver, passwords)
        with ONE_AT_A_TIME:
            command.upgrade(config(connection), "head")
        with connection.begin():
            connection.execute(CLOSE)
            install_keys(connection, secrets)
            connection.execute(text("grant select on workbench.alembic_version to workbench_app"))


def key_ages(connection: Connection) -> dict[str, datetime]:
    """The keys that PostgreSQL accepts, by their public names, and since when."""
    rows = connection.execute(text("select kid, created_at from workbench.key_ages()"))
    return {row.kid: row.created_at for row in rows}


def install_keys(connection: Connection, secrets: tuple[str, ...]) -> None:
    """Let PostgreSQL accept tokens signed with these secret keys, and with no others."""
    actor_keys = [ActorKey(secret) for secret in secrets]
    connection.execute(
        text("delete from workbench_private.actor_keys where kid <> all(:kids)"),
        {"kids": [key.kid for key in actor_keys]},
    )
    connection.execute(
        text(
            "insert into workbench_private.actor_keys (kid, header, inner_pad, outer_pad) "
            "values (:kid, :header, :inner, :outer) on conflict do nothing"
        ),
        [
            {"kid": key.kid, "header": key.header, "inner": key.inner, "outer": key.outer}
            for key in actor_keys
        ],
    )
