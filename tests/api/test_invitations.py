"""Invitations: made, listed, sent again, taken back, and accepted by whom they were meant for."""

import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from tests.api.conftest import MakeClient, assert_problem, open_client
from tests.conftest import MakeActor
from tests.support import mailbox, people
from workbench.access import queries
from workbench.access.models import Membership
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant

PASSWORD = "correct horse battery staple"
OTHER_PASSWORD = "another horse battery staple"
INVITATIONS = "/api/v1/invitations"


@pytest.fixture
async def boss(make_actor: MakeActor, tenant: Tenant) -> Actor:
    """An owner of the tenant."""
    return await make_actor(tenant, Role.OWNER)


@pytest.fixture
async def owner(make_client: MakeClient, boss: Actor) -> httpx.AsyncClient:
    """A client of the owner."""
    return await make_client(boss)


def address() -> str:
    """An address that nobody has."""
    return f"{new_id().hex}@newcomer.example"


async def invite(owner: httpx.AsyncClient, email: str, role: str = "analyst") -> httpx.Response:
    """Invite an address."""
    return await owner.post(INVITATIONS, json={"email": email, "role": role})


async def accept(client: httpx.AsyncClient, token: str, **said: str) -> httpx.Response:
    """Accept what a token offers."""
    return await client.post(f"{INVITATIONS}/accept", json={"token": token, **said})


async def role_of(database: Database, tenant: Tenant, email: str) -> str | None:
    """The role that an address holds in a tenant."""
    looking = Actor.of_system("test", Permission.MEMBER_READ, tenant_id=tenant.id)
    async with database.session(looking) as session:
        for membership, user in await session.execute(queries.members(looking)):
            if user.email == email:
                return str(membership.role)
    return None


class TestInvite:
    """POST /invitations and what can be done with one."""

    async def test_it_is_made_shown_and_listed(
        self, owner: httpx.AsyncClient, stranger: httpx.AsyncClient
    ) -> None:
        """The tenant sees its invitation, another tenant does not."""
        email = address()
        made = await invite(owner, email.upper())
        assert made.status_code == 201
        assert (made.json()["email"], made.json()["status"]) == (email, "open")
        shown = await owner.get(made.headers["location"])
        assert shown.json() == made.json()
        assert shown.headers["etag"] == made.headers["etag"]
        listed = await owner.get(INVITATIONS)
        assert [item["email"] for item in listed.json()["items"]] == [email]
        assert_problem(await stranger.get(made.headers["location"]), 404, "not_found")
        assert_problem(await stranger.delete(made.headers["location"]), 404, "not_found")
        again = await stranger.post(f"{made.headers['location']}/resend")
        assert_problem(again, 404, "not_found")
        assert (await stranger.get(INVITATIONS)).json()["items"] == []

    @pytest.mark.parametrize("role", ["guest", "viewer", "analyst", "engineer"])
    async def test_it_needs_who_manages_members(
        self, make_client: MakeClient, make_actor: MakeActor, tenant: Tenant, role: str
    ) -> None:
        """Nobody below an owner invites or sees invitations."""
        client = await make_client(await make_actor(tenant, role))
        assert_problem(await invite(client, address()), 403, "forbidden")
        assert_problem(await client.get(INVITATIONS), 403, "forbidden")

    async def test_it_answers_alike_whether_there_is_an_account(
        self, owner: httpx.AsyncClient, database: Database
    ) -> None:
        """An address with an account elsewhere is invited as one without."""
        user = await people.make_user(database, password=PASSWORD)
        known, unknown = await invite(owner, user.email), await invite(owner, address())
        assert known.status_code == unknown.status_code == 201
        differing = {"id", "email", "created_at", "expires_at"}
        assert {k: v for k, v in known.json().items() if k not in differing} == {
            k: v for k, v in unknown.json().items() if k not in differing
        }

    async def test_it_is_refused_for_members_and_twice(
        self, owner: httpx.AsyncClient, database: Database, tenant: Tenant
    ) -> None:
        """A member needs none, and one that waits is sent again rather than made anew."""
        user = await people.make_user(database)
        await people.join(database, tenant.id, user.id, Role.VIEWER)
        assert_problem(await invite(owner, user.email), 409, "already_member")
        email = address()
        made = await invite(owner, email)
        assert_problem(await invite(owner, email), 409, "already_invited")
        assert (await owner.delete(made.headers["location"])).status_code == 204
        assert (await invite(owner, email)).status_code == 201

    @pytest.mark.parametrize("email", ["nobody", "a@b@c.example", "a\r\nBcc: x@y.example", "@x.y"])
    async def test_it_is_refused_for_no_address(self, owner: httpx.AsyncClient, email: str) -> None:
        """What is no address never becomes a header."""
        assert_problem(await invite(owner, email), 422, "invalid")

    async def test_it_gives_no_role_of_the_platform(self, owner: httpx.AsyncClient) -> None:
        """An operator is not made by a tenant."""
        assert_problem(await invite(owner, address(), "operator"), 422, "invalid")

    async def test_a_stale_state_is_not_taken_back(self, owner: httpx.AsyncClient) -> None:
        """Who saw another state than the present one is told so."""
        made = await invite(owner, address())
        place, seen = made.headers["location"], {"If-Match": made.headers["etag"]}
        assert (await owner.post(f"{place}/resend")).status_code == 200
        assert_problem(await owner.delete(place, headers=seen), 412, "stale")
        now = (await owner.get(place)).headers["etag"]
        assert (await owner.delete(place, headers={"If-Match": now})).status_code == 204

    async def test_mail_is_limited(
        self, settings: Settings, database: Database, storage: Storage, owner: httpx.AsyncClient
    ) -> None:
        """Who sends much is stopped, and so is who sends much to one address."""
        strict = settings.model_copy(update={"mail_limit": "2/hour", "rate_limit": "1000/minute"})
        async with open_client(api.create(strict, database, storage)) as client:
            client.headers = owner.headers
            answers = [(await invite(client, address())).status_code for _ in range(3)]
            assert answers == [201, 201, 429]
            assert (await client.get(INVITATIONS)).status_code == 200


