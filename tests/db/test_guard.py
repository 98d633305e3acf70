"""The start-up guard refuses what would not keep tenants apart (R30, R31, O8)."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, create_engine, pool

from workbench.db import connect, guard, roles
from workbench.db.embedded import Embedded
from workbench.db.guard import Unguarded
from workbench.settings import Settings


def check(url: URL) -> list[str]:
    """Run the guard as a role, and answer what it would only warn of."""
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        guard.check(connection)
        return guard.left_open(connection)


@pytest.fixture
def superuser(migrated: Embedded) -> Iterator[psycopg.Connection]:
    """The bootstrap user, who can break things for a moment."""
    with migrated.superuser("workbench") as connection:
        yield connection


@pytest.fixture
def app(settings: Settings, migrated: Embedded) -> URL:
    """The application's address."""
    del migrated
    return connect.logins(settings).app


def test_the_logins_may_serve(settings: Settings, app: URL) -> None:
    """The application and the readers pass, and nothing is left open on our own server."""
    assert check(app) == []
    assert check(connect.logins(settings).reader) == []


def test_the_owner_may_not(settings: Settings, migrated: Embedded) -> None:
    """Who owns the tables could lift their policies."""
    del migrated
    with pytest.raises(Unguarded, match="owner of the tables"):
        check(connect.login_url(settings, roles.OWNER))


@pytest.mark.parametrize(
    ("give", "take", "words"),
    [
        ("superuser", "nosuperuser", "sees past"),
        ("bypassrls", "nobypassrls", "sees past"),
        ("createrole", "nocreaterole", "make roles"),
        ("createdb", "nocreatedb", "make roles or databases"),
    ],
)
def test_a_mighty_role_may_not(
    superuser: psycopg.Connection, app: URL, give: str, take: str, words: str
) -> None:
    """A login that was given more than it needs is refused, until it is taken away."""
    role = sql.Identifier(roles.APP)
    superuser.execute(sql.SQL("alter role {} {}").format(role, sql.SQL(give)))
    try:
        with pytest.raises(Unguarded, match=words):
            check(app)
    finally:
        superuser.execute(sql.SQL("alter role {} {}").format(role, sql.SQL(take)))
    check(app)


@pytest.mark.parametrize(
    ("harm", "mend", "words"),
    [
        ("create role mighty superuser; grant mighty to workbench_app", "drop role mighty",
         "owner of the tables"),
        ("alter table workbench.runs no force row level security",
         "alter table workbench.runs force row level security", "not forced on workbench.runs"),
        ("alter table workbench.users disable row level security",
         "alter table workbench.users enable row level security", "not forced on workbench.users"),
        ("create table workbench.forgotten (tenant_id uuid)", "drop table workbench.forgotten",
         "not forced on workbench.forgotten"),
        ("grant create on schema public to workbench_app",
         "revoke create on schema public from workbench_app", "make objects in public"),
        ("grant create on schema data to public", "revoke create on schema data from public",
         "make objects in data"),
        ("grant temporary on database workbench to public",
         "revoke temporary on database workbench from public", "temporary tables"),
    ],
)  # fmt: skip
def test_an_open_database_is_not_served(
    superuser: psycopg.Connection, app: URL, harm: str, mend: str, words: str
) -> None:
    """Each hole is named, and once it is closed the application may serve."""
    superuser.execute(harm)
    try:
        with pytest.raises(Unguarded, match=words):
            check(app)
    finally:
        superuser.execute(mend)
    check(app)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (150014, "PostgreSQL 15 is too old"),
        (160009, "16.9 has a hole .* update to 16.10"),
        (170005, "17.5 has a hole .* update to 17.6"),
    ],
)
def test_an_old_server_is_refused(number: int, words: str) -> None:
    """Versions whose planner showed what policies hide are named with the first good one."""
    with pytest.raises(Unguarded, match=words):
        guard._check_version(number)


@pytest.mark.parametrize("number", [160010, 160014, 170006, 180000, 180004, 190000])
def test_a_mended_server_is_served(number: int) -> None:
    """The first minor without the hole passes, and what comes after."""
    guard._check_version(number)


@pytest.mark.parametrize(
    ("give", "take", "name"),
    [
        ("grant execute on function lo_create(oid) to public",
         "revoke execute on function lo_create(oid) from public", "large objects"),
        ("grant select on pg_stat_activity to public",
         "revoke select on pg_stat_activity from public", "the activity of others"),
        ("grant usage on language plpgsql to public",
         "revoke usage on language plpgsql from public", "DO blocks"),
        ("grant execute on function pg_advisory_lock(bigint) to public",
         "revoke execute on function pg_advisory_lock(bigint) from public", "advisory locks"),
    ],
)  # fmt: skip
def test_what_only_a_superuser_closes_is_told(
    superuser: psycopg.Connection, app: URL, give: str, take: str, name: str
) -> None:
    """A server that was not hardened is served, and said to be open."""
    superuser.execute(give)
    try:
        assert check(app) == [name]
    finally:
        superuser.execute(take)
    assert check(app) == []
