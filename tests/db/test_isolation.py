"""The actor token, as PostgreSQL checks it."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.support import people
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

WHO = text("select workbench.tenant_with('row:read')")


class TestTenantWith:
    """`workbench.tenant_with` answers the tenant of a token that holds the permission now."""

    async def test_it_answers_the_tenant_of_a_live_actor(
        self, database: Database, actor: Actor, tenant: Tenant
    ) -> None:
        """A signed-in analyst is known to PostgreSQL."""
        async with database.session(actor) as session:
            assert await session.scalar(WHO) == tenant.id

    async def test_it_answers_nothing_without_the_permission(
        self, database: Database, actor: Actor
    ) -> None:
        """A narrowed actor holds no more than it names."""
        async with database.session(actor.narrowed([Permission.RUN_READ])) as session:
            assert await session.scalar(WHO) is None

    async def test_it_refuses_a_member_who_was_removed(
        self, database: Database, tenant: Tenant
    ) -> None:
        """Removal bites at the next statement of an open transaction."""
        user = await people.make_user(database)
        membership = await people.join(database, tenant.id, user.id, Role.ANALYST)
        actor = await people.admit(database, user.id, tenant.id)
        async with database.session(actor) as session:
            assert await session.scalar(WHO) == tenant.id
            await people.leave(database, tenant.id, membership)
            with pytest.raises(ProgrammingError, match="revoked"):
                await session.scalar(WHO)
            await session.rollback()

    async def test_it_refuses_an_expired_token(self, database: Database, actor: Actor) -> None:
        """A token is worth nothing after its time."""
        token = database.key.mint(actor, lifetime=timedelta(seconds=-1))
        async with database.app.connect() as connection:
            await connection.execute(
                text("select set_config('workbench.actor_token', :token, true)"), {"token": token}
            )
            with pytest.raises(ProgrammingError, match="expired"):
                await connection.scalar(WHO)