class TestAccept:
    """POST /invitations/accept."""

    async def test_a_newcomer_gets_an_account(
        self,
        owner: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        database: Database,
        settings: Settings,
        tenant: Tenant,
    ) -> None:
        """Name and password make an account with the place that was offered; then it is spent."""
        email = address()
        await invite(owner, email, "engineer")
        token = await mailbox.token(database, settings, email)
        shown = await anonymous.post(f"{INVITATIONS}/show", json={"token": token})
        assert shown.json() == {
            "email": email,
            "tenant": tenant.slug,
            "tenant_name": tenant.name,
            "role": "engineer",
            "has_account": False,
        }
        assert_problem(await accept(anonymous, token), 422, "invalid")
        short = await accept(anonymous, token, name="Ann", password="short")
        assert_problem(short, 422, "bad_password")
        done = await accept(anonymous, token, name="Ann", password=PASSWORD)
        assert done.status_code == 200, done.text
        assert await role_of(database, tenant, email) == "engineer"
        login = {"email": email, "password": PASSWORD}
        assert (await anonymous.post("/api/v1/auth/login", json=login)).status_code == 200
        anonymous.cookies.clear()
        again = await accept(anonymous, token, name="Eve", password=OTHER_PASSWORD)
        assert_problem(again, 404, "bad_link")
        (item,) = (await owner.get(INVITATIONS)).json()["items"]
        assert item["status"] == "accepted"

    async def test_an_account_proves_its_password(
        self,
        owner: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        database: Database,
        settings: Settings,
        tenant: Tenant,
    ) -> None:
        """Whoever reads the mail of somebody with an account still needs the password."""
        user = await people.make_user(database, password=PASSWORD)
        await invite(owner, user.email)
        token = await mailbox.token(database, settings, user.email)
        wrong = await accept(anonymous, token, password=OTHER_PASSWORD)
        assert_problem(wrong, 401, "wrong_password")
        assert_problem(await accept(anonymous, token), 401, "wrong_password")
        renamed = await accept(anonymous, token, name="Eve", password=OTHER_PASSWORD)
        assert_problem(renamed, 401, "wrong_password")
        assert await role_of(database, tenant, user.email) is None
        assert (await accept(anonymous, token, password=PASSWORD)).status_code == 200
        assert await role_of(database, tenant, user.email) == "analyst"

    async def test_who_is_signed_in_needs_no_password(
        self,
        owner: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        make_client: MakeClient,
        database: Database,
        settings: Settings,
        tenant: Tenant,
        other_tenant: Tenant,
    ) -> None:
        """Signed in as the invited user is proof; signed in as anybody else is none (T13)."""
        user = await people.make_user(database, password=PASSWORD)
        await people.join(database, other_tenant.id, user.id, Role.VIEWER)
        himself = await make_client(await people.admit(database, user.id, other_tenant.id))
        await invite(owner, user.email)
        token = await mailbox.token(database, settings, user.email)
        assert_problem(await accept(stranger, token), 401, "wrong_password")
        assert (await accept(himself, token)).status_code == 200
        assert await role_of(database, tenant, user.email) == "analyst"

    async def test_the_inviter_is_told(
        self,
        owner: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        database: Database,
        settings: Settings,
        boss: Actor,
    ) -> None:
        """The inviter gets a mail that names the address and the role."""
        email = address()
        await invite(owner, email)
        token = await mailbox.token(database, settings, email)
        await accept(anonymous, token, name="Ann", password=PASSWORD)
        assert boss.user_id is not None
        told = await mailbox.latest(database, settings, await mailbox.address(database, boss))
        assert told["Subject"] == f"{email} has joined A tenant"

    async def test_an_invitation_ends(
        self,
        owner: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        database: Database,
        settings: Settings,
        storage: Storage,
    ) -> None:
        """Taken back, sent again or a week old, the link of before leads nowhere (T13)."""
        email = address()
        place = (await invite(owner, email)).headers["location"]
        first = await mailbox.token(database, settings, email)
        await owner.post(f"{place}/resend")
        second = await mailbox.token(database, settings, email)
        assert_problem(await show(anonymous, first), 404, "bad_link")
        assert (await show(anonymous, second)).status_code == 200
        later = datetime.now(UTC) + timedelta(days=7, minutes=1)
        async with open_client(
            api.create(settings, database, storage, clock=lambda: later)
        ) as in_a_week:
            assert_problem(await show(in_a_week, second), 404, "bad_link")
        await owner.delete(place)
        assert_problem(await show(anonymous, second), 404, "bad_link")
        gone = await accept(anonymous, second, name="Ann", password=PASSWORD)
        assert_problem(gone, 404, "bad_link")

    async def test_it_ends_with_its_inviter(
        self,
        owner: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        database: Database,
        settings: Settings,
        tenant: Tenant,
        boss: Actor,
        make_actor: MakeActor,
    ) -> None:
        """A removed owner does not come back through an invitation of his own."""
        email = address()
        await invite(owner, email, "owner")
        token = await mailbox.token(database, settings, email)
        assert (await show(anonymous, token)).status_code == 200
        await make_actor(tenant, Role.OWNER)  # a tenant keeps one
        looking = Actor.of_system("test", Permission.MEMBER_READ, tenant_id=tenant.id)
        async with database.session(looking) as session:
            mine = select(Membership.id).where(Membership.user_id == boss.user_id)
            membership_id: UUID | None = await session.scalar(mine)
        assert membership_id is not None
        await people.leave(database, tenant.id, membership_id)
        assert_problem(await show(anonymous, token), 404, "bad_link")

    async def test_it_ends_with_its_tenant(
        self,
        owner: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        database: Database,
        settings: Settings,
        tenant: Tenant,
    ) -> None:
        """Nobody joins a suspended tenant; resumed, it takes newcomers again."""
        email = address()
        await invite(owner, email)
        token = await mailbox.token(database, settings, email)
        async with database.session(people.FOUNDER) as session:
            await tenants.suspend(session, people.FOUNDER, tenant.id, datetime.now(UTC))
        assert_problem(await show(anonymous, token), 404, "bad_link")
        async with database.session(people.FOUNDER) as session:
            await tenants.resume(session, people.FOUNDER, tenant.id)
        assert (await show(anonymous, token)).status_code == 200

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "\x00", "é" * 100])
    async def test_it_takes_no_other_token(self, anonymous: httpx.AsyncClient, token: str) -> None:
        """What we did not make is answered as what has ended."""
        assert_problem(await show(anonymous, token), 404, "bad_link")

    async def test_no_token_is_kept_or_logged(
        self,
        owner: httpx.AsyncClient,
        anonymous: httpx.AsyncClient,
        database: Database,
        settings: Settings,
        lines: io.StringIO,
    ) -> None:
        """The token is in the mail alone: not in the log, nor in the row of the mail."""
        email = address()
        await invite(owner, email)
        token = await mailbox.token(database, settings, email)
        await accept(anonymous, token, name="Ann", password=PASSWORD)
        assert "/api/v1/invitations/accept" in lines.getvalue()
        assert token not in lines.getvalue()
        assert PASSWORD not in lines.getvalue()
        assert await mailbox.rows_with(database, token.rpartition(".")[2]) == 0
        assert await mailbox.rows_with(database, email) > 0


async def show(client: httpx.AsyncClient, token: str) -> httpx.Response:
    """Look at what a token offers."""
    return await client.post(f"{INVITATIONS}/show", json={"token": token})
