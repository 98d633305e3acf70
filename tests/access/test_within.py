"""PostgreSQL's own gate: nobody gives what he does not hold, whatever the application says."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import ProgrammingError

from tests.conftest import MakeActor
from tests.support import granting, people
from workbench.access import grants, roles
from workbench.access.models import Grant, MemberRole, Membership, TenantRole
from workbench.access.schemas import Part, Target
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.model import Model
from workbench.db.session import Database
from workbench.permissions import ROLES, Permission, Role
from workbench.tenants.models import Tenant

MANAGER = frozenset(
    {
        *(Permission.MEMBER_MANAGE, Permission.MEMBER_READ, Permission.ROLE_MANAGE),
        *(Permission.DASHBOARD_READ, Permission.TENANT_READ),
    }
)


@pytest.fixture
async def owner(make_actor: MakeActor, tenant: Tenant) -> Actor:
    """The tenant's owner."""
    return await make_actor(tenant, Role.OWNER)


@pytest.fixture
async def manager(database: Database, owner: Actor, tenant: Tenant) -> tuple[Actor, UUID, UUID]:
    """A guest who manages members and roles; with his membership and his role."""
    user = await people.make_user(database)
    place = await people.join(database, tenant.id, user.id, Role.GUEST)
    async with database.session(owner) as session:
        role = await roles.create(
            session, owner, name="manager", description="", permissions=MANAGER
        )
        await roles.give(session, owner, place, role)
    return await people.admit(database, user.id, tenant.id), place, role.id


@pytest.fixture
async def guest(database: Database, tenant: Tenant) -> UUID:
    """The membership of a guest."""
    return (await granting.guest(database, tenant.id))[1]


def grant(tenant: Tenant, kind: str, name: str, **holder: UUID) -> Grant:
    """A grant of what is on a dashboard or a notebook."""
    held = {"dashboard": "dashboard:read", "notebook": "run:start"}[kind]
    return Grant(tenant_id=tenant.id, kind=kind, name=name, permissions=[held], masks={}, **holder)


async def writes(database: Database, actor: Actor, row: Model) -> bool:
    """Whether PostgreSQL lets an actor write a row, past every command."""
    try:
        async with database.session(actor) as session:
            session.add(row)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        return False
    return True


