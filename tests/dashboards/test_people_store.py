"""What the dashboard of people asks and changes, as its visitor."""

import pytest

from dashboards.people.store.members import MemberStore
from dashboards.visits import House, Screen, Visit
from tests.conftest import MakeActor
from tests.support import granting, people
from workbench.access import queries, returning, roles
from workbench.access.commands import AlreadyMember, OwnRole, TooWide
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid, NotFound
from workbench.permissions import Permission, Role
from workbench.settings import ROOT
from workbench.tenants.models import Tenant


def visit_of(database: Database, actor: Actor) -> Visit:
    """An actor's visit."""
    return Visit(actor, House(database, ROOT / "notebooks"), Screen())


class TestMembers:
    """Who belongs to the tenant."""

    @pytest.mark.acts_as("owner")
    async def test_an_owner_manages(
        self, database: Database, actor: Actor, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """Members are found, raised, removed and brought back with their roles; strangers never."""
        user = await people.make_user(database)
        await people.join(database, tenant.id, user.id, Role.VIEWER)
        stranger = await people.make_actor(database, other_tenant.id, Role.VIEWER)
        store = MemberStore(visit_of(database, actor))
        async with database.session(actor) as session:
            role = await roles.create(
                session, actor, name="desk", description="", permissions=[Permission.SQL_RUN]
            )

        found = (await store.page(user.email[:20].upper(), "", None)).items
        assert [(m.email, m.role, m.is_self, m.seen) for m in found] == [
            (user.email, "viewer", False, None)
        ]
        everybody = (await store.page("", "", None)).items
        assert {m.email for m in everybody} == {user.email, (await _email(database, actor))}
        assert (await store.desk()).counts == {"owner": 1, "viewer": 1}
        assert (await store.page("%", "", None)).items == []

        member = found[0].id
        await store.change_role(member, "analyst")
        await store.give(member, role.id)
        await store.remove(member)
        assert (await store.page("", "analyst", None)).items == []
        await store.restore(member)
        back = (await store.page("", "analyst", None)).items
        assert [(m.id, [each.name for each in m.roles]) for m in back] == [(member, ["desk"])]
        await store.take(member, role.id)
        with pytest.raises(NotFound):
            await store.restore(member)
        own = next(m.id for m in everybody if m.is_self)
        with pytest.raises(OwnRole):
            await store.remove(own)
        with pytest.raises(Invalid):
            await store.change_role(member, "emperor")
        others = MemberStore(visit_of(database, await _owner(database, other_tenant, stranger)))
        with pytest.raises(NotFound):
            await others.remove(member)

    async def test_others_may_not(
        self, database: Database, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Who may not see members sees none; who may look changes nothing."""
        viewer = await make_actor(tenant, Role.VIEWER)
        reader = await make_actor(tenant, Role.OWNER)
        reader = reader.narrowed([Permission.MEMBER_READ])
        store, looking = (MemberStore(visit_of(database, a)) for a in (viewer, reader))

        assert (store.may_see, store.may_manage, looking.may_manage) == (False, False, False)
        with pytest.raises(Forbidden):
            await store.page("", "", None)
        member = next(m for m in (await looking.page("", "viewer", None)).items)
        for deed in (
            looking.remove(member.id),
            looking.restore(member.id),
            looking.change_role(member.id, "owner"),
            looking.invite("a@b.example", "viewer"),
            store.remove(member.id),
        ):
            with pytest.raises(Forbidden):
                await deed
        assert len((await looking.page("", "", None)).items) == 2


async def test_nobody_brings_more_back_than_he_holds(
    database: Database, tenant: Tenant, make_actor: MakeActor
) -> None:
    """A wider role stays away for who is narrower, and a second place is refused."""
    owner = await make_actor(tenant, Role.OWNER)
    user = await people.make_user(database)
    member = await people.join(database, tenant.id, user.id, Role.ENGINEER)
    await people.leave(database, tenant.id, member)
    narrow = owner.narrowed({Permission.MEMBER_MANAGE, Permission.MEMBER_READ})
    with pytest.raises(TooWide):
        async with database.session(narrow) as session:
            await returning.restore_member(session, narrow, member)

    guest = await people.join(
        database, tenant.id, (await people.make_user(database)).id, Role.GUEST
    )
    await granting.grant(database, owner, guest, "notebook", "tenant_report")
    await people.leave(database, tenant.id, guest)
    plain = owner.narrowed(owner.permissions - {Permission.ROLE_MANAGE})
    with pytest.raises(Forbidden):
        async with database.session(plain) as session:
            await returning.restore_member(session, plain, guest)
    # Who has lost the right since the page was opened is refused by PostgreSQL.
    async with database.session(plain) as session:
        with pytest.raises(TooWide):
            await returning.restore_member(session, owner, guest)
        await session.rollback()
    async with database.session(owner) as session:
        assert (await returning.restore_member(session, owner, guest)).deleted_at is None

    await people.join(database, tenant.id, user.id, Role.VIEWER)
    with pytest.raises(AlreadyMember):
        async with database.session(owner) as session:
            await returning.restore_member(session, owner, member)


@pytest.mark.acts_as("owner")
async def test_invitations_wait(database: Database, actor: Actor) -> None:
    """An invitation is listed until it is taken back, and can be sent again."""
    store = MemberStore(visit_of(database, actor))

    await store.invite("Somebody@Acme.example", "viewer")
    (waiting,) = (await store.desk()).invited
    assert (waiting.email, waiting.role, waiting.is_open) == (
        "somebody@acme.example",
        "viewer",
        True,
    )
    await store.resend(waiting.id)
    await store.withdraw(waiting.id)
    assert (await store.desk()).invited == []
    with pytest.raises(NotFound):
        await store.resend(waiting.id)


async def _email(database: Database, actor: Actor) -> str:
    assert actor.user_id is not None
    async with database.session(actor) as session:
        row = (await session.execute(queries.people(actor, [actor.user_id]))).one()
    return str(row.email)


async def _owner(database: Database, tenant: Tenant, beside: Actor) -> Actor:
    assert beside.tenant_id == tenant.id
    return await people.make_actor(database, tenant.id, Role.OWNER)
