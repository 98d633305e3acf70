"""The one error format, for everything that can go wrong before, in and after a route."""

import io
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.api.conftest import assert_problem, open_client
from tests.support import log_lines
from workbench.actor import Actor
from workbench.api import app as api
from workbench.api import problems
from workbench.api.dependencies import Session
from workbench.api.middleware import MAX_BODY
from workbench.api.routes import ActorRoute, PublicRoute
from workbench.db.session import Database, Logins
from workbench.errors import TooMany, WorkbenchError
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

FORGED = (
    "select set_config('workbench.actor_token', 'forged', true), (select count(*) from tenants)"
)
FOREIGN = (
    "insert into audit_entries "
    "select gen_random_uuid(), id, now(), '', null, '', '', '{}' from tenants"
)
SECRET = "a value that nobody may read"


def subclasses(kind: type[WorkbenchError]) -> list[type[WorkbenchError]]:
    """Every error below one, at any depth."""
    below = [k for child in kind.__subclasses__() for k in (child, *subclasses(child))]
    return [k for k in below if k.__init__ in (WorkbenchError.__init__, TooMany.__init__)]


@pytest.fixture(scope="module")
def broken(settings: Settings, database: Database, storage: Storage) -> FastAPI:
    """An application with routes that fail in every way there is."""
    app = api.create(settings, database, storage)

    def raising(error: Exception) -> None:
        raise error

    async def late(session: Session) -> dict[str, bool]:
        """Lose the connection after the work and before the commit."""
        pid = await session.scalar(text("select pg_backend_pid()"))
        async with database.app.begin() as connection:
            await connection.execute(text(f"select pg_terminate_backend({pid})"))
        return {"ok": True}

    async def run(session: Session, statement: str) -> None:
        await session.execute(text(statement))

    async def crash() -> None:
        raise RuntimeError(SECRET)

    async def refuse(kind: str) -> None:
        error = next(k for k in subclasses(WorkbenchError) if k.__name__ == kind)
        raising(error())

    app.router.route_class = PublicRoute
    app.get("/test/crash")(crash)
    app.get("/test/refuse")(refuse)
    app.router.route_class = ActorRoute
    app.get("/test/late")(late)
    app.get("/test/run")(run)
    return app


@pytest.fixture
def headers(client: httpx.AsyncClient) -> dict[str, str]:
    """The headers of a signed-in client."""
    return {"Authorization": client.headers["Authorization"]}


class TestFormat:
    """Every error has the same shape."""

    @pytest.mark.parametrize(
        ("method", "url", "status", "code"),
        [
            ("GET", "/api/v1/nothing", 404, "not_found"),
            ("GET", "/nothing", 404, "not_found"),
            ("GET", "/%00", 404, "not_found"),
            ("PUT", "/api/v1/tenants", 405, "method_not_allowed"),
            ("DELETE", "/health/live", 405, "method_not_allowed"),
            ("GET", "/api/v1/tenants", 401, "unauthenticated"),
        ],
    )
    async def test_is_the_same_where_there_is_no_route(
        self, anonymous: httpx.AsyncClient, method: str, url: str, status: int, code: str
    ) -> None:
        """An unknown address or method is a problem too."""
        response = await anonymous.request(method, url)
        assert_problem(response, status, code)
        if status == 405:
            assert response.headers["allow"]

    @pytest.mark.parametrize("kind", sorted({k.__name__ for k in subclasses(WorkbenchError)}))
    async def test_is_the_same_for_every_error_of_the_house(
        self, broken: FastAPI, kind: str
    ) -> None:
        """Every class of error below the root has a status and a code."""
        async with open_client(broken) as client:
            response = await client.get("/test/refuse", params={"kind": kind})
        assert 400 <= response.status_code < 600
        assert response.status_code != 500
        assert_problem(response, response.status_code)

    @pytest.mark.parametrize(
        "content",
        [b"{", b"[" * 100_000, b"\xff\xfe", b'{"a": ' + b"9" * 5000 + b"}", b"nothing", b'"x"'],
    )
    async def test_is_the_same_for_bodies_that_are_no_json(
        self, anonymous: httpx.AsyncClient, content: bytes
    ) -> None:
        """Cut, deep, wrongly encoded and huge numbers are refused, not failures."""
        response = await anonymous.post(
            "/api/v1/auth/login", content=content, headers={"Content-Type": "application/json"}
        )
        assert response.status_code in (400, 422)
        assert_problem(response, response.status_code)

    async def test_is_the_same_for_another_media_type(self, anonymous: httpx.AsyncClient) -> None:
        """A body that does not say that it is JSON is not read as JSON."""
        response = await anonymous.post(
            "/api/v1/auth/login", content=b'{"email":"a@b.example","password":"x"}'
        )
        assert_problem(response, 422, "invalid")

    async def test_never_repeats_what_was_sent(self, anonymous: httpx.AsyncClient) -> None:
        """A refused value may be a secret: the answer names its place only."""
        order = {"email": "a@b.example", "password": {"text": SECRET}, SECRET[:5]: 1}
        response = await anonymous.post("/api/v1/auth/login", json=order)
        assert_problem(response, 422, "invalid")
        assert SECRET not in response.text


class TestUnexpected:
    """An error that nobody expected."""

    async def test_is_answered_without_detail(self, broken: FastAPI, lines: io.StringIO) -> None:
        """The caller gets a request id, the log gets the traceback."""
        async with open_client(broken) as client:
            response = await client.get("/test/crash", headers={"X-Request-ID": "crash-0001"})
        assert_problem(response, 500, "internal")
        assert SECRET not in response.text
        assert response.json()["request_id"] == "crash-0001"
        (line,) = (line for line in log_lines.read(lines) if line["level"] == "error")
        assert SECRET in str(line["exception"])
        assert line["request_id"] == "crash-0001"


