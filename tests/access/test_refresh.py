"""Families of refresh tokens: kept by their hash, one new member at a time, ended by reuse."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.support import people
from workbench.access import queries, sign_in
from workbench.access.queries import SignedOut
from workbench.access.sign_in import PasswordChanged, ReusedToken, SignedIn
from workbench.actor import Actor
from workbench.audit.models import AuditEntry
from workbench.db.session import Database
from workbench.identity import commands as identity
from workbench.identity.models import Ended, Login, RefreshToken, User
from workbench.identity.tokens import BadToken, Tokens
from workbench.outbox.models import OutboxMessage
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.tenants.models import Tenant

PASSWORD = "correct horse battery"
NOW = datetime.now(UTC).replace(microsecond=0)
TABS = 20
SYSTEM = sign_in.SYSTEM


@pytest.fixture(scope="session")
def tokens(settings: Settings) -> Tokens:
    """The makers of tokens."""
    return Tokens(settings.secret_keys)


@pytest.fixture(scope="session")
async def user(database: Database) -> User:
    """A user with a password."""
    return await people.make_user(database, password=PASSWORD)


@pytest.fixture
async def first(database: Database, tokens: Tokens, user: User, tenant: Tenant) -> SignedIn:
    """The user, signed in to a tenant of this test alone."""
    await people.join(database, tenant.id, user.id, Role.ANALYST)
    return await sign_in.sign_in(
        database, tokens, email=user.email, password=PASSWORD, tenant=tenant.slug,
        user_agent="tests", address="127.0.0.1", now=NOW,
    )  # fmt: skip


async def family(database: Database, done: SignedIn) -> list[RefreshToken]:
    """Every refresh token that a login ever had."""
    async with database.session(SYSTEM) as session:
        found = select(RefreshToken).where(RefreshToken.login_id == done.actor.sid)
        return list((await session.scalars(found)).all())


async def kept(database: Database, done: SignedIn) -> Login:
    """The login as the database holds it."""
    async with database.session(SYSTEM) as session:
        return (await session.scalars(select(Login).where(Login.id == done.actor.sid))).one()


class TestHash:
    """What the database keeps of a token."""

    async def test_no_token_is_kept(
        self, database: Database, tokens: Tokens, first: SignedIn
    ) -> None:
        """Neither the token nor its name stands in the row, and the row's id opens nothing."""
        name = tokens.read_refresh(first.refresh_token, NOW).jti
        (row,) = await family(database, first)
        assert len(name) >= 43  # 256 bits
        assert name not in str(vars(row))
        actor = first.actor
        assert actor.sid is not None
        assert actor.user_id is not None
        for guess in (str(row.id), row.hash):
            made = tokens.refresh(guess, actor.sid, actor.user_id, actor.tenant_id, row.expires_at)
            with pytest.raises(BadToken):
                await sign_in.refresh(database, tokens, made, NOW)
        await sign_in.refresh(database, tokens, first.refresh_token, NOW)

    async def test_a_name_belongs_to_one_login(
        self, database: Database, tokens: Tokens, first: SignedIn, actor: Actor
    ) -> None:
        """Another login cannot use it, however well its token is signed."""
        claims = tokens.read_refresh(first.refresh_token, NOW)
        assert actor.sid is not None
        assert actor.user_id is not None
        stolen = tokens.refresh(
            claims.jti, actor.sid, actor.user_id, actor.tenant_id, NOW + timedelta(days=1)
        )
        swapped = tokens.refresh(
            claims.jti, claims.sid, actor.user_id, actor.tenant_id, NOW + timedelta(days=1)
        )
        for token in (stolen, swapped):
            with pytest.raises(BadToken):
                await sign_in.refresh(database, tokens, token, NOW)


