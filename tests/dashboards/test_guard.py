"""The guard: every page, socket and file of the dashboards is for who is signed in."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
import websockets
from bokeh.util import token as bokeh_token
from starlette.routing import Mount, WebSocketRoute

from dashboards.guard import COOKIE, SIGNED_OUT, AssetGuard, PageGuard, SocketGuard
from tests.dashboards.conftest import HOME, Site
from tests.support import people
from workbench.access import sign_in
from workbench.actor import Actor
from workbench.db import keys
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.tenants.models import Tenant

MakeActor = Callable[[Tenant, Role | str], Awaitable[Actor]]
GUARDS = (AssetGuard, PageGuard, SocketGuard)


def path_of(route: object) -> str:
    """An address that a route answers."""
    path = str(getattr(route, "path", "")).replace("{path:path}", "nothing")
    return f"{path}/nothing" if isinstance(route, Mount) else path


async def answer(socket: websockets.ClientConnection) -> dict[str, str]:
    """The header of the first message that Bokeh sends."""
    frames = [await asyncio.wait_for(socket.recv(), 5) for _ in range(3)]
    header: dict[str, str] = json.loads(frames[0])
    return header


class TestEveryRoute:
    """What is true of each route that Panel and Bokeh add, whichever they are."""

    def test_is_guarded(self, site: Site) -> None:
        """Every route that is neither the API's nor the log-in's stands behind a guard."""
        ours = [r for r in site.app.router.routes if isinstance(getattr(r, "app", None), GUARDS)]
        paths = {path_of(route) for route in ours}

        assert {
            HOME,
            f"{HOME}/ws",
            "/dashboards/flights",
            "/static/nothing",
            "/components/nothing",
        } <= paths
        for route in site.app.router.routes:
            path = path_of(route)
            if path.startswith(("/dashboards", "/static", "/components")):
                assert route in ours, path

    async def test_refuses_strangers_and_serves_members(self, site: Site, actor: Actor) -> None:
        """Without a log-in each answers 401 or leads to it; with one it does neither."""
        for route in site.app.router.routes:
            if not isinstance(getattr(route, "app", None), GUARDS):
                continue
            if isinstance(route, WebSocketRoute):
                path = path_of(route).removesuffix("/ws")
                with pytest.raises(websockets.InvalidStatus, match="403"):
                    await site.connect(await site.token(actor, path), None, path=path)
                continue
            refused = await site.get(path_of(route))
            assert refused.status_code in {303, 401}, path_of(route)
            served = await site.get(path_of(route), actor)
            assert served.status_code in {200, 307, 404}, path_of(route)

    async def test_problems_have_the_one_format(self, site: Site) -> None:
        """A refused file is a problem document with a request id."""
        refused = await site.get("/static/js/bokeh.min.js")

        assert refused.status_code == 401
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["request_id"] == refused.headers["x-request-id"]

    async def test_files_are_packed_and_kept(self, site: Site, actor: Actor) -> None:
        """A large script travels compressed, and a versioned one is never asked for again."""
        script = await site.get("/static/js/bokeh.min.js?v=1", actor)

        assert script.headers["content-encoding"] == "gzip"
        assert "immutable" in script.headers["cache-control"]
        assert "Bokeh" in script.text
        tag = script.headers["etag"]
        again = await site.get("/static/js/bokeh.min.js?v=1", actor, if_none_match=tag)
        assert again.status_code == 304


class TestPage:
    """Opening a dashboard."""

    async def test_leads_to_the_login_and_back(self, site: Site) -> None:
        """Who is not signed in comes back to the wanted address afterwards."""
        page = await site.get(f"{HOME}?a=b")

        assert page.status_code == 303
        assert page.headers["location"] == "/login?next=%2Fdashboards%2Fhome%3Fa%3Db"

    @pytest.mark.parametrize("cookie", ["", "nonsense", "e30.e30.e30"])
    async def test_refuses_what_is_no_token(self, site: Site, cookie: str) -> None:
        """A cookie that is none of ours is as good as none."""
        page = await site.get(HOME, Cookie=f"{COOKIE}={cookie}")

        assert page.status_code == 303

    async def test_refuses_an_old_token(self, site: Site, actor: Actor) -> None:
        """After fifteen minutes the cookie opens nothing; a fresh one of the same login does."""
        old = site.cookie(actor, age=timedelta(minutes=15, seconds=1))

        assert (await site.get(HOME, Cookie=f"{COOKIE}={old}")).status_code == 303
        assert (await site.get(HOME, actor)).status_code == 200

    async def test_refuses_after_the_log_out(
        self, site: Site, database: Database, actor: Actor
    ) -> None:
        """A token that has not expired opens nothing once its login has ended."""
        await sign_in.sign_out(database, actor, datetime.now(UTC))

        assert (await site.get(HOME, actor)).status_code == 303

    async def test_refuses_a_given_session(self, site: Site, actor: Actor) -> None:
        """Nobody chooses the session of a page."""
        page = await site.get(f"{HOME}?bokeh_session_id=chosen", actor)

        assert page.status_code == 422

    async def test_tells_no_secret(self, site: Site, actor: Actor) -> None:
        """Neither the page nor the token in it holds a cookie or a header."""
        cookie = site.cookie(actor)
        page = await site.get(HOME, cookie=f"{COOKIE}={cookie}", x_secret="shh")
        payload = bokeh_token.get_token_payload(await site.token(actor))

        assert cookie not in page.text
        assert payload["cookies"] == {}
        assert payload["headers"] == {}

    async def test_has_its_headers(self, site: Site, actor: Actor) -> None:
        """A page is not kept, loads nothing from elsewhere, and is framed by nobody else."""
        headers = (await site.get(HOME, actor)).headers

        assert headers["cache-control"] == "no-store"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["x-content-type-options"] == "nosniff"


class TestSocket:
    """The socket of an opened dashboard."""

    async def test_opens(self, site: Site, actor: Actor) -> None:
        """The page's own login gets through, from the page's own host."""
        async with site.connect(await site.token(actor), site.cookie(actor)) as socket:
            assert (await answer(socket))["msgtype"] == "ACK"

    @pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", None])
    async def test_refuses_other_origins(
        self, site: Site, actor: Actor, origin: str | None
    ) -> None:
        """A page of another site cannot use the visitor's cookie."""
        token = await site.token(actor)

        with pytest.raises(websockets.InvalidStatus, match="403"):
            await site.connect(token, site.cookie(actor), origin=origin)

    async def test_refuses_another_login(
        self, site: Site, make_actor: MakeActor, actor: Actor, tenant: Tenant
    ) -> None:
        """A Bokeh session belongs to the login that opened it, even among colleagues."""
        colleague = await make_actor(tenant, Role.OWNER)
        token = await site.token(actor)

        with pytest.raises(websockets.InvalidStatus, match="403"):
            await site.connect(token, site.cookie(colleague))

    async def test_refuses_the_same_person_elsewhere(
        self, site: Site, database: Database, actor: Actor
    ) -> None:
        """The same user's other login is another login."""
        assert actor.user_id is not None
        elsewhere = await people.admit(database, actor.user_id, actor.tenant_id)
        token = await site.token(actor)

        with pytest.raises(websockets.InvalidStatus, match="403"):
            await site.connect(token, site.cookie(elsewhere))

    async def test_refuses_a_token_of_ones_own_making(self, site: Site, actor: Actor) -> None:
        """A session token that the server did not sign opens nothing."""
        payload = {"login": str(actor.sid), "headers": {}, "cookies": {}, "arguments": {}}
        session_id = bokeh_token.generate_session_id(b"guessed", signed=True)
        forged = bokeh_token.generate_jwt_token(
            session_id, b"guessed", signed=True, extra_payload=payload
        )

        odd = [
            base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") + ".a"
            for text in ("[]", "1", '{"session_id": 5}', "[" * 5000, "{")
        ]
        for token in (forged, forged.split(".", maxsplit=1)[0], "nonsense", *odd):
            with pytest.raises(websockets.InvalidStatus, match="403"):
                await site.connect(token, site.cookie(actor))

    async def test_refuses_an_old_page(self, site: Site, settings: Settings, actor: Actor) -> None:
        """A session's token serves for five minutes."""
        key = keys.derive(settings.secret_keys[0], "bokeh")
        session_id = bokeh_token.generate_session_id(key, signed=True)
        payload = {"login": str(actor.sid), "headers": {}, "cookies": {}, "arguments": {}}
        old = bokeh_token.generate_jwt_token(
            session_id, key, signed=True, extra_payload=payload, expiration=-1
        )

        with pytest.raises(websockets.InvalidStatus, match="403"):
            await site.connect(old, site.cookie(actor))

    @pytest.mark.parametrize("subprotocols", [None, ["bokeh"], ["other", "token"]])
    async def test_refuses_other_protocols(
        self, site: Site, actor: Actor, subprotocols: list[str] | None
    ) -> None:
        """Without Bokeh's two subprotocols there is no socket, and no error either."""
        with pytest.raises(websockets.InvalidStatus, match="403"):
            await site.connect("", site.cookie(actor), subprotocols=subprotocols)

    async def test_closes_at_the_log_out(
        self, site: Site, database: Database, actor: Actor, make_actor: MakeActor, tenant: Tenant
    ) -> None:
        """Within a second of the log-out its socket closes, and a colleague's stays open."""
        colleague = await make_actor(tenant, Role.ANALYST)
        async with (
            site.connect(await site.token(actor), site.cookie(actor)) as mine,
            site.connect(await site.token(colleague), site.cookie(colleague)) as other,
        ):
            await answer(mine)
            await answer(other)
            await sign_in.sign_out(database, actor, datetime.now(UTC))
            await asyncio.wait_for(mine.wait_closed(), 1.5)

            assert mine.close_code == SIGNED_OUT
            assert other.close_code is None

    async def test_closes_when_the_member_is_removed(
        self, site: Site, database: Database, tenant: Tenant
    ) -> None:
        """Who is no longer a member sees nothing more."""
        user = await people.make_user(database)
        membership = await people.join(database, tenant.id, user.id, Role.ANALYST)
        actor = await people.admit(database, user.id, tenant.id)
        async with site.connect(await site.token(actor), site.cookie(actor)) as socket:
            await answer(socket)
            await people.leave(database, tenant.id, membership)
            await asyncio.wait_for(socket.wait_closed(), 1.5)

            assert socket.close_code == SIGNED_OUT

    async def test_lives_on_past_its_access_token(self, site: Site, actor: Actor) -> None:
        """The socket lasts as long as the login, not as long as the cookie that opened it."""
        token = await site.token(actor)
        last = site.cookie(actor, age=timedelta(minutes=14, seconds=58))
        async with site.connect(token, last) as socket:
            await answer(socket)
            await asyncio.sleep(3)

            assert socket.close_code is None
            with pytest.raises(websockets.InvalidStatus, match="403"):
                await site.connect(token, last)


class TestMemory:
    """What a visit leaves behind."""

    async def test_is_nothing(self, site: Site, actor: Actor) -> None:
        """Some seconds after the last socket has closed there is no Bokeh session."""
        for _ in range(4):
            async with site.connect(await site.token(actor), site.cookie(actor)) as socket:
                await answer(socket)
        await site.token(actor)  # a page whose socket never opens

        assert site.sessions() > 0
        async with asyncio.timeout(12):
            while site.sessions():
                await asyncio.sleep(0.2)
