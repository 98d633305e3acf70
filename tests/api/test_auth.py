"""Signing in, staying signed in and signing out."""

from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from fastapi import FastAPI

from tests.api.conftest import assert_problem, bearer, open_client
from tests.support import people
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db.session import Database
from workbench.identity import commands as identity
from workbench.identity.models import User
from workbench.identity.tokens import Tokens
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant

PASSWORD = "correct horse battery staple"


@pytest.fixture
async def user(database: Database, tenant: Tenant) -> User:
    """An analyst of the tenant with a password."""
    user = await people.make_user(database, password=PASSWORD)
    await people.join(database, tenant.id, user.id, Role.ANALYST)
    return user


async def sign_in(client: httpx.AsyncClient, user: User, **more: str) -> httpx.Response:
    """Send the log-in of a user."""
    order = {"email": user.email, "password": PASSWORD} | more
    return await client.post("/api/v1/auth/login", json=order)


class TestLogin:
    """POST /auth/login."""

    async def test_refuses_a_wrong_password(self, anonymous: httpx.AsyncClient, user: User) -> None:
        """A wrong password gets a problem and no cookie."""
        response = await sign_in(anonymous, user, password="wrong horse battery staple")
        assert_problem(response, 401, "wrong_password")
        assert "set-cookie" not in response.headers

    async def test_signs_in(self, anonymous: httpx.AsyncClient, user: User) -> None:
        """The right password gets tokens that work."""
        response = await sign_in(anonymous, user)
        assert response.status_code == 200
        body = response.json()
        assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
        assert (body["token_type"], body["expires_in"]) == ("bearer", 900)
        headers = {"Authorization": f"Bearer {body['access_token']}"}
        me = await anonymous.get("/api/v1/auth/me", headers=headers)
        assert me.json()["email"] == user.email

    async def test_answers_an_unknown_user_alike(
        self, anonymous: httpx.AsyncClient, user: User
    ) -> None:
        """Nobody learns from the answer whether an account exists."""
        wrong = await sign_in(anonymous, user, password="wrong horse battery staple")
        unknown = await sign_in(anonymous, user, email="nobody@workbench.example")
        foreign = await sign_in(anonymous, user, tenant="no-such-tenant")
        bodies = [response.json() | {"request_id": ""} for response in (wrong, unknown, foreign)]
        assert bodies[0] == bodies[1] == bodies[2]
        assert wrong.status_code == unknown.status_code == foreign.status_code == 401

    async def test_answers_everybody_who_is_refused_alike(
        self, anonymous: httpx.AsyncClient, user: User, database: Database, tenant: Tenant
    ) -> None:
        """Unknown, disabled, without a password, of a suspended tenant: one body, one header (T10).

        The right password does not tell either that the user is disabled or the tenant suspended.
        """
        bare = await people.make_user(database)
        await people.join(database, tenant.id, bare.id, Role.VIEWER)
        nowhere = await people.make_user(database, password=PASSWORD)
        refused = [
            await sign_in(anonymous, user, password="wrong horse battery staple"),
            await sign_in(anonymous, user, email="nobody@workbench.example"),
            await sign_in(anonymous, user, tenant="no-such-tenant"),
            await sign_in(anonymous, bare),
            await sign_in(anonymous, nowhere),
            await sign_in(anonymous, user, password="a" * 100),
        ]
        assert (await sign_in(anonymous, user)).status_code == 200
        now = datetime.now(UTC)
        async with database.session(people.FOUNDER) as session:
            await tenants.suspend(session, people.FOUNDER, tenant.id, now)
        refused.append(await sign_in(anonymous, user))
        refused.append(await sign_in(anonymous, user, tenant=tenant.slug))
        async with database.session(people.FOUNDER) as session:
            await tenants.resume(session, people.FOUNDER, tenant.id)
            await identity.disable_user(session, people.FOUNDER, user.id, now)
        refused.append(await sign_in(anonymous, user))
        for answer in refused:
            assert_problem(answer, 401, "wrong_password")
        bodies = [answer.json() | {"request_id": ""} for answer in refused]
        headers = [set(answer.headers) for answer in refused]
        assert all(body == bodies[0] for body in bodies)
        assert all(names == headers[0] for names in headers)
        async with database.session(people.FOUNDER) as session:
            await identity.enable_user(session, people.FOUNDER, user.id)
        assert (await sign_in(anonymous, user)).status_code == 200

    async def test_sets_cookies_out_of_reach(
        self, anonymous: httpx.AsyncClient, user: User
    ) -> None:
        """Scripts and other sites cannot use the cookies."""
        access, refresh = (await sign_in(anonymous, user)).headers.get_list("set-cookie")
        assert access.startswith("workbench_access=")
        assert "HttpOnly" in access
        assert "SameSite=lax" in access
        assert "Path=/;" in access
        assert refresh.startswith("workbench_refresh=")
        assert "HttpOnly" in refresh
        assert "SameSite=strict" in refresh
        assert "Path=/api/v1/auth" in refresh
        assert "Secure" not in access

    async def test_sets_secure_cookies_over_https(self, app: FastAPI, user: User) -> None:
        """Over https the cookies never travel in the clear."""
        async with open_client(app) as client:
            client.base_url = httpx.URL("https://workbench.test")
            cookies = (await sign_in(client, user)).headers.get_list("set-cookie")
        assert all("Secure" in cookie for cookie in cookies)

    @pytest.mark.parametrize(
        "order",
        [
            {},
            {"email": "a@b.example"},
            {"email": "a@b.example", "password": "x", "tenant_id": "x"},
            {"email": "a@b.example", "password": "x", "is_operator": True},
            {"email": ["a@b.example"], "password": "x"},
            {"email": "a@b.example", "password": "x" * 1001},
            [],
        ],
    )
    async def test_refuses_what_it_does_not_know(
        self, anonymous: httpx.AsyncClient, order: object
    ) -> None:
        """Missing, unknown and ill-typed fields are named; values are not repeated."""
        response = await anonymous.post("/api/v1/auth/login", json=order)
        assert_problem(response, 422, "invalid")
        assert response.json()["errors"]

    async def test_refuses_a_password_longer_than_bcrypt_reads(
        self, anonymous: httpx.AsyncClient, user: User
    ) -> None:
        """73 bytes are neither cut nor a failure of the server."""
        response = await sign_in(anonymous, user, password=PASSWORD + "x" * 60)
        assert_problem(response, 401, "wrong_password")

    async def test_asks_for_the_tenant_when_there_are_several(
        self, anonymous: httpx.AsyncClient, user: User, database: Database, other_tenant: Tenant
    ) -> None:
        """A member of two tenants says which; the slug then chooses."""
        await people.join(database, other_tenant.id, user.id, Role.VIEWER)
        assert_problem(await sign_in(anonymous, user), 422, "tenant_needed")
        response = await sign_in(anonymous, user, tenant=other_tenant.slug)
        headers = {"Authorization": f"Bearer {response.json()['access_token']}"}
        me = (await anonymous.get("/api/v1/auth/me", headers=headers)).json()
        assert me["tenant"]["slug"] == other_tenant.slug


