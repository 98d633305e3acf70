"""Rate limits: by user, by address, by account; and what no header can change."""

import time

import pytest
from fastapi import FastAPI

from tests.api.conftest import assert_problem, bearer, open_client
from tests.conftest import MakeActor
from tests.support import people
from workbench.actor import Actor
from workbench.api import app as api
from workbench.api.limits import ADDRESS_SHARE, Limiter
from workbench.api.memory import Memory
from workbench.db.session import Database
from workbench.errors import Invalid, TooMany
from workbench.identity.tokens import Tokens
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

ME = "/api/v1/auth/me"
LOGIN = "/api/v1/auth/login"
PASSWORD = "correct horse battery staple"


@pytest.fixture
def narrow(settings: Settings, database: Database, storage: Storage) -> FastAPI:
    """An application with limits that a test reaches, in windows that no test crosses."""
    few = settings.model_copy(update={"rate_limit": "5/hour", "login_limit": "3/hour"})
    return api.create(few, database, storage)


class TestUser:
    """The limit of a signed-in user on one route."""

    async def test_is_told_and_kept(self, narrow: FastAPI, tokens: Tokens, actor: Actor) -> None:
        """Each answer tells what is left; one request too many is refused with a time to wait."""
        headers = {"Authorization": f"Bearer {bearer(tokens, actor)}"}
        async with open_client(narrow, headers) as client:
            answers = [await client.get(ME) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[0].headers["ratelimit-policy"] == '"default";q=5;w=3600'
        assert answers[0].headers["ratelimit"].startswith('"default";r=4;t=')
        assert_problem(answers[-1], 429, "too_many")
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 3600
        assert answers[-1].headers["ratelimit"].startswith('"default";r=0;t=')

    async def test_belongs_to_one_user_and_one_route(
        self, narrow: FastAPI, tokens: Tokens, actor: Actor, make_actor: MakeActor,
        tenant: Tenant, other_tenant: Tenant,
    ) -> None:  # fmt: skip
        """Who reaches a limit slows neither a colleague nor another tenant nor its other routes."""
        others = [await make_actor(tenant, Role.VIEWER), await make_actor(other_tenant, "owner")]
        async with open_client(narrow) as client:
            for _ in range(6):
                await client.get(ME, headers=auth(tokens, actor))
            last = await client.get(ME, headers=auth(tokens, actor))
            assert last.status_code == 429
            for other in others:
                assert (await client.get(ME, headers=auth(tokens, other))).status_code == 200
            again = await client.get("/api/v1/tenants", headers=auth(tokens, actor))
            assert again.status_code == 200


class TestAddress:
    """The limit of an address at which nobody is signed in."""

    async def test_is_not_reset_by_headers(self, narrow: FastAPI) -> None:
        """No header makes one address many; another address has its own count."""
        async with open_client(narrow, address="192.0.2.1") as client:
            for number in range(6):
                spoofed = {
                    "X-Forwarded-For": f"198.51.100.{number}",
                    "X-Real-IP": f"198.51.100.{number}",
                    "Forwarded": f"for=198.51.100.{number}",
                    "Authorization": f"Bearer wrong{number}",
                }
                last = await client.get(ME, headers=spoofed)
                assert last.status_code == (401 if number < 5 else 429)
        async with open_client(narrow, address="192.0.2.2") as client:
            assert_problem(await client.get(ME), 401)

    async def test_covers_health_and_docs(self, narrow: FastAPI) -> None:
        """Routes for everybody have a limit too."""
        for url in ("/health/live", "/metrics", "/docs", "/openapi.json"):
            async with open_client(narrow, address="192.0.2.3") as client:
                answers = [await client.get(url) for _ in range(6)]
            assert [answer.status_code for answer in answers] == [200] * 5 + [429]

    async def test_counts_bodies_that_nobody_reads(self, narrow: FastAPI) -> None:
        """A request is counted before its body is read."""
        async with open_client(narrow, address="192.0.2.4") as client:
            answers = [await client.post("/api/v1/tenants", content=b"{") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]


class TestLogin:
    """The limits of log-ins."""

    async def test_guards_an_account_from_many_addresses(self, narrow: FastAPI) -> None:
        """Guesses at one account are few, wherever they come from and however it is written."""
        order = {"email": "someone@workbench.example", "password": "a wrong password"}
        for number in range(3):
            async with open_client(narrow, address=f"203.0.113.{number}") as client:
                assert_problem(await client.post(LOGIN, json=order), 401, "wrong_password")
        async with open_client(narrow, address="203.0.113.9") as client:
            shouted = order | {"email": "SomeOne@Workbench.example"}
            assert_problem(await client.post(LOGIN, json=shouted), 429, "too_many")
            other = order | {"email": "other@workbench.example"}
            assert_problem(await client.post(LOGIN, json=other), 401, "wrong_password")

    async def test_guards_all_accounts_from_one_address(self, narrow: FastAPI) -> None:
        """Guesses from one address are limited over all accounts, and refused ones are cheap."""
        async with open_client(narrow, address="203.0.113.50") as client:
            statuses = [
                (await client.post(LOGIN, json={"email": f"u{n}"})).status_code
                for n in range(3 * ADDRESS_SHARE + 1)
            ]
        assert statuses == [422] * 3 * ADDRESS_SHARE + [429]


class TestStrangers:
    """Guesses of strangers at the account of somebody who is at home elsewhere."""

    @pytest.fixture
    def narrow(self, settings: Settings, database: Database, storage: Storage) -> FastAPI:
        """An application with limits that no slow test outlives."""
        few = settings.model_copy(update={"login_limit": "3/hour"})
        return api.create(few, database, storage)

    @pytest.fixture
    async def order(self, database: Database, tenant: Tenant) -> dict[str, str]:
        """The log-in of a member."""
        user = await people.make_user(database, password=PASSWORD)
        await people.join(database, tenant.id, user.id, Role.VIEWER)
        return {"email": user.email, "password": PASSWORD}

    async def test_shut_nobody_out(self, narrow: FastAPI, order: dict[str, str]) -> None:
        """While strangers are over the limit, an address that is known to the account gets in."""
        home, away = "198.51.100.1", "198.51.100.2"
        async with open_client(narrow, address=home) as client:
            assert (await client.post(LOGIN, json=order)).status_code == 200
        async with open_client(narrow, address=away) as client:
            wrong = order | {"password": "a wrong password"}
            tries = [(await client.post(LOGIN, json=wrong)).status_code for _ in range(4)]
            assert tries == [401] * 3 + [429]
            assert_problem(await client.post(LOGIN, json=order), 429, "too_many")
        async with open_client(narrow, address=home) as client:
            assert (await client.post(LOGIN, json=order)).status_code == 200

    async def test_are_few_at_home_too(self, narrow: FastAPI, order: dict[str, str]) -> None:
        """The known address has no more tries of its own than anybody."""
        async with open_client(narrow, address="198.51.100.3") as client:
            assert (await client.post(LOGIN, json=order)).status_code == 200
            wrong = order | {"password": "a wrong password"}
            tries = [(await client.post(LOGIN, json=wrong)).status_code for _ in range(7)]
        assert tries == [401] * 6 + [429]

    async def test_reset_no_address_with_an_account_of_their_own(
        self, narrow: FastAPI, order: dict[str, str]
    ) -> None:
        """A log-in that succeeds forgets the account's tries, and none of the address's (T11)."""
        async with open_client(narrow, address="198.51.100.4") as client:
            statuses = [
                (await client.post(LOGIN, json={"email": f"u{n}"} if n % 6 else order)).status_code
                for n in range(3 * ADDRESS_SHARE + 1)
            ]
        assert statuses == [200, *[422] * 5] * 3 + [429]


class TestProxies:
    """Where a request comes from, when a proxy stands in between."""

    @pytest.fixture
    def behind(self, settings: Settings, database: Database, storage: Storage) -> FastAPI:
        """An application that trusts the proxies of one network."""
        given = {"rate_limit": "5/minute", "trusted_proxies": "10.0.0.0/8, 2001:db8::/32"}
        return api.create(settings.model_copy(update=given), database, storage)

    async def test_tell_clients_apart(self, behind: FastAPI) -> None:
        """Each client of the proxy has a count of its own."""
        async with open_client(behind, address="10.1.2.3") as client:
            for number in range(6):
                headers = {"X-Forwarded-For": f"198.51.100.{number}"}
                assert (await client.get(ME, headers=headers)).status_code == 401

    async def test_are_believed_no_more_than_they_saw(self, behind: FastAPI) -> None:
        """What a client writes itself stands to the left of what the proxy has seen."""
        async with open_client(behind, address="10.1.2.3") as client:
            seen = [f"198.51.100.{number}, 192.0.2.77, 10.9.9.9" for number in range(6)]
            answers = [await client.get(ME, headers={"X-Forwarded-For": one}) for one in seen]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]

    async def test_are_nobody_elses_business(self, behind: FastAPI) -> None:
        """An address outside the network chooses nothing, although proxies are trusted."""
        async with open_client(behind, address="192.0.2.78") as client:
            seen = [f"198.51.100.{number}" for number in range(6)]
            answers = [await client.get(ME, headers={"X-Forwarded-For": one}) for one in seen]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]

    async def test_make_cookies_secure(
        self, settings: Settings, database: Database, storage: Storage, tenant: Tenant
    ) -> None:
        """Behind a proxy that speaks https they are Secure; a stranger's word changes nothing."""
        given = settings.model_copy(update={"trusted_proxies": "10.0.0.0/8"})
        app = api.create(given, database, storage)
        user = await people.make_user(database, password=PASSWORD)
        await people.join(database, tenant.id, user.id, Role.VIEWER)
        order = {"email": user.email, "password": PASSWORD}
        for address, is_secure in (("10.0.0.1", True), ("192.0.2.79", False)):
            headers = {"X-Forwarded-Proto": "https"}
            async with open_client(app, headers, address=address) as client:
                cookies = (await client.post(LOGIN, json=order)).headers.get_list("set-cookie")
            assert ["Secure" in cookie for cookie in cookies] == [is_secure] * 2

    @pytest.mark.parametrize("networks", ["proxy.example", "10.0.0.0/33", "*", "10.0.0"])
    def test_are_networks(
        self, settings: Settings, database: Database, storage: Storage, networks: str
    ) -> None:
        """What is no network stops the start, rather than trusting nobody or everybody."""
        given = settings.model_copy(update={"trusted_proxies": networks})
        with pytest.raises(Invalid, match="WORKBENCH_TRUSTED_PROXIES"):
            api.create(given, database, storage)


