"""How Alembic runs the migrations: as the owner, one at a time, each in one transaction."""

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, pool, text

SCHEMA = "workbench"
ADVISORY_LOCK = 7_302_026  # any number that no other program on the server takes
QUEUE_TIMEOUT = "60s"  # for the migrations of another process to end
LOCK_TIMEOUT = "4s"  # a migration that waits for a lock makes everybody else wait behind it
STATEMENT_TIMEOUT = "60s"

REFUSAL = (
    "Autogenerate is off: it sees neither policies nor grants nor functions, so what it writes "
    "would leave a table open. Write the migration by hand; migrations/script.py.mako shows how."
)


def run() -> None:
    """Bring the database to the revision that was asked for."""
    if getattr(context.config.cmd_opts, "autogenerate", False):
        raise CommandError(REFUSAL)
    given = context.config.attributes.get("connection")
    if given is not None:
        _migrate(given)
        return
    engine = create_engine(_url(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        _migrate(connection)


def _url() -> str:
    url = context.config.get_main_option("sqlalchemy.url")
    if not url:
        raise CommandError("Use `workbench migrate`, which knows the owner's URL.")
    return url


def _migrate(connection: Connection) -> None:
    connection.execute(text(f"set lock_timeout = '{QUEUE_TIMEOUT}'"))
    connection.execute(text("select pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text(f"create schema if not exists {SCHEMA}"))
    connection.execute(text(f"set search_path = {SCHEMA}"))
    connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"set statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.commit()
    try:
        context.configure(
            connection=connection, version_table_schema=SCHEMA, transaction_per_migration=True
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
        connection.commit()


run()