class TestRefresh:
    """POST /auth/refresh."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Without a refresh token there is nothing to trade."""
        assert_problem(await anonymous.post("/api/v1/auth/refresh"), 401)
        assert_problem(await anonymous.post("/api/v1/auth/refresh", json={}), 401)

    async def test_trades_a_refresh_token(self, anonymous: httpx.AsyncClient, user: User) -> None:
        """A refresh token gets new tokens of the same login."""
        first = (await sign_in(anonymous, user)).json()
        order = {"refresh_token": first["refresh_token"]}
        second = await anonymous.post("/api/v1/auth/refresh", json=order)
        assert second.status_code == 200
        assert second.json()["refresh_token"] != first["refresh_token"]

    async def test_refuses_an_access_token(self, anonymous: httpx.AsyncClient, user: User) -> None:
        """An access token does not refresh, and a refresh token gives no access."""
        tokens = (await sign_in(anonymous, user)).json()
        order = {"refresh_token": tokens["access_token"]}
        assert_problem(await anonymous.post("/api/v1/auth/refresh", json=order), 401, "bad_token")
        headers = {"Authorization": f"Bearer {tokens['refresh_token']}"}
        anonymous.cookies.clear()
        assert_problem(await anonymous.get("/api/v1/auth/me", headers=headers), 401, "bad_token")

    async def test_takes_the_cookie_of_our_own_page_only(
        self, anonymous: httpx.AsyncClient, user: User
    ) -> None:
        """A page of another site cannot refresh with the browser's cookie; our own can."""
        await sign_in(anonymous, user)
        evil = {"Origin": "https://evil.example"}
        refused = await anonymous.post("/api/v1/auth/refresh", headers=evil)
        assert_problem(refused, 403, "foreign_origin")
        own = {"Origin": "http://workbench.test"}
        assert (await anonymous.post("/api/v1/auth/refresh", headers=own)).status_code == 200

    async def test_ends_the_login_of_a_token_used_twice(
        self, settings: Settings, database: Database, storage: Storage, user: User
    ) -> None:
        """A token used again after the grace time ends the login; within it, both tabs live."""
        times = [datetime.now(UTC)]
        app = api.create(settings, database, storage, clock=lambda: times[-1])
        async with open_client(app) as client:
            first = (await sign_in(client, user)).json()
            client.cookies.clear()
            order = {"refresh_token": first["refresh_token"]}
            second = await client.post("/api/v1/auth/refresh", json=order)
            again = await client.post("/api/v1/auth/refresh", json=order)
            assert second.status_code == again.status_code == 200
            times.append(times[0] + timedelta(minutes=1))
            client.cookies.clear()
            late = await client.post("/api/v1/auth/refresh", json=order)
            assert_problem(late, 401, "reused_token")
            headers = {"Authorization": f"Bearer {second.json()['access_token']}"}
            client.cookies.clear()
            me = await client.get("/api/v1/auth/me", headers=headers)
            assert_problem(me, 401, "signed_out")


