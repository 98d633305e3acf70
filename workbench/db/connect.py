"""From settings to a database: embedded or given, with the addresses of every role."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import URL, create_engine, pool

from workbench.db import guard, keys, roles, schema
from workbench.db.embedded import Embedded
from workbench.db.isolation import ActorKey
from workbench.db.session import Database, Logins
from workbench.errors import Invalid, Unavailable
from workbench.settings import Settings, driver_url


def embedded(settings: Settings) -> Embedded:
    """The server in the home of these settings."""
    return Embedded(settings.prepared_home() / "postgres")


def logins(settings: Settings) -> Logins:
    """The addresses of the roles that Workbench connects as."""
    return Logins(*(login_url(settings, role) for role in roles.LOGINS))


def login_url(settings: Settings, role: str) -> URL:
    """The address for one role; its password is derived unless a setting gives it."""
    password = keys.password(settings.role_secret, role)
    if settings.database_url is None:
        return embedded(settings).url(role, password)
    given = {
        roles.APP: settings.database_url,
        roles.READER: settings.reader_url,
        roles.WORKER: settings.worker_url,
        roles.OWNER: settings.owner_url,
    }.get(role)
    if given is not None:
        return driver_url(given)
    if role == roles.OWNER:
        raise Invalid("Set WORKBENCH_OWNER_URL to the role that owns the tables.")
    return driver_url(settings.database_url).set(username=role, password=password)


def migrate(settings: Settings) -> None:
    """Bring the database to the newest revision, and make it first in the embedded mode."""
    owner = login_url(settings, roles.OWNER)
    if settings.is_embedded:
        embedded(settings).ensure_database(str(owner.password))
    passwords = {role: str(login_url(settings, role).password) for role in roles.LOGINS}
    schema.upgrade(owner, settings.secret_keys, passwords)
    if settings.is_embedded:
        embedded(settings).harden()


@contextmanager
def server(settings: Settings) -> Iterator[None]:
    """Keep the embedded server running, where there is one."""
    if not settings.is_embedded:
        yield
        return
    running = embedded(settings)
    running.start()
    try:
        yield
    finally:
        running.stop()


def database(settings: Settings) -> Database:
    """The database of these settings; nothing connects yet."""
    return Database(logins(settings), settings.secret_keys[0])


def check(settings: Settings) -> list[str]:
    """Raise unless the database is migrated and its roles are bound by every policy.

    Answers what readers can still do that only a superuser can take away.
    """
    engine = create_engine(logins(settings).app, poolclass=pool.NullPool)
    with engine.connect() as connection:
        guard.check(connection)
        current, head = schema.current(connection), schema.head()
        if current != head:
            raise Unavailable(
                f"The database is at revision {current}, the code needs {head}: "
                "run `workbench migrate`."
            )
        if ActorKey(settings.secret_keys[0]).kid not in schema.key_ages(connection):
            raise Unavailable(
                "PostgreSQL does not accept the key that signs: run `workbench migrate`."
            )
        return guard.left_open(connection)


def key_ages(settings: Settings) -> dict[str, datetime]:
    """The keys that PostgreSQL accepts, by their public names, and since when."""
    engine = create_engine(logins(settings).app, poolclass=pool.NullPool)
    with engine.connect() as connection:
        return schema.key_ages(connection)


def run_as_owner(settings: Settings, statement: str) -> None:
    """Run a statement of ours as the owner of the tables, outside of any transaction."""
    engine = create_engine(login_url(settings, roles.OWNER), poolclass=pool.NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)


def accept(settings: Settings, secrets: tuple[str, ...]) -> None:
    """Let PostgreSQL accept what these secret keys sign, and nothing else."""
    engine = create_engine(login_url(settings, roles.OWNER), poolclass=pool.NullPool)
    with engine.begin() as connection:
        schema.install_keys(connection, secrets)
