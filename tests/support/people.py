"""Tenants and people made for one test."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from workbench.access import commands as access
from workbench.access import queries
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Unauthenticated
from workbench.identity import commands as identity
from workbench.identity import passwords
from workbench.identity.models import Password, User
from workbench.identity.tokens import Claims
from workbench.permissions import Permission, Role
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant

FOUNDER = Actor.of_system(
    "test", Permission.TENANT_MANAGE, Permission.USER_MANAGE, Permission.PLATFORM_READ
)
_hashes: dict[str, str] = {}


async def make_tenant(database: Database, slug: str | None = None) -> Tenant:
    """Make a tenant with a slug of its own."""
    async with database.session(FOUNDER) as session:
        return await tenants.create(
            session, FOUNDER, slug=slug or f"t-{new_id().hex[:30]}", name="A tenant"
        )


async def make_user(
    database: Database, *, password: str | None = None, is_operator: bool = False
) -> User:
    """Make a user with an e-mail address of its own."""
    async with database.session(FOUNDER) as session:
        user = await identity.create_user(
            session,
            FOUNDER,
            email=f"{new_id().hex}@workbench.example",
            name="A person",
            password=None,
            is_operator=is_operator,
        )
        if password is not None:
            session.add(Password(user_id=user.id, hash=await _hashed(password)))
    return user


async def _hashed(password: str) -> str:
    """The hash that the product would keep, made once for all people with the same password."""
    if password not in _hashes:
        _hashes[password] = await passwords.hash_password(password)
    return _hashes[password]


async def join(database: Database, tenant_id: UUID, user_id: UUID, role: Role) -> UUID:
    """Make a user a member and answer the membership's id."""
    seater = Actor.of_system(
        "test", Permission.MEMBER_MANAGE, Permission.MEMBER_READ, tenant_id=tenant_id
    )
    async with database.session(seater) as session:
        membership = await access.add_member(session, seater, user_id, role)
        return membership.id


async def admit(
    database: Database, user_id: UUID, tenant_id: UUID | None, *, device: str = "tests"
) -> Actor:
    """Sign a user in without a password, as an actor who is live for an hour."""
    system = Actor.of_system("login", Permission.USER_AUTHENTICATE)
    now = datetime.now(UTC)
    async with database.session(system) as session:
        login = await identity.open_login(
            session, user_id, user_agent=device, address="127.0.0.1", now=now
        )
        claims = Claims(login.id, user_id, tenant_id)
        actor = await queries.admit(session, claims, now + timedelta(hours=1))
    if actor is None:
        raise Unauthenticated
    return actor


async def make_actor(database: Database, tenant_id: UUID, role: Role | str) -> Actor:
    """Make a user, a member with the role, and sign the user in."""
    user = await make_user(database)
    await join(database, tenant_id, user.id, Role(role))
    return await admit(database, user.id, tenant_id)


async def change_role(database: Database, tenant_id: UUID, membership_id: UUID, role: Role) -> None:
    """Give a member another role, as the application would."""
    seater = Actor.of_system(
        "test", Permission.MEMBER_MANAGE, Permission.MEMBER_READ, tenant_id=tenant_id
    )
    async with database.session(seater) as session:
        await access.change_role(session, seater, membership_id, role)


async def leave(database: Database, tenant_id: UUID, membership_id: UUID) -> None:
    """Remove a member, as the application would."""
    remover = Actor.of_system(
        "test", Permission.MEMBER_MANAGE, Permission.MEMBER_READ, tenant_id=tenant_id
    )
    async with database.session(remover) as session:
        await access.remove_member(session, remover, membership_id)


async def disable(database: Database, member: Actor) -> None:
    """Disable a user, as the operator would."""
    assert member.user_id is not None
    async with database.session(FOUNDER) as session:
        await identity.disable_user(session, FOUNDER, member.user_id, datetime.now(UTC))