class TestPostgres:
    """Errors of PostgreSQL."""

    @pytest.mark.parametrize(
        ("statement", "status", "code"),
        [
            ("select 1 / 0", 422, "invalid"),
            ("select 'x'::int", 422, "invalid"),
            ("select * from nowhere", 500, "internal"),
            ("select * from workbench_private.live", 403, "forbidden"),
            (
                FORGED,
                401,
                "unauthenticated",
            ),
            (
                FOREIGN,
                403,
                "forbidden",
            ),
            ("set local statement_timeout = 20; select pg_sleep(1)", 503, "unavailable"),
            ("select pg_terminate_backend(pg_backend_pid())", 503, "unavailable"),
        ],
    )
    async def test_become_problems(
        self, broken: FastAPI, headers: dict[str, str], statement: str, status: int, code: str
    ) -> None:
        """Each kind has its status, and none tells PostgreSQL's own words."""
        async with open_client(broken, headers) as client:
            response = await client.get("/test/run", params={"statement": statement})
        assert_problem(response, status, code)
        assert "nowhere" not in response.text

    @pytest.mark.acts_as("owner")
    async def test_become_conflicts_that_tell_nothing(
        self, broken: FastAPI, headers: dict[str, str], tenant: Tenant, actor: Actor
    ) -> None:
        """A second row of one key is a conflict; so is a user that is not there."""
        insert = (
            "insert into memberships (tenant_id, id, user_id, role) "
            f"values ('{tenant.id}', gen_random_uuid(), {{}}, 'viewer')"
        )
        async with open_client(broken, headers) as client:
            for user in (f"'{actor.user_id}'", "gen_random_uuid()"):
                response = await client.get("/test/run", params={"statement": insert.format(user)})
                assert_problem(response, 409, "conflict")
                assert "memberships" not in response.text

    def test_are_our_own_mistake_when_unknown(self) -> None:
        """What is no caller's fault stays unexpected."""
        assert problems.understood(psycopg.errors.UndefinedTable()) is None
        assert problems.understood(KeyError("x")) is None
        assert isinstance(problems.understood(TooMany()), TooMany)


class TestCommit:
    """A commit that fails."""

    async def test_is_told(self, broken: FastAPI, headers: dict[str, str]) -> None:
        """The answer is not sent before the commit, so that it is no lie."""
        async with open_client(broken, headers) as client:
            response = await client.get("/test/late")
        assert_problem(response, 503, "unavailable")


class TestGone:
    """PostgreSQL does not answer."""

    async def test_is_answered_as_unavailable(
        self, settings: Settings, database: Database, storage: Storage, headers: dict[str, str]
    ) -> None:
        """Routes and readiness say so in the one format; the process lives on."""
        nowhere = database.logins.app.set(query={"host": "/nonexistent"})
        gone = Database(Logins(nowhere, nowhere, nowhere), settings.secret_keys[0])
        async with open_client(api.create(settings, gone, storage), headers) as client:
            me = await client.get("/api/v1/auth/me")
            assert_problem(me, 503, "unavailable")
            assert int(me.headers["retry-after"]) > 0
            order = {"email": "a@b.example", "password": "x"}
            assert_problem(await client.post("/api/v1/auth/login", json=order), 503)
            ready = await client.get("/health/ready")
            assert_problem(ready, 503, "not_ready")
            assert ready.json()["errors"] == [{"place": "database", "message": "does not answer"}]
            assert (await client.get("/health/live")).status_code == 200
            assert "workbench_database_up 0.0" in (await client.get("/metrics")).text
        await gone.close()


class TestSize:
    """Bodies that are too large."""

    async def test_is_refused_before_it_is_read(self, anonymous: httpx.AsyncClient) -> None:
        """A body that says that it is too large is not read."""
        response = await anonymous.post("/api/v1/auth/login", content=b"x" * (MAX_BODY + 1))
        assert_problem(response, 413, "too_large")

    async def test_is_refused_in_chunks(self, anonymous: httpx.AsyncClient) -> None:
        """A body that does not say its size is cut off where the limit is."""
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(1000):
                sent += 65536
                yield b'"' + b"a" * 65535

        response = await anonymous.post(
            "/api/v1/auth/login", content=endless(), headers={"Content-Type": "application/json"}
        )
        assert_problem(response, 413, "too_large")
        assert sent < MAX_BODY + 3 * 65536

    async def test_lets_a_body_of_the_right_size_in(self, anonymous: httpx.AsyncClient) -> None:
        """A body just below the limit is read and judged by its content."""
        content = b'{"email": "' + b"a" * (MAX_BODY - 100) + b'"}'
        response = await anonymous.post(
            "/api/v1/auth/login", content=content, headers={"Content-Type": "application/json"}
        )
        assert_problem(response, 422, "invalid")

    @pytest.mark.parametrize("length", ["-1", "1e9", "abc", "9" * 30])
    async def test_is_a_number(self, anonymous: httpx.AsyncClient, length: str) -> None:
        """A length that is no length, or beyond all measure, is refused."""
        response = await anonymous.post(
            "/api/v1/auth/login", content=b"{}", headers={"Content-Length": length}
        )
        assert response.status_code in (400, 413)
        assert_problem(response, response.status_code)