class TestGiving:
    """Rows that give something, written past the room."""

    async def test_places(
        self, database: Database, tenant: Tenant, manager: tuple[Actor, UUID, UUID]
    ) -> None:
        """A manager of members seats guests, but no owner and no viewer."""
        for role, may in (("owner", False), ("viewer", False), ("guest", True)):
            user = await people.make_user(database)
            seat = Membership(tenant_id=tenant.id, user_id=user.id, role=role)
            assert await writes(database, manager[0], seat) is may, role

    async def test_a_place_is_not_raised(
        self,
        database: Database,
        tenant: Tenant,
        manager: tuple[Actor, UUID, UUID],
        owner: Actor,
        guest: UUID,
    ) -> None:
        """Neither the own nor another's; an owner raises another's."""
        for actor, place, may in (
            (manager[0], manager[1], False),
            (manager[0], guest, False),
            (owner, guest, True),
        ):
            try:
                async with database.session(actor) as session:
                    found = await session.get(Membership, (tenant.id, place))
                    assert found is not None
                    found.role = "analyst"
            except ProgrammingError:
                assert not may
            else:
                assert may

    async def test_roles(
        self, database: Database, tenant: Tenant, manager: tuple[Actor, UUID, UUID], owner: Actor
    ) -> None:
        """A role is no wider than its maker."""
        wide, fits = (["sql:run"], False), (["dashboard:read"], True)
        for permissions, may in (wide, fits):
            row = TenantRole(
                tenant_id=tenant.id, name=f"r{may}".lower(), description="", permissions=permissions
            )
            assert await writes(database, manager[0], row) is may
        row = TenantRole(tenant_id=tenant.id, name="wide", description="", permissions=wide[0])
        assert await writes(database, owner, row)

    async def test_roles_held(
        self,
        database: Database,
        tenant: Tenant,
        manager: tuple[Actor, UUID, UUID],
        owner: Actor,
        guest: UUID,
    ) -> None:
        """Nobody gives a role that is wider, or has wider grants, or to himself."""
        made: dict[str, UUID] = {}
        async with database.session(owner) as session:
            for name, permissions in (
                ("wide", [Permission.SQL_RUN]),
                ("granted", []),
                ("fits", [Permission.DASHBOARD_READ]),
            ):
                role = await roles.create(
                    session, owner, name=name, description="", permissions=permissions
                )
                made[name] = role.id
            await grants.create(
                session,
                owner,
                Target(kind="notebook", name="tenant_report"),
                role_id=made["granted"],
                permissions=[Permission.RUN_START],
                part=Part(),
            )
        for name, place, may in (
            ("wide", guest, False),
            ("granted", guest, False),
            ("fits", manager[1], False),
            ("fits", guest, True),
        ):
            row = MemberRole(tenant_id=tenant.id, membership_id=place, role_id=made[name])
            assert await writes(database, manager[0], row) is may, name
        row = MemberRole(tenant_id=tenant.id, membership_id=guest, role_id=made["granted"])
        assert await writes(database, owner, row)

    async def test_grants(
        self, database: Database, tenant: Tenant, manager: tuple[Actor, UUID, UUID], guest: UUID
    ) -> None:
        """Nobody grants what he does not hold there, nor to himself or a role of his."""
        actor, own, role = manager
        for row, may in (
            (grant(tenant, "notebook", "tenant_report", membership_id=guest), False),
            (grant(tenant, "dashboard", "flights", membership_id=own), False),
            (grant(tenant, "dashboard", "flights", role_id=role), False),
            (grant(tenant, "dashboard", "flights", membership_id=guest), True),
        ):
            assert await writes(database, actor, row) is may, row.name


async def test_who_sees_no_members_gives_nothing(
    database: Database, tenant: Tenant, owner: Actor, manager: tuple[Actor, UUID, UUID]
) -> None:
    """What speaks against it would be out of his sight: role:manage alone gives nothing."""
    actor, own, _ = manager
    async with database.session(owner) as session:
        wide = await roles.create(
            session, owner, name="wide", description="", permissions=[Permission.SQL_RUN]
        )
    blind = actor.narrowed(MANAGER - {Permission.MEMBER_READ})
    held = {"tenant_id": tenant.id, "membership_id": own, "role_id": wide.id}
    granted = {
        "tenant_id": tenant.id,
        "membership_id": own,
        "kind": "dashboard",
        "name": "flights",
        "permissions": ["dashboard:read"],
    }
    for model, row in ((MemberRole, held), (Grant, granted)):
        # Nothing is fetched back, so no policy for reading stands in the way.
        statement = insert(model.__table__).values(id=new_id(), **row)  # type: ignore[arg-type]
        for giver, may in ((blind, False), (owner, True)):
            try:
                async with database.session(giver) as session:
                    await session.execute(statement)
            except ProgrammingError:
                assert not may
            else:
                assert may


async def test_a_narrowed_actor_gives_no_more_than_he_still_holds(
    database: Database, tenant: Tenant, owner: Actor, guest: UUID
) -> None:
    """An owner's token that names fewer permissions makes no owner, in the room and below it."""
    kept = ROLES[Role.OWNER] - {Permission.TENANT_EXPORT}
    user = await people.make_user(database)
    seat: Callable[[], Membership] = lambda: Membership(  # noqa: E731
        tenant_id=tenant.id, user_id=user.id, role="owner"
    )
    narrowed = owner.narrowed(kept)
    assert not await writes(database, narrowed, seat())
    assert await writes(database, owner, seat())
    async with database.session(owner) as session:
        held = await session.scalars(select(Membership.role).where(Membership.id == guest))
        assert held.one() == "guest"