class TestTabs:
    """Many who refresh at once (T5)."""

    async def test_all_stay_in_and_one_member_is_born(
        self, database: Database, tokens: Tokens, first: SignedIn
    ) -> None:
        """Twenty tabs at once get one and the same new token, which all of them can use again."""
        done = await asyncio.gather(
            *(sign_in.refresh(database, tokens, first.refresh_token, NOW) for _ in range(TABS))
        )
        assert {one.refresh_token for one in done} == {done[0].refresh_token}
        assert done[0].refresh_token != first.refresh_token
        assert len(await family(database, first)) == 2
        again = await asyncio.gather(
            *(sign_in.refresh(database, tokens, one.refresh_token, NOW) for one in done)
        )
        assert len({one.refresh_token for one in again}) == 1
        assert len(await family(database, first)) == 3
        for one in (*done, *again):
            claims = tokens.read_access(one.access_token, NOW)
            assert await queries.actor_of(database, claims) == first.actor

    async def test_a_late_tab_gets_the_newest(
        self, database: Database, tokens: Tokens, first: SignedIn
    ) -> None:
        """A tab that comes within the grace, after others went on twice, gets what they have."""
        second = await sign_in.refresh(database, tokens, first.refresh_token, NOW)
        third = await sign_in.refresh(database, tokens, second.refresh_token, NOW)
        late = await sign_in.refresh(database, tokens, first.refresh_token, NOW + sign_in.GRACE)
        assert late.refresh_token == third.refresh_token
        assert len(await family(database, first)) == 3

    async def test_a_new_key_comes_between(
        self, database: Database, settings: Settings, first: SignedIn
    ) -> None:
        """Tabs on either side of a key's rotation get the same name; nobody is signed out."""
        old = Tokens(settings.secret_keys)
        new = Tokens(("another secret that is long enough, too", *settings.secret_keys))
        one = await sign_in.refresh(database, old, first.refresh_token, NOW)
        other = await sign_in.refresh(database, new, first.refresh_token, NOW)
        read = [new.read_refresh(done.refresh_token, NOW).jti for done in (one, other)]
        assert read[0] == read[1]
        assert len(await family(database, first)) == 2


class TestReuse:
    """A token that is used again too late (T4)."""

    async def test_the_grace_is_exact(
        self, database: Database, tokens: Tokens, first: SignedIn
    ) -> None:
        """At 30 seconds it still serves, a moment later it ends the login."""
        await sign_in.refresh(database, tokens, first.refresh_token, NOW)
        edge = NOW + sign_in.GRACE
        await sign_in.refresh(database, tokens, first.refresh_token, edge)
        assert (await kept(database, first)).ended_at is None
        with pytest.raises(ReusedToken):
            await sign_in.refresh(
                database, tokens, first.refresh_token, edge + timedelta(microseconds=1)
            )
        login = await kept(database, first)
        assert (login.ended_reason, login.ended_at) == (
            Ended.REUSED,
            edge + timedelta(microseconds=1),
        )

    async def test_the_tenant_is_told_once(
        self, database: Database, tokens: Tokens, first: SignedIn, user: User, tenant: Tenant
    ) -> None:
        """An audit entry and a message name login and user; a second reuse adds nothing."""
        newest = await sign_in.refresh(database, tokens, first.refresh_token, NOW)
        later = NOW + timedelta(minutes=1)
        for token in (first.refresh_token, first.refresh_token, newest.refresh_token):
            with pytest.raises(ReusedToken):
                await sign_in.refresh(database, tokens, token, later)
        auditor = Actor.of_system("test", Permission.AUDIT_READ, tenant_id=tenant.id)
        async with database.session(auditor) as session:
            entries = select(AuditEntry).where(AuditEntry.action == "login.reused")
            (entry,) = (await session.scalars(entries)).all()
            messages = select(OutboxMessage).where(OutboxMessage.topic == "login.reused")
            (message,) = (await session.scalars(messages)).all()
        assert entry.target == f"login {first.actor.sid}"
        assert entry.details == {"user": str(user.id)}
        assert message.payload == {"login": str(first.actor.sid), "user": str(user.id)}

    async def test_parallel_reuse_ends_it_once(
        self, database: Database, tokens: Tokens, first: SignedIn, tenant: Tenant
    ) -> None:
        """Of many who come too late at once one ends the login, and the word is left once."""
        await sign_in.refresh(database, tokens, first.refresh_token, NOW)
        later = NOW + timedelta(minutes=1)
        done = await asyncio.gather(
            *(sign_in.refresh(database, tokens, first.refresh_token, later) for _ in range(TABS)),
            return_exceptions=True,
        )
        assert {type(one) for one in done} == {ReusedToken}
        auditor = Actor.of_system("test", Permission.AUDIT_READ, tenant_id=tenant.id)
        async with database.session(auditor) as session:
            count = select(func.count()).where(AuditEntry.action == "login.reused")
            assert await session.scalar(count) == 1

    async def test_another_login_goes_on(
        self, database: Database, tokens: Tokens, first: SignedIn, user: User, tenant: Tenant
    ) -> None:
        """Reuse ends the family, not the user."""
        other = await people.admit(database, user.id, tenant.id)
        await sign_in.refresh(database, tokens, first.refresh_token, NOW)
        with pytest.raises(ReusedToken):
            await sign_in.refresh(database, tokens, first.refresh_token, NOW + timedelta(minutes=1))
        async with database.session(other) as session:
            shown = await session.scalars(select(Login.ended_at).where(Login.id == other.sid))
            assert shown.all() == [None]

    async def test_an_operators_login_has_no_tenant_to_tell(
        self, database: Database, tokens: Tokens
    ) -> None:
        """The platform's own login ends all the same."""
        operator = await people.make_user(database, password=PASSWORD, is_operator=True)
        done = await sign_in.sign_in(
            database, tokens, email=operator.email, password=PASSWORD, tenant=None,
            user_agent="tests", address="127.0.0.1", now=NOW,
        )  # fmt: skip
        await sign_in.refresh(database, tokens, done.refresh_token, NOW)
        with pytest.raises(ReusedToken):
            await sign_in.refresh(database, tokens, done.refresh_token, NOW + timedelta(minutes=1))
        assert (await kept(database, done)).ended_reason == Ended.REUSED


