"""What happens to every request: id, headers, host, log line, figures."""

import io

import httpx
import pytest
from fastapi import FastAPI

from tests.api.conftest import assert_problem, open_client
from tests.support import log_lines
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db import schema
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.settings import Settings
from workbench.storage import Storage


class TestRequestId:
    """X-Request-ID."""

    async def test_is_on_every_answer(self, anonymous: httpx.AsyncClient) -> None:
        """Every answer has an id of its own."""
        urls = ("/health/live", "/nothing", "/api/v1/auth/me", "/docs")
        ids = {(await anonymous.get(url)).headers["x-request-id"] for url in urls}
        assert len(ids) == len(urls)

    async def test_is_the_callers_when_it_is_sane(self, anonymous: httpx.AsyncClient) -> None:
        """A caller's id is kept, so that lines of two systems meet."""
        headers = {"X-Request-ID": "trace-0123456789.abc"}
        response = await anonymous.get("/health/live", headers=headers)
        assert response.headers["x-request-id"] == "trace-0123456789.abc"

    @pytest.mark.parametrize(
        "given", ["short", "x" * 65, "a b c d e f g", "<script>alert</script>"]
    )
    async def test_is_ours_when_it_is_not(self, anonymous: httpx.AsyncClient, given: str) -> None:
        """An id that could forge a line or a page is replaced."""
        response = await anonymous.get("/health/live", headers={"X-Request-ID": given})
        assert response.headers["x-request-id"] != given


