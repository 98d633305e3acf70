"""Signing in, staying signed in, signing out."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.support import people
from workbench.access import queries, sign_in
from workbench.access.queries import SignedOut
from workbench.access.sign_in import ReusedToken, SignedIn, TenantNeeded, WrongPassword
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.identity.models import Login, User
from workbench.identity.tokens import BadToken, Claims, Tokens
from workbench.permissions import ROLES, Permission, Role
from workbench.settings import Settings
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant

PASSWORD = "correct horse battery"
NOW = datetime.now(UTC)


@pytest.fixture(scope="session")
def tokens(settings: Settings) -> Tokens:
    """The makers of tokens."""
    return Tokens(settings.secret_keys)


@pytest.fixture(scope="session")
async def user(database: Database) -> User:
    """A user with a password."""
    return await people.make_user(database, password=PASSWORD)


async def signed_in(
    database: Database, tokens: Tokens, email: str, *, password: str = PASSWORD,
    tenant: str | None = None, now: datetime = NOW,
) -> SignedIn:  # fmt: skip
    """Sign in from the tests."""
    return await sign_in.sign_in(
        database, tokens, email=email, password=password, tenant=tenant,
        user_agent="tests", address="127.0.0.1", now=now,
    )  # fmt: skip


@pytest.fixture
async def member(database: Database, user: User, tenant: Tenant) -> Tenant:
    """The tenant, which the user has just joined as an analyst."""
    await people.join(database, tenant.id, user.id, Role.ANALYST)
    return tenant


class TestSignIn:
    """Proving who it is."""

    async def test_the_actor_is_the_member(
        self, database: Database, tokens: Tokens, user: User, member: Tenant
    ) -> None:
        """User, tenant and permissions are those of the membership, and the token says so."""
        done = await signed_in(database, tokens, user.email.upper(), tenant=member.slug)
        assert done.actor.user_id == user.id
        assert done.actor.tenant_id == member.id
        assert done.actor.permissions == ROLES[Role.ANALYST]
        assert done.expires_in == 900
        claims = tokens.read_access(done.access_token, NOW)
        assert await queries.actor_of(database, claims) == done.actor

    @pytest.mark.parametrize(
        "password", ["wrong password", "", "a" * 73, "nul\0nul", PASSWORD[:-1]]
    )
    async def test_a_wrong_password_is_one_error(
        self, database: Database, tokens: Tokens, user: User, member: Tenant, password: str
    ) -> None:
        """Whatever is wrong with it, the answer is the same (T9, T10)."""
        with pytest.raises(WrongPassword):
            await signed_in(database, tokens, user.email, password=password, tenant=member.slug)

    async def test_an_unknown_user_and_tenant_are_the_same_error(
        self, database: Database, tokens: Tokens, user: User, member: Tenant, other_tenant: Tenant
    ) -> None:
        """Nobody learns who exists, or where somebody is a member (T10)."""
        del member
        for email, slug in (
            ("nobody@workbench.example", None),
            (user.email, other_tenant.slug),
            (user.email, "no-such-tenant"),
        ):
            with pytest.raises(WrongPassword):
                await signed_in(database, tokens, email, tenant=slug)

    async def test_of_several_tenants_one_is_named(
        self, database: Database, tokens: Tokens, other_tenant: Tenant, tenant: Tenant
    ) -> None:
        """With one membership no slug is needed; with two it is; with none nobody gets in."""
        user = await people.make_user(database, password=PASSWORD)
        with pytest.raises(WrongPassword):
            await signed_in(database, tokens, user.email)
        await people.join(database, tenant.id, user.id, Role.VIEWER)
        assert (await signed_in(database, tokens, user.email)).actor.tenant_id == tenant.id
        await people.join(database, other_tenant.id, user.id, Role.VIEWER)
        with pytest.raises(TenantNeeded) as refused:
            await signed_in(database, tokens, user.email)
        assert refused.value.details[0].place == "tenant"

    async def test_an_operator_signs_in_to_the_platform(
        self, database: Database, tokens: Tokens
    ) -> None:
        """Without a tenant, with the operator's permissions."""
        user = await people.make_user(database, password=PASSWORD, is_operator=True)
        done = await signed_in(database, tokens, user.email)
        assert done.actor.tenant_id is None
        assert done.actor.permissions == ROLES[Role.OPERATOR]

    async def test_a_disabled_user_and_a_suspended_tenant_are_shut(
        self, database: Database, tokens: Tokens, user: User, member: Tenant
    ) -> None:
        """A suspended tenant's members do not get in, until it is resumed (T7)."""
        operator = people.FOUNDER
        async with database.session(operator) as session:
            await tenants.suspend(session, operator, member.id, NOW)
        with pytest.raises(WrongPassword):
            await signed_in(database, tokens, user.email, tenant=member.slug)
        async with database.session(operator) as session:
            await tenants.resume(session, operator, member.id)
        again = await signed_in(database, tokens, user.email, tenant=member.slug)
        assert again.actor.tenant_id == member.id


