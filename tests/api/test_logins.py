"""One's own log-ins over HTTP: seen, left, and ended by another password."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from tests.api.conftest import MakeClient, assert_problem, bearer, open_client
from tests.conftest import MakeActor
from tests.support import people
from workbench.access import queries
from workbench.access.sign_in import SYSTEM
from workbench.actor import Actor
from workbench.api import app as api
from workbench.audit.models import AuditEntry
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.identity.models import Login, User
from workbench.identity.tokens import Claims, Tokens
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

URL = "/api/v1/auth/logins"
EVERYWHERE = "/api/v1/auth/logout-everywhere"
PASSWORD_URL = "/api/v1/auth/password"
ME = "/api/v1/auth/me"
PASSWORD = "correct horse battery staple"
ANOTHER = "wrong donkey capacitor paperclip"


@pytest.fixture
async def user(database: Database, tenant: Tenant) -> User:
    """An analyst of the tenant."""
    user = await people.make_user(database)
    await people.join(database, tenant.id, user.id, Role.ANALYST)
    return user


@pytest.fixture
async def clients(
    database: Database, tenant: Tenant, user: User, make_client: MakeClient
) -> list[httpx.AsyncClient]:
    """Three devices on which the user is signed in."""
    return [
        await make_client(await people.admit(database, user.id, tenant.id, device=device))
        for device in ("Firefox", "Chrome", "curl")
    ]


async def mine(client: httpx.AsyncClient) -> dict[str, dict[str, object]]:
    """The log-ins that a client sees, by device."""
    return {item["device"]: item for item in (await client.get(URL)).json()["items"]}


async def statuses(clients: list[httpx.AsyncClient]) -> list[int]:
    """What each client is answered."""
    return [(await client.get(ME)).status_code for client in clients]


class TestList:
    """GET /auth/logins."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Who is not signed in has no log-ins."""
        assert_problem(await anonymous.get(URL), 401, "unauthenticated")

    async def test_shows_ones_own_and_marks_the_present_one(
        self, clients: list[httpx.AsyncClient], stranger: httpx.AsyncClient
    ) -> None:
        """Device, address and times of each; nobody sees another's."""
        seen = await mine(clients[1])
        assert set(seen) == {"Firefox", "Chrome", "curl"}
        assert [seen[d]["is_current"] for d in ("Firefox", "Chrome", "curl")] == [
            False,
            True,
            False,
        ]
        assert {item["address"] for item in seen.values()} == {"127.0.0.1"}
        assert all(item["ended_at"] is item["ended_reason"] is None for item in seen.values())
        theirs = (await stranger.get(URL)).json()["items"]
        assert {item["id"] for item in theirs}.isdisjoint(item["id"] for item in seen.values())

    async def test_comes_page_by_page_with_the_newest_first(
        self, clients: list[httpx.AsyncClient]
    ) -> None:
        """The cursor leads on."""
        first = (await clients[0].get(URL, params={"limit": 2})).json()
        rest = (await clients[0].get(URL, params={"cursor": first["next_cursor"]})).json()
        devices = [item["device"] for item in first["items"] + rest["items"]]
        assert devices == ["curl", "Chrome", "Firefox"]

    async def test_says_why_one_ended(self, clients: list[httpx.AsyncClient]) -> None:
        """Left here, left from elsewhere: each is told."""
        await clients[2].post("/api/v1/auth/logout")
        first = await mine(clients[0])
        await clients[0].delete(f"{URL}/{first['Chrome']['id']}")
        seen = await mine(clients[0])
        assert seen["curl"]["ended_reason"] == "signed_out"
        assert seen["Chrome"]["ended_reason"] == "signed_out_elsewhere"
        assert seen["Firefox"]["ended_reason"] is None

    async def test_is_for_people(
        self, app: FastAPI, database: Database, tokens: Tokens, user: User, tenant: Tenant
    ) -> None:
        """A run sees and ends no log-ins, tries no password, and leaves no tenant for its user."""
        claims = Claims(new_id(), user.id, tenant.id)
        async with database.session(Actor.of_system("test", tenant_id=tenant.id)) as session:
            run = await queries.admit(session, claims, datetime.now(UTC) + timedelta(hours=1))
        assert run is not None
        login = await people.admit(database, user.id, tenant.id)
        passwords = {"current_password": PASSWORD, "new_password": ANOTHER}
        async with open_client(app, {"Authorization": f"Bearer {bearer(tokens, run)}"}) as client:
            assert (await client.get(ME)).status_code == 200
            for answer in (
                await client.get(URL),
                await client.delete(f"{URL}/{login.sid}"),
                await client.post(EVERYWHERE),
                await client.delete("/api/v1/members/me"),
                await client.post(PASSWORD_URL, json=passwords),
            ):
                assert_problem(answer, 403, "no_login")