class TestLimiter:
    """The counter itself."""

    async def test_lets_exactly_as_many_in_as_it_says(self) -> None:
        """A thousand calls at once count as a thousand."""
        limiter = Limiter("memory://", every="100/minute", login="1/minute")
        let_in = 0
        for _ in range(1000):
            try:
                await limiter.hit("default", "somebody")
                let_in += 1
            except TooMany:
                pass
        assert let_in == 100

    async def test_forgets_what_is_over(self) -> None:
        """Counts whose time has passed are removed, also of those who never come again."""
        memory, now = Memory(), time.time()
        memory.storage |= {"gone": 3, "here": 2}
        memory.expirations |= {"gone": now - 1, "here": now + 60}
        assert await memory.incr("new", 60) == 1
        assert await memory.incr("here", 60) == 3
        assert dict(memory.storage) == {"here": 3, "new": 1}
        assert set(memory.expirations) == {"here", "new"}

    @pytest.mark.parametrize(
        ("url", "every"),
        [("memory://", "many"), ("nonsense://", "1/minute"), ("memory://", "")],
    )
    def test_refuses_bad_settings(self, url: str, every: str) -> None:
        """A limit or a storage that cannot be understood stops the start."""
        with pytest.raises(Invalid):
            Limiter(url, every=every, login="1/minute")


def auth(tokens: Tokens, actor: Actor) -> dict[str, str]:
    """The header that signs an actor in."""
    return {"Authorization": f"Bearer {bearer(tokens, actor)}"}