class TestHeaders:
    """Headers of every answer."""

    async def test_guard_the_browser(self, anonymous: httpx.AsyncClient) -> None:
        """No sniffing, no framing, no caching of what an actor may see."""
        for url in ("/api/v1/auth/me", "/api/v1/nothing", "/health/live"):
            headers = (await anonymous.get(url)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["referrer-policy"] == "same-origin"

    async def test_open_nothing_to_other_origins(self, anonymous: httpx.AsyncClient) -> None:
        """No page of another site may read an answer."""
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        for method in ("GET", "OPTIONS"):
            response = await anonymous.request(method, "/api/v1/auth/me", headers=headers)
            assert not [name for name in response.headers if name.startswith("access-control")]


class TestHost:
    """The Host header."""

    async def test_is_checked_where_names_are_given(
        self, settings: Settings, database: Database, storage: Storage
    ) -> None:
        """With a list of names, others are refused; ports do not matter."""
        named = settings.model_copy(update={"hosts": "workbench.test, other.test"})
        async with open_client(api.create(named, database, storage)) as client:
            for host in ("workbench.test", "OTHER.test:8000"):
                response = await client.get("/health/live", headers={"Host": host})
                assert response.status_code == 200
            for host in ("evil.example", "workbench.test.evil.example", ""):
                response = await client.get("/health/live", headers={"Host": host})
                assert_problem(response, 400, "bad_request")

    async def test_is_free_where_none_are(self, anonymous: httpx.AsyncClient) -> None:
        """Without a list every name is answered."""
        response = await anonymous.get("/health/live", headers={"Host": "any.example"})
        assert response.status_code == 200


class TestAccessLine:
    """The log line of a request."""

    async def test_says_who_and_what(
        self, client: httpx.AsyncClient, actor: Actor, lines: io.StringIO
    ) -> None:
        """One JSON object with request id, tenant, user, route, status and time."""
        response = await client.get("/api/v1/tenants/none-of-ours?token=abc")
        (line,) = (line for line in log_lines.read(lines) if line["message"] == "request")
        assert line["request_id"] == response.headers["x-request-id"]
        assert line["tenant"] == str(actor.tenant_id)
        assert line["user"] == str(actor.user_id)
        assert line["route"] == "/api/v1/tenants/{slug}"
        assert (line["method"], line["status"], line["level"]) == ("GET", 404, "info")
        assert isinstance(line["duration_ms"], float)
        assert "none-of-ours" not in lines.getvalue()

    async def test_holds_no_secret(self, client: httpx.AsyncClient, lines: io.StringIO) -> None:
        """Neither password, token nor e-mail address reaches the log."""
        order = {"email": "someone@workbench.example", "password": "a password of mine"}
        await client.post("/api/v1/auth/login", json=order)
        await client.get("/api/v1/auth/me", headers={"Cookie": "workbench_access=abc"})
        text = lines.getvalue()
        token = client.headers["Authorization"].split()[1]
        for secret in ("a password of mine", "someone@workbench.example", token, "abc"):
            assert secret not in text

    async def test_cannot_be_forged(self, anonymous: httpx.AsyncClient, lines: io.StringIO) -> None:
        """Line breaks in a request never begin a line of the log."""
        await anonymous.get("/api/v1/x%0d%0a%7b%22message%22%3a%22forged%22%7d")
        await anonymous.request("GET\r\nx", "/health/live")
        await anonymous.get("/health/live", headers=[(b"x-request-id", b"a\r\nforged-line")])
        assert len(log_lines.read(lines)) == 3
        assert "forged" not in lines.getvalue()


class TestFigures:
    """GET /metrics."""

    async def test_count_requests_by_pattern(
        self, settings: Settings, database: Database, storage: Storage
    ) -> None:
        """Figures name routes and never tenants or ids."""
        async with open_client(api.create(settings, database, storage)) as client:
            await client.get("/api/v1/tenants/some-tenant")
            await client.get("/some/where")
            await client.request("BREW", "/health/live")
            text = (await client.get("/metrics")).text
        line = 'workbench_requests_total{method="GET",route="/api/v1/tenants/{slug}",status="401"}'
        assert f"{line} 1.0" in text
        assert 'method="OTHER"' in text
        assert 'workbench_request_seconds_bucket{le="0.005",method="GET",route="other"}' in text
        assert 'workbench_queue_jobs{state="waiting"}' in text
        assert "workbench_database_up 1.0" in text
        assert "some-tenant" not in text
        assert "/some/where" not in text


class TestHealth:
    """GET /health/live and /health/ready."""

    async def test_is_well(self, anonymous: httpx.AsyncClient) -> None:
        """A migrated database with its queue is ready."""
        assert (await anonymous.get("/health/live")).json() == {"status": "ok"}
        ready = await anonymous.get("/health/ready")
        assert ready.status_code == 200, ready.text
        assert ready.json()["status"] == "ok"

    @pytest.mark.parametrize(
        ("place", "spoil", "mend"),
        [
            (
                "migrations",
                "update workbench.alembic_version set version_num = '0001'",
                f"update workbench.alembic_version set version_num = '{schema.head()}'",
            ),
            (
                "queue",
                "alter function workbench.queue_state() rename to hidden",
                "alter function workbench.hidden() rename to queue_state",
            ),
        ],
    )
    async def test_names_what_is_not_ready(
        self, anonymous: httpx.AsyncClient, migrated: Embedded, place: str, spoil: str, mend: str
    ) -> None:
        """An older schema or a queue that does not answer flips readiness, and not liveness."""
        with migrated.superuser("workbench") as superuser:
            superuser.execute(spoil.encode())
            try:
                ready = await anonymous.get("/health/ready")
                live = await anonymous.get("/health/live")
            finally:
                superuser.execute(mend.encode())

        assert_problem(ready, 503, "not_ready")
        assert [error["place"] for error in ready.json()["errors"]] == [place]
        assert live.status_code == 200
        assert (await anonymous.get("/health/ready")).status_code == 200


class TestDocs:
    """GET /docs and /openapi.json."""

    async def test_come_from_this_server_alone(self, anonymous: httpx.AsyncClient) -> None:
        """The page names no other host, and every file it names is here."""
        page = await anonymous.get("/docs")
        assert "http://" not in page.text
        assert "https://" not in page.text
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
            assert f"/docs/assets/{name}" in page.text
            asset = await anonymous.get(f"/docs/assets/{name}")
            assert asset.status_code == 200
            assert len(asset.content) > 1000

    @pytest.mark.parametrize("name", ["nothing.js", "..%2f..%2fcore.py", "%2e%2e/core.py"])
    async def test_send_no_other_file(self, anonymous: httpx.AsyncClient, name: str) -> None:
        """Only the three files of Swagger UI are sent."""
        assert_problem(await anonymous.get(f"/docs/assets/{name}"), 404)

    async def test_describe_every_route(self, app: FastAPI, anonymous: httpx.AsyncClient) -> None:
        """The description is served and holds the problem's schema."""
        schema = (await anonymous.get("/openapi.json")).json()
        assert schema == app.openapi()
        assert schema["components"]["schemas"]["Problem"]["required"]
