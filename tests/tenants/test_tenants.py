"""Tenants: made, named, suspended, resumed, seen."""

from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.support import people
from workbench.actor import Actor
from workbench.audit import queries as audit
from workbench.db import roles
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid, NotFound
from workbench.permissions import Permission, Role
from workbench.tenants import commands, logins, queries
from workbench.tenants.commands import SlugTaken
from workbench.tenants.models import Tenant

FOUNDER = people.FOUNDER
NOW = datetime(2026, 11, 23, tzinfo=UTC)


class TestCreate:
    """A tenant has a slug of its own."""

    async def test_it_is_made_once(self, database: Database) -> None:
        """The slug finds it; a second tenant with it is a conflict, and the session goes on."""
        slug = f"a-{new_id().hex[:30]}"
        async with database.session(FOUNDER) as session:
            tenant = await commands.create(session, FOUNDER, slug=slug, name="A & B <c>")
            with pytest.raises(SlugTaken):
                await commands.create(session, FOUNDER, slug=slug, name="Another")
            found = await session.scalars(queries.tenant_with_slug(FOUNDER, slug))
            assert found.one() is tenant

    @pytest.mark.parametrize(
        "slug", ["", "-a", "A", "a b", "a/b", "a" * 41, "ä", "a\n", "a'--", "../a"]
    )
    async def test_a_bad_slug_is_refused(self, database: Database, slug: str) -> None:
        """The error names the place."""
        async with database.session(FOUNDER) as session:
            with pytest.raises(Invalid) as refused:
                await commands.create(session, FOUNDER, slug=slug, name="A")
        assert refused.value.details[0].place == "slug"

    @pytest.mark.acts_as("owner")
    async def test_an_owner_makes_none(self, database: Database, actor: Actor) -> None:
        """An owner manages the own tenant: the platform's policy refuses another one."""
        async with database.session(actor) as session:
            with pytest.raises(DBAPIError, match="row-level security"):
                await commands.create(session, actor, slug=f"b-{new_id().hex[:30]}", name="B")
            await session.rollback()

    async def test_an_analyst_makes_none(self, database: Database, actor: Actor) -> None:
        """Without the permission the command does not begin."""
        async with database.session(actor) as session:
            with pytest.raises(Forbidden):
                await commands.create(session, actor, slug="b", name="B")


class TestSuspend:
    """A suspended tenant keeps its data and lets nobody in."""

    async def test_it_is_undone_by_resuming(self, database: Database, tenant: Tenant) -> None:
        """Both leave their mark in the tenant's own audit, and the first is seen meanwhile."""
        async with database.session(FOUNDER) as session:
            await commands.suspend(session, FOUNDER, tenant.id, NOW)
            seen = (await session.scalars(queries.tenant(FOUNDER, tenant.id))).one()
            await session.refresh(seen)
            assert seen.suspended_at == NOW
            await commands.resume(session, FOUNDER, tenant.id)
            await session.refresh(seen)
            assert seen.suspended_at != NOW
        reader = Actor.of_system("test", Permission.AUDIT_READ, tenant_id=tenant.id)
        async with database.session(reader) as session:
            noted = (await session.scalars(audit.entries(reader))).all()
        assert [n.action for n in noted] == ["tenant.resume", "tenant.suspend", "tenant.create"]

    async def test_what_is_not_there_is_not_found(self, database: Database) -> None:
        """An unknown tenant can be neither suspended nor resumed."""
        async with database.session(FOUNDER) as session:
            with pytest.raises(NotFound):
                await commands.suspend(session, FOUNDER, new_id(), NOW)
            with pytest.raises(NotFound):
                await commands.resume(session, FOUNDER, new_id())

    @pytest.mark.acts_as("owner")
    async def test_an_owner_suspends_nobody(
        self, database: Database, actor: Actor, other_tenant: Tenant
    ) -> None:
        """Neither the own tenant nor another."""
        async with database.session(actor) as session:
            for tenant_id in (actor.require_tenant(), other_tenant.id):
                with pytest.raises(Forbidden):
                    await commands.suspend(session, actor, tenant_id, NOW)


class TestSeeing:
    """Who sees which tenants."""

    async def test_a_member_sees_its_own(
        self, database: Database, tenant: Tenant, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """The list of a viewer holds one; another tenant's id and slug find nothing."""
        viewer = await make_actor(tenant, Role.VIEWER)
        async with database.session(viewer) as session:
            seen = (await session.scalars(queries.tenants(viewer))).all()
            assert [t.id for t in seen] == [tenant.id]
            for query in (
                queries.tenant(viewer, other_tenant.id),
                queries.tenant_with_slug(viewer, other_tenant.slug),
            ):
                assert (await session.scalars(query)).all() == []

    async def test_an_operator_sees_all(
        self, database: Database, operator: Actor, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """The platform's list holds both."""
        async with database.session(operator) as session:
            seen = {t.id for t in await session.scalars(queries.tenants(operator))}
        assert {tenant.id, other_tenant.id} <= seen


class TestLogin:
    """The login of a tenant's notebooks."""

    async def test_it_gets_its_password_back(
        self, database: Database, tenant: Tenant, actor: Actor
    ) -> None:
        """Made once, set again before each run; the last password is the one that opens."""
        url, login = database.logins.reader, ""
        for password in ("the-first-password", "the-second-password"):
            async with database.session(actor) as session:
                login = await logins.ensure(session, actor, password)
            assert login == roles.tenant_login(tenant.id)
            address = url.set(drivername="postgresql", username=login, password=password)
            with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
                assert connection.execute("select session_user::text").fetchone() == (login,)
        stale = url.set(drivername="postgresql", username=login, password="the-first-password")
        with pytest.raises(psycopg.OperationalError, match="password authentication"):
            psycopg.connect(stale.render_as_string(hide_password=False))

    async def test_the_platform_has_none(self, database: Database, operator: Actor) -> None:
        """An actor without a tenant has no notebooks."""
        async with database.session(operator) as session:
            with pytest.raises(Forbidden):
                await logins.ensure(session, operator, "a password")