class TestRefresh:
    """Staying signed in."""

    async def test_tokens_rotate(
        self, database: Database, tokens: Tokens, user: User, member: Tenant
    ) -> None:
        """Each refresh answers new tokens of the same login."""
        first = await signed_in(database, tokens, user.email, tenant=member.slug)
        later = NOW + timedelta(days=1)
        second = await sign_in.refresh(database, tokens, first.refresh_token, later)
        assert second.refresh_token != first.refresh_token
        assert second.actor == first.actor
        third = await sign_in.refresh(database, tokens, second.refresh_token, later)
        assert third.actor == first.actor

    async def test_a_second_tab_may_come_late(
        self, database: Database, tokens: Tokens, user: User, member: Tenant
    ) -> None:
        """Within the grace both tabs stay signed in (T5)."""
        first = await signed_in(database, tokens, user.email, tenant=member.slug)
        both = await asyncio.gather(
            *(sign_in.refresh(database, tokens, first.refresh_token, NOW) for _ in range(2))
        )
        assert [done.actor for done in both] == [first.actor] * 2

    async def test_reuse_ends_the_login(
        self, database: Database, tokens: Tokens, user: User, member: Tenant
    ) -> None:
        """After the grace a used token ends all that came of it (T4)."""
        first = await signed_in(database, tokens, user.email, tenant=member.slug)
        second = await sign_in.refresh(database, tokens, first.refresh_token, NOW)
        later = NOW + timedelta(minutes=1)
        with pytest.raises(ReusedToken):
            await sign_in.refresh(database, tokens, first.refresh_token, later)
        with pytest.raises(SignedOut):
            await sign_in.refresh(database, tokens, second.refresh_token, later)
        with pytest.raises(SignedOut):
            await queries.actor_of(database, tokens.read_access(second.access_token, NOW))

    async def test_what_is_not_ours_is_refused(
        self, database: Database, tokens: Tokens, user: User, member: Tenant
    ) -> None:
        """An access token, an expired one, and one whose id was never given (T2)."""
        done = await signed_in(database, tokens, user.email, tenant=member.slug)
        actor = done.actor
        assert actor.sid is not None
        made_up = tokens.refresh(
            "no such name", actor.sid, user.id, member.id, NOW + timedelta(days=1)
        )
        for token in (done.access_token, "", made_up):
            with pytest.raises(BadToken):
                await sign_in.refresh(database, tokens, token, NOW)
        week = NOW + timedelta(days=7)
        with pytest.raises(BadToken):
            await sign_in.refresh(database, tokens, done.refresh_token, week)

    async def test_a_removed_member_is_signed_out(
        self, database: Database, tokens: Tokens, tenant: Tenant, user: User
    ) -> None:
        """A refresh token outlives no membership (T6)."""
        membership = await people.join(database, tenant.id, user.id, Role.VIEWER)
        done = await signed_in(database, tokens, user.email, tenant=tenant.slug)
        await people.leave(database, tenant.id, membership)
        with pytest.raises(SignedOut):
            await sign_in.refresh(database, tokens, done.refresh_token, NOW)


class TestNarrow:
    """A run's access token."""

    @pytest.mark.parametrize(
        ("named", "held"),
        [
            ({Permission.ROW_READ}, {Permission.ROW_READ}),
            (set(), set()),
            (set(Permission), set(ROLES[Role.ANALYST])),
        ],
    )
    async def test_it_narrows_and_never_widens(
        self, database: Database, tokens: Tokens, actor: Actor, named: set[Permission],
        held: set[Permission],
    ) -> None:  # fmt: skip
        """The actor holds what the token names and the role has, and nothing beside."""
        assert actor.sid is not None
        assert actor.user_id is not None
        token = tokens.access(
            actor.sid, actor.user_id, actor.tenant_id, NOW, permissions=frozenset(named)
        )
        narrowed = await queries.actor_of(database, tokens.read_access(token, NOW))
        assert narrowed.permissions == held


class TestSignOut:
    """Leaving."""

    async def test_every_token_ends(
        self, database: Database, tokens: Tokens, user: User, member: Tenant
    ) -> None:
        """The access token, the refresh token and the login; another login goes on (T7)."""
        done, other = [
            await signed_in(database, tokens, user.email, tenant=member.slug) for _ in range(2)
        ]
        await sign_in.sign_out(database, done.actor, NOW)
        with pytest.raises(SignedOut):
            await queries.actor_of(database, tokens.read_access(done.access_token, NOW))
        with pytest.raises(SignedOut):
            await sign_in.refresh(database, tokens, done.refresh_token, NOW)
        claims = tokens.read_access(other.access_token, NOW)
        assert await queries.actor_of(database, claims) == other.actor
        async with database.session(other.actor) as session:
            ended = (await session.scalars(select(Login).where(Login.id == done.actor.sid))).one()
            assert ended.ended_at == NOW

    async def test_a_task_has_nothing_to_leave(self, database: Database) -> None:
        """An actor without a login signs out in peace."""
        await sign_in.sign_out(database, Actor.of_system("test"), NOW)

    async def test_another_users_claims_are_refused(
        self, database: Database, tokens: Tokens, user: User, member: Tenant, actor: Actor
    ) -> None:
        """A login belongs to one user, whoever else is named beside it."""
        done = await signed_in(database, tokens, user.email, tenant=member.slug)
        assert done.actor.sid is not None
        assert actor.user_id is not None
        token = tokens.access(done.actor.sid, actor.user_id, member.id, NOW)
        with pytest.raises(SignedOut):
            await queries.actor_of(database, tokens.read_access(token, NOW))


async def test_a_run_acts_for_its_user_until_it_ends(database: Database, actor: Actor) -> None:
    """Admitting a run gives it the rights held now; revoking it takes them."""
    keeper = Actor.of_system("test", tenant_id=actor.tenant_id)
    run = UUID(int=actor.user_id.int + 1) if actor.user_id else UUID(int=1)
    assert actor.user_id is not None
    claims = Claims(run, actor.user_id, actor.tenant_id)
    async with database.session(keeper) as session:
        admitted = await queries.admit(session, claims, datetime.now(UTC) + timedelta(hours=1))
        assert admitted is not None
        assert admitted.may(Permission.RUN_START)
    assert await queries.actor_of(database, claims) == admitted
    async with database.session(keeper) as session:
        await queries.revoke(session, run)
    with pytest.raises(SignedOut):
        await queries.actor_of(database, claims)