class TestSeen:
    """When a log-in was last seen."""

    async def test_is_noted_once_a_minute(
        self, settings: Settings, database: Database, storage: Storage, actor: Actor,
        tokens: Tokens,
    ) -> None:  # fmt: skip
        """A request notes it, the next ones of that minute do not, and a later one does again."""
        start = datetime.now(UTC)
        times = [start]
        app = api.create(settings, database, storage, clock=lambda: times[-1])
        seen = []
        async with open_client(app, {"Authorization": f"Bearer {bearer(tokens, actor)}"}) as client:
            for seconds in (0, 59, 61):
                times.append(start + timedelta(seconds=seconds))
                assert (await client.get(ME)).status_code == 200
                async with database.session(SYSTEM) as session:
                    query = select(Login.last_seen_at).where(Login.id == actor.sid)
                    seen.append(await session.scalar(query))
        assert seen == [start, start, start + timedelta(seconds=61)]


class TestLeave:
    """DELETE /auth/logins/{id}."""

    async def test_ends_one_and_no_other(self, clients: list[httpx.AsyncClient]) -> None:
        """The device that was left is out at its next request; twice is as good as once."""
        target = (await mine(clients[0]))["Chrome"]["id"]
        for _ in range(2):
            assert (await clients[0].delete(f"{URL}/{target}")).status_code == 204
        assert await statuses(clients) == [200, 401, 200]

    async def test_ends_the_present_one_too(self, clients: list[httpx.AsyncClient]) -> None:
        """Leaving here forgets the cookies."""
        target = (await mine(clients[0]))["Firefox"]["id"]
        left = await clients[0].delete(f"{URL}/{target}")
        assert all("Max-Age=0" in cookie for cookie in left.headers.get_list("set-cookie"))
        assert await statuses(clients) == [401, 200, 200]

    async def test_finds_no_other_persons(
        self, clients: list[httpx.AsyncClient], stranger: httpx.AsyncClient
    ) -> None:
        """Another's log-in is as absent as none (A1), and goes on."""
        theirs = (await stranger.get(URL)).json()["items"][0]["id"]
        bodies = []
        for target in (theirs, str(uuid4())):
            refused = await clients[0].delete(f"{URL}/{target}")
            assert_problem(refused, 404, "not_found")
            bodies.append(refused.json() | {"request_id": ""})
        assert bodies[0] == bodies[1]
        assert (await stranger.get(ME)).status_code == 200


class TestEverywhere:
    """POST /auth/logout-everywhere."""

    async def test_ends_all(self, clients: list[httpx.AsyncClient]) -> None:
        """Every device is out, this one too."""
        assert (await clients[0].post(EVERYWHERE)).status_code == 204
        assert await statuses(clients) == [401] * 3

    async def test_may_keep_the_present_one(
        self, clients: list[httpx.AsyncClient], stranger: httpx.AsyncClient
    ) -> None:
        """Here it goes on, and so does everybody else."""
        assert (await clients[0].post(EVERYWHERE, json={"keep_current": True})).status_code == 204
        assert await statuses([*clients, stranger]) == [200, 401, 401, 200]
        assert (await mine(clients[0]))["curl"]["ended_reason"] == "signed_out_everywhere"


async def log_in(client: httpx.AsyncClient, user: User, password: str = PASSWORD) -> httpx.Response:
    """Sign in, as a program does."""
    order = {"email": user.email, "password": password}
    answer = await client.post("/api/v1/auth/login", json=order)
    client.cookies.clear()
    return answer