class TestEdges:
    """15 minutes and 7 days, to the second (T8)."""

    async def test_a_login_lasts_seven_days(
        self, database: Database, tokens: Tokens, first: SignedIn
    ) -> None:
        """However often it is refreshed, it ends 7 days after it began."""
        login = await kept(database, first)
        assert login.expires_at == NOW + timedelta(days=7)
        last = login.expires_at - timedelta(seconds=1)
        done = await sign_in.refresh(database, tokens, first.refresh_token, last)
        with pytest.raises(BadToken):
            await sign_in.refresh(database, tokens, done.refresh_token, login.expires_at)

    async def test_an_access_token_ends_with_its_login(
        self, database: Database, tokens: Tokens, first: SignedIn
    ) -> None:
        """Refreshed 15 minutes before the end it lasts as ever; later, no longer than the login."""
        end = NOW + timedelta(days=7)
        full = await sign_in.refresh(
            database, tokens, first.refresh_token, end - timedelta(minutes=15)
        )
        short = await sign_in.refresh(
            database, tokens, full.refresh_token, end - timedelta(minutes=1)
        )
        assert (full.expires_in, short.expires_in) == (900, 60)
        for done in (full, short):
            claims = tokens.read_access(done.access_token, end - timedelta(seconds=1))
            assert claims.sid == first.actor.sid
            with pytest.raises(BadToken):
                tokens.read_access(done.access_token, end)


class TestEnded:
    """What a login that has ended answers to who refreshes it."""

    async def test_it_says_that_the_password_was_changed(
        self, database: Database, tokens: Tokens, tenant: Tenant
    ) -> None:
        """The log-in page has words for it."""
        user = await people.make_user(database, password=PASSWORD)
        await people.join(database, tenant.id, user.id, Role.ANALYST)
        done = await sign_in.sign_in(
            database, tokens, email=user.email, password=PASSWORD, tenant=None,
            user_agent="tests", address="127.0.0.1", now=NOW,
        )  # fmt: skip
        async with database.session(SYSTEM) as session:
            await identity.change_password(
                session, SYSTEM, user_id=user.id, password="wrong donkey capacitor", now=NOW
            )
        with pytest.raises(PasswordChanged):
            await sign_in.refresh(database, tokens, done.refresh_token, NOW)

    async def test_a_refresh_in_vain_ends_it(
        self, database: Database, tokens: Tokens, tenant: Tenant
    ) -> None:
        """A removed member's login does not rise again when the member comes back."""
        user = await people.make_user(database, password=PASSWORD)
        membership = await people.join(database, tenant.id, user.id, Role.ANALYST)
        done = await sign_in.sign_in(
            database, tokens, email=user.email, password=PASSWORD, tenant=None,
            user_agent="tests", address="127.0.0.1", now=NOW,
        )  # fmt: skip
        await people.leave(database, tenant.id, membership)
        with pytest.raises(SignedOut):
            await sign_in.refresh(database, tokens, done.refresh_token, NOW)
        assert (await kept(database, done)).ended_reason == Ended.REVOKED
        await people.join(database, tenant.id, user.id, Role.ANALYST)
        with pytest.raises(SignedOut):
            await sign_in.refresh(database, tokens, done.refresh_token, NOW)

    async def test_it_was_last_seen_when_it_was_refreshed(
        self, database: Database, tokens: Tokens, first: SignedIn
    ) -> None:
        """A refresh is a sign of life."""
        later = NOW + timedelta(hours=1)
        await sign_in.refresh(database, tokens, first.refresh_token, later)
        assert (await kept(database, first)).last_seen_at == later
