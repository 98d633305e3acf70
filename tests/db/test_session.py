"""Sessions: whose they are, when they commit, and which engines they use."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.permissions import Permission
from workbench.tenants.models import Tenant

ROLE = text("select current_user::text")
NAME = text("select name from tenants")
RENAME = text("update tenants set name = :name")


class TestSession:
    """`Database.session` is the application's, for one actor."""

    async def test_it_connects_as_the_application(self, database: Database, actor: Actor) -> None:
        """The role is workbench_app, and the connection is named after the login."""
        async with database.session(actor) as session:
            assert await session.scalar(ROLE) == "workbench_app"
            assert await session.scalar(text("show application_name")) == f"workbench {actor.sid}"

    @pytest.mark.acts_as("owner")
    async def test_it_commits(self, database: Database, actor: Actor) -> None:
        """Leaving the block keeps what was done in it."""
        async with database.session(actor) as session:
            await session.execute(RENAME, {"name": "Kept"})
        async with database.session(actor) as session:
            assert await session.scalar(NAME) == "Kept"

    @pytest.mark.acts_as("owner")
    async def test_an_error_undoes_everything(self, database: Database, actor: Actor) -> None:
        """What is raised in the block leaves nothing behind."""

        async def rename_and_fail() -> None:
            async with database.session(actor) as session:
                await session.execute(RENAME, {"name": "Lost"})
                raise ValueError(datetime.now(UTC))

        with pytest.raises(ValueError, match="20"):
            await rename_and_fail()
        async with database.session(actor) as session:
            assert await session.scalar(NAME) == "A tenant"

    async def test_a_viewer_changes_nothing(
        self, database: Database, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """The policy holds what the role does not: no row is touched."""
        viewer = await make_actor(tenant, "viewer")
        async with database.session(viewer) as session:
            changed = await session.execute(RENAME, {"name": "Stolen"})
            assert changed.rowcount == 0  # type: ignore[attr-defined]

    async def test_a_loaded_row_outlives_it(self, database: Database, actor: Actor) -> None:
        """What was loaded can be read after the commit."""
        async with database.session(actor) as session:
            tenant = (await session.scalars(select(Tenant))).one()
        assert tenant.name == "A tenant"


class TestReading:
    """`Database.reading` is the readers', for one actor."""

    async def test_it_sees_views_and_changes_nothing(
        self, database: Database, actor: Actor
    ) -> None:
        """The same query value is answered by the view; a change is refused."""
        async with database.reading(actor) as session:
            assert await session.scalar(ROLE) == "workbench_reader"
            assert (await session.scalars(select(Tenant.id))).all() == [actor.tenant_id]
            with pytest.raises(ProgrammingError, match="permission denied"):
                await session.execute(RENAME, {"name": "Stolen"})
            await session.rollback()


class TestSyncSession:
    """`Database.sync_session` serves code that does not await."""

    def test_it_is_the_same_actor(self, database: Database, actor: Actor, tenant: Tenant) -> None:
        """The same query answers the same row, and the token is told in the same way."""
        with database.sync_session(actor) as session:
            assert session.scalars(select(Tenant.id)).all() == [tenant.id]
            assert session.scalar(ROLE) == "workbench_app"

    async def test_closing_gives_back_every_connection(self, database: Database) -> None:
        """A closed database can be opened again; one that was never used closes, too."""
        other = Database(database.logins, database.key.secret)
        await other.close()
        system = Actor.of_system("test", Permission.PLATFORM_READ)
        async with other.session(system) as session, other.reading(system) as reading:
            assert await session.scalar(ROLE) != await reading.scalar(ROLE)
        with other.sync_session(system) as sync:
            assert sync.scalar(ROLE) == "workbench_app"
        await other.close()