class TestPassword:
    """POST /auth/password."""

    @pytest.fixture
    async def user(self, database: Database, tenant: Tenant) -> User:
        """An analyst of the tenant with a password."""
        user = await people.make_user(database, password=PASSWORD)
        await people.join(database, tenant.id, user.id, Role.ANALYST)
        return user

    async def test_changes_it_and_ends_the_others(
        self, clients: list[httpx.AsyncClient], user: User, database: Database, tenant: Tenant
    ) -> None:
        """The new one signs in and the old one does not; the tenant's audit tells of it."""
        order = {"current_password": PASSWORD, "new_password": ANOTHER}
        assert (await clients[0].post(PASSWORD_URL, json=order)).status_code == 204
        assert await statuses(clients) == [200, 401, 401]
        assert_problem(await log_in(clients[1], user), 401, "wrong_password")
        assert (await log_in(clients[2], user, ANOTHER)).status_code == 200
        auditor = Actor.of_system("test", Permission.AUDIT_READ, tenant_id=tenant.id)
        async with database.session(auditor) as session:
            entries = select(AuditEntry.target).where(AuditEntry.action == "password.change")
            assert (await session.scalars(entries)).all() == [f"user {user.id}"]

    async def test_asks_for_the_present_one(self, clients: list[httpx.AsyncClient]) -> None:
        """A stolen log-in is not enough; whatever is wrong with the answer, it is one error."""
        for wrong in ("no horse battery staple", "", "a" * 100, "nul\0nul"):
            order = {"current_password": wrong, "new_password": ANOTHER}
            refused = await clients[0].post(PASSWORD_URL, json=order)
            assert_problem(refused, 403, "wrong_password")
        assert await statuses(clients) == [200] * 3

    @pytest.mark.parametrize(
        "new", ["short", "a" * 73, "password1234", "qwertyuiop12", "nul\0inside the password"]
    )
    async def test_refuses_a_bad_one(self, clients: list[httpx.AsyncClient], new: str) -> None:
        """Too short, too long, or one of those that everybody tries first; nothing has changed."""
        order = {"current_password": PASSWORD, "new_password": new}
        refused = await clients[0].post(PASSWORD_URL, json=order)
        assert_problem(refused, 422, "bad_password")
        assert refused.json()["errors"][0]["place"] == "password"
        assert await statuses(clients) == [200] * 3

    async def test_refuses_the_own_address(
        self, clients: list[httpx.AsyncClient], user: User
    ) -> None:
        """What stands on everybody's card is no secret."""
        for new in (user.email, user.email.upper(), f"{user.email}1"):
            order = {"current_password": PASSWORD, "new_password": new}
            refused = await clients[0].post(PASSWORD_URL, json=order)
            assert_problem(refused, 422, "bad_password")

    async def test_counts_for_the_account(
        self, settings: Settings, database: Database, storage: Storage, user: User
    ) -> None:
        """Tries of the present password are as few as tries at the log-in."""
        few = settings.model_copy(update={"login_limit": "3/minute"})
        app = api.create(few, database, storage)
        async with open_client(app) as client:
            token = (await log_in(client, user)).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            order = {"current_password": "no horse battery", "new_password": ANOTHER}
            answers = [await client.post(PASSWORD_URL, json=order) for _ in range(7)]
        # Three of everybody, and three of the address that the account is known at.
        assert [answer.status_code for answer in answers] == [403] * 6 + [429]


class TestMembership:
    """DELETE /members/me."""

    async def test_leaves_the_tenant(
        self, make_client: MakeClient, make_actor: MakeActor, tenant: Tenant, database: Database
    ) -> None:
        """A viewer, who manages nobody, may still go; the audit names the viewer."""
        owner, viewer = [await make_actor(tenant, role) for role in (Role.OWNER, Role.VIEWER)]
        client = await make_client(viewer)
        assert (await client.get(ME)).status_code == 200
        assert (await client.delete("/api/v1/members/me")).status_code == 204
        assert_problem(await client.get(ME), 401, "signed_out")
        async with database.session(owner) as session:
            entries = select(AuditEntry).where(AuditEntry.action == "member.leave")
            (entry,) = (await session.scalars(entries)).all()
        assert entry.subject == entry.target == str(viewer.user_id)

    @pytest.mark.acts_as("owner")
    async def test_keeps_the_last_owner(
        self, client: httpx.AsyncClient, make_actor: MakeActor, tenant: Tenant
    ) -> None:
        """Alone an owner stays; beside a second one the owner may go (A11)."""
        assert_problem(await client.delete("/api/v1/members/me"), 409, "last_owner")
        await make_actor(tenant, Role.OWNER)
        assert (await client.delete("/api/v1/members/me")).status_code == 204

    async def test_refuses_the_operator(self, operating: httpx.AsyncClient) -> None:
        """Who belongs to no tenant leaves none."""
        assert_problem(await operating.delete("/api/v1/members/me"), 403)
