"""Round trips: all that goes out together is one transaction, which leaves nothing behind."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from workbench.actor import Actor
from workbench.db import roles
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.db.trips import Sentence

DEFERRED = f"""
create schema deferred;
create table deferred.one (number integer unique deferrable initially deferred);
insert into deferred.one values (1);
grant usage on schema deferred to {roles.APP};
grant select, insert on deferred.one to {roles.APP};
"""
TOLD = "select nullif(current_setting('workbench.actor_token', true), '') is not null"


@pytest.fixture
async def narrow(database: Database) -> AsyncIterator[Database]:
    """The database through one connection."""
    narrow = Database(database.logins, database.key.secret, pool_size=1)
    yield narrow
    await narrow.close()


async def _ask(
    database: Database, actor: Actor, text: str, *values: Any, token: str = ""
) -> bytes | None:
    said = Sentence(text.encode(), (), {})
    result = await database.trip(actor, token, said, values)
    return result.get_value(0, 0) if result.ntuples else None


async def test_the_token_is_told_for_one_trip(narrow: Database, actor: Actor) -> None:
    """The statement knows who asks, and the next one on the same connection does not."""
    for _ in range(2):
        assert await _ask(narrow, actor, TOLD, token=narrow.key.mint(actor)) == b"t"
        assert await _ask(narrow, actor, TOLD, token="") == b"f"


async def test_a_value_of_any_length_goes_out(narrow: Database, actor: Actor) -> None:
    """What does not fit into the socket at once is sent as PostgreSQL takes it, twice in a row."""
    for length in (5_000_000, 7_000_000):
        assert await _ask(narrow, actor, "select length($1)", "x" * length) == b"%d" % length


async def test_what_fails_has_not_happened(
    narrow: Database, actor: Actor, migrated: Embedded
) -> None:
    """Be it the statement or the end of the transaction; the next trip is as good as new."""
    insert = "insert into deferred.one values ($1::integer) returning 1 / ($1::integer - 2)"
    with migrated.superuser("workbench") as superuser:
        superuser.execute(DEFERRED)
        try:
            with pytest.raises(psycopg.errors.DivisionByZero):
                await _ask(narrow, actor, insert, 2)
            with pytest.raises(psycopg.errors.UniqueViolation):
                await _ask(narrow, actor, insert, 1)
            assert await _ask(narrow, actor, insert, 3) == b"1"
            found = superuser.execute("select number from deferred.one order by 1").fetchall()
        finally:
            superuser.execute("drop schema deferred cascade")
    assert found == [(1,), (3,)]
