"""Members of a tenant: added, changed, removed; and a tenant keeps an owner."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.conftest import MakeActor
from tests.support import people
from workbench.access import commands, queries
from workbench.access.commands import AlreadyMember, LastOwner, OwnRole
from workbench.access.models import Membership
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound, Stale
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant


async def membership_of(database: Database, actor: Actor, user_id: UUID | None) -> UUID:
    """The id of a user's membership, as a member manager sees it."""
    async with database.session(actor) as session:
        query = select(Membership.id).where(Membership.user_id == user_id)
        return (await session.scalars(query)).one()


@pytest.mark.acts_as("owner")
class TestOwner:
    """What an owner may do with the members."""

    async def test_add_and_list(self, database: Database, actor: Actor) -> None:
        """A user becomes a member, and is listed with name and role; once."""
        user = await people.make_user(database)
        async with database.session(actor) as session:
            added = await commands.add_member(session, actor, user.id, Role.ANALYST)
            rows = (await session.execute(queries.members(actor))).all()
            assert {(row.User.id, row.Membership.role) for row in rows} == {
                (actor.user_id, "owner"),
                (user.id, "analyst"),
            }
            one = (await session.execute(queries.member(actor, added.id))).one()
            assert one.User.email == user.email
            with pytest.raises(AlreadyMember):
                await commands.add_member(session, actor, user.id, Role.VIEWER)

    async def test_nobody_cannot_be_added(self, database: Database, actor: Actor) -> None:
        """An id that no user has is NotFound."""
        async with database.session(actor) as session:
            with pytest.raises(NotFound):
                await commands.add_member(session, actor, new_id(), Role.ANALYST)

    async def test_the_platforms_role_is_not_given(self, database: Database, actor: Actor) -> None:
        """An owner makes no operator, neither of a new member nor of an old one (A11)."""
        user = await people.make_user(database)
        membership = await people.join(database, actor.require_tenant(), user.id, Role.VIEWER)
        async with database.session(actor) as session:
            with pytest.raises(Forbidden):
                await commands.add_member(session, actor, new_id(), Role.OPERATOR)
            with pytest.raises(Forbidden):
                await commands.change_role(session, actor, membership, Role.OPERATOR)
            changed = await commands.change_role(session, actor, membership, Role.ENGINEER)
            assert changed.role == "engineer"

    async def test_the_own_role_stays(self, database: Database, actor: Actor) -> None:
        """Nobody changes or removes oneself."""
        own = await membership_of(database, actor, actor.user_id)
        async with database.session(actor) as session:
            with pytest.raises(OwnRole):
                await commands.change_role(session, actor, own, Role.VIEWER)
            with pytest.raises(OwnRole):
                await commands.remove_member(session, actor, own)

    async def test_a_change_that_comes_late_is_refused(
        self, database: Database, actor: Actor
    ) -> None:
        """Who believes in another role than the one held is told to read again (A6)."""
        user = await people.make_user(database)
        membership = await people.join(database, actor.require_tenant(), user.id, Role.VIEWER)
        async with database.session(actor) as session:
            with pytest.raises(Stale):
                await commands.change_role(
                    session, actor, membership, Role.ANALYST, was=Role.ENGINEER
                )
            with pytest.raises(Stale):
                await commands.remove_member(session, actor, membership, was=Role.ENGINEER)
            await commands.remove_member(session, actor, membership, was=Role.VIEWER)

    async def test_who_was_removed_is_not_there(self, database: Database, actor: Actor) -> None:
        """Neither for a change nor for a second removal; the place can be taken again (R41)."""
        user = await people.make_user(database)
        membership = await people.join(database, actor.require_tenant(), user.id, Role.VIEWER)
        async with database.session(actor) as session:
            await commands.remove_member(session, actor, membership)
        async with database.session(actor) as session:
            with pytest.raises(NotFound):
                await commands.remove_member(session, actor, membership)
            with pytest.raises(NotFound):
                await commands.change_role(session, actor, membership, Role.ANALYST)
            again = await commands.add_member(session, actor, user.id, Role.ANALYST)
            assert again.id != membership

    async def test_another_tenants_member_is_not_there(
        self, database: Database, actor: Actor, other_tenant: Tenant
    ) -> None:
        """B's membership is as absent as none (R42)."""
        user = await people.make_user(database)
        foreign = await people.join(database, other_tenant.id, user.id, Role.VIEWER)
        async with database.session(actor) as session:
            for membership in (foreign, new_id()):
                with pytest.raises(NotFound):
                    await commands.remove_member(session, actor, membership)
            rows = (await session.execute(queries.member(actor, foreign))).all()
            assert rows == []


class TestLastOwner:
    """A tenant always keeps an owner (A11)."""

    async def test_the_last_one_stays(self, database: Database, tenant: Tenant) -> None:
        """One owner can be neither removed nor made less; with a second one either can."""
        first, second = [await people.make_user(database) for _ in range(2)]
        membership = await people.join(database, tenant.id, first.id, Role.OWNER)
        keeper = Actor.of_system(
            "test", Permission.MEMBER_MANAGE, Permission.MEMBER_READ, tenant_id=tenant.id
        )
        async with database.session(keeper) as session:
            with pytest.raises(LastOwner):
                await commands.remove_member(session, keeper, membership)
            with pytest.raises(LastOwner):
                await commands.change_role(session, keeper, membership, Role.ENGINEER)
            assert (
                await commands.change_role(session, keeper, membership, Role.OWNER)
            ).role == "owner"
        await people.join(database, tenant.id, second.id, Role.OWNER)
        async with database.session(keeper) as session:
            await commands.remove_member(session, keeper, membership)

    async def test_two_owners_cannot_remove_each_other(
        self, database: Database, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Of two removals at once one fails, and an owner is left."""
        owners = [await make_actor(tenant, Role.OWNER) for _ in range(2)]
        ids = [await membership_of(database, owners[0], owner.user_id) for owner in owners]

        async def remove(actor: Actor, membership: UUID) -> None:
            async with database.session(actor) as session:
                await commands.remove_member(session, actor, membership)

        done = await asyncio.gather(
            remove(owners[0], ids[1]), remove(owners[1], ids[0]), return_exceptions=True
        )
        assert sum(result is None for result in done) == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.ENGINEER])
async def test_others_manage_nobody(
    database: Database, tenant: Tenant, make_actor: MakeActor, role: Role
) -> None:
    """Without the permission neither command nor query begins."""
    actor = await make_actor(tenant, role)
    async with database.session(actor) as session:
        with pytest.raises(Forbidden):
            await commands.add_member(session, actor, new_id(), Role.OWNER)
        with pytest.raises(Forbidden):
            await commands.change_role(session, actor, new_id(), Role.OWNER)
        with pytest.raises(Forbidden):
            await commands.remove_member(session, actor, new_id())
        with pytest.raises(Forbidden):
            queries.members(actor)
