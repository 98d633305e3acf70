"""Empty databases on the test process's server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import URL, Engine, create_engine, pool

from tests.isolation.world import connect as open_connection
from workbench.db import connect, roles, schema
from workbench.db.embedded import Embedded
from workbench.settings import Settings


@dataclass(frozen=True, slots=True)
class Scratch:
    """A database that is its test's alone."""

    owner: URL
    secrets: tuple[str, ...]
    passwords: dict[str, str]

    def upgrade(self) -> None:
        """Bring it to the newest revision."""
        schema.upgrade(self.owner, self.secrets, self.passwords)

    def engine(self) -> Engine:
        """An engine that connects as the owner and keeps nothing."""
        return create_engine(self.owner, poolclass=pool.NullPool)


MakeScratch = Callable[[str], Scratch]


@pytest.fixture(scope="session")
def make_scratch(settings: Settings, migrated: Embedded) -> MakeScratch:
    """Make an empty database; its roles are there already, as on any server after the first."""

    def make(name: str) -> Scratch:
        owner = connect.login_url(settings, roles.OWNER).set(database=name)
        migrated.ensure_database(str(owner.password), name)
        passwords = {role: str(connect.login_url(settings, role).password) for role in roles.LOGINS}
        return Scratch(owner, settings.secret_keys, passwords)

    return make


@pytest.fixture(scope="session")
def fresh(make_scratch: MakeScratch) -> Iterator[psycopg.Connection]:
    """A connection, as the owner, to a database that the migrations have just built."""
    scratch = make_scratch("fresh")
    scratch.upgrade()
    with open_connection(scratch.owner) as connection:
        yield connection