class TestLogout:
    """POST /auth/logout."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Who is not signed in cannot sign out."""
        assert_problem(await anonymous.post("/api/v1/auth/logout"), 401, "unauthenticated")

    async def test_ends_every_token(self, anonymous: httpx.AsyncClient, user: User) -> None:
        """After signing out neither token works, and the cookies are gone."""
        tokens = (await sign_in(anonymous, user)).json()
        anonymous.cookies.clear()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        response = await anonymous.post("/api/v1/auth/logout", headers=headers)
        assert response.status_code == 204
        assert all("Max-Age=0" in cookie for cookie in response.headers.get_list("set-cookie"))
        me = await anonymous.get("/api/v1/auth/me", headers=headers)
        assert_problem(me, 401, "signed_out")
        order = {"refresh_token": tokens["refresh_token"]}
        assert_problem(await anonymous.post("/api/v1/auth/refresh", json=order), 401)

    async def test_needs_our_own_page_with_a_cookie(
        self, anonymous: httpx.AsyncClient, user: User
    ) -> None:
        """With the cookie alone, only our own pages can change anything."""
        await sign_in(anonymous, user)
        url = "/api/v1/auth/logout"
        assert_problem(await anonymous.post(url), 403, "foreign_origin")
        for headers in (
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "https://workbench.test"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            refused = await anonymous.post(url, headers=headers)
            assert_problem(refused, 403, "foreign_origin")
        own = await anonymous.post(url, headers={"Sec-Fetch-Site": "same-origin"})
        assert own.status_code == 204


class TestMe:
    """GET /auth/me."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Without a token nobody is told anything."""
        response = await anonymous.get("/api/v1/auth/me")
        assert_problem(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == "Bearer"

    async def test_tells_who_is_signed_in(
        self, client: httpx.AsyncClient, actor: Actor, tenant: Tenant
    ) -> None:
        """The answer names user, tenant and permissions."""
        body = (await client.get("/api/v1/auth/me")).json()
        assert body["id"] == str(actor.user_id)
        assert body["tenant"] == {"id": str(tenant.id), "slug": tenant.slug, "name": tenant.name}
        assert "sql:run" in body["permissions"]
        assert body["is_operator"] is False

    async def test_tells_the_operator(self, operating: httpx.AsyncClient) -> None:
        """The operator belongs to no tenant."""
        body = (await operating.get("/api/v1/auth/me")).json()
        assert body["tenant"] is None
        assert body["is_operator"] is True

    async def test_takes_the_cookie(self, anonymous: httpx.AsyncClient, user: User) -> None:
        """Reading works with the browser's cookie."""
        await sign_in(anonymous, user)
        assert (await anonymous.get("/api/v1/auth/me")).json()["email"] == user.email

    async def test_takes_the_tenant_from_the_token_alone(
        self, client: httpx.AsyncClient, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """No header chooses another tenant."""
        headers = {"X-Tenant": other_tenant.slug, "X-Tenant-ID": str(other_tenant.id)}
        body = (await client.get("/api/v1/auth/me", headers=headers)).json()
        assert body["tenant"]["slug"] == tenant.slug

    async def test_refuses_a_token_for_a_foreign_tenant(
        self, actor: Actor, tokens: Tokens, other_tenant: Tenant,
        anonymous: httpx.AsyncClient,
    ) -> None:  # fmt: skip
        """Even a well-signed token gives nothing in a tenant that the login is not in."""
        assert actor.sid is not None
        assert actor.user_id is not None
        token = tokens.access(actor.sid, actor.user_id, other_tenant.id, datetime.now(UTC))
        headers = {"Authorization": f"Bearer {token}"}
        response = await anonymous.get("/api/v1/auth/me", headers=headers)
        assert_problem(response, 401, "signed_out")

    async def test_refuses_forged_tokens(
        self, anonymous: httpx.AsyncClient, actor: Actor, tokens: Tokens, settings: Settings
    ) -> None:
        """Another algorithm, key, kid, audience or a cut signature is refused."""
        good = bearer(tokens, actor)
        header = jwt.get_unverified_header(good)
        claims = jwt.decode(good, options={"verify_signature": False})
        kid = {"kid": header["kid"]}
        secret = settings.secret_keys[0]
        forged = [
            jwt.encode(claims, "", algorithm="none", headers=kid),
            jwt.encode(claims, secret, algorithm="HS256", headers=kid),
            jwt.encode(claims, secret * 2, algorithm="HS512", headers=kid),
            jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "../../etc/passwd"}),
            jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "' or 1=1 --"}),
            good[:-4],
            good + "x",
            good.replace(".", ""),
            "",
            "ü",
            "." * 3,
        ]
        for token in forged:
            headers = [(b"Authorization", b"Bearer " + token.encode())]
            response = await anonymous.get("/api/v1/auth/me", headers=headers)
            assert_problem(response, 401, "bad_token")
        headers = [(b"Authorization", b"Bearer " + good.encode())]
        assert (await anonymous.get("/api/v1/auth/me", headers=headers)).status_code == 200

    async def test_refuses_another_scheme(self, anonymous: httpx.AsyncClient, user: User) -> None:
        """Basic is not understood, and the cookie does not stand in for it."""
        await sign_in(anonymous, user)
        response = await anonymous.get("/api/v1/auth/me", auth=("a", "b"))
        assert_problem(response, 401, "bad_token")

    async def test_ends_after_15_minutes_to_the_second(
        self, settings: Settings, database: Database, storage: Storage, actor: Actor,
        tokens: Tokens,
    ) -> None:  # fmt: skip
        """A token lives 15 minutes: it serves one second before the end and not at the end."""
        made = datetime.now(UTC).replace(microsecond=0)
        times = [made + timedelta(minutes=15, seconds=-1)]
        app = api.create(settings, database, storage, clock=lambda: times[-1])
        assert actor.sid is not None
        assert actor.user_id is not None
        token = tokens.access(actor.sid, actor.user_id, actor.tenant_id, made)
        async with open_client(app, {"Authorization": f"Bearer {token}"}) as client:
            assert (await client.get("/api/v1/auth/me")).status_code == 200
            times.append(made + timedelta(minutes=15))
            assert_problem(await client.get("/api/v1/auth/me"), 401, "bad_token")
