"""What is tried with an API token that is not one's own, not whole, not valid or not in place."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import structlog
from fastapi import FastAPI

from tests.api.conftest import MakeClient, assert_problem, open_client
from tests.conftest import MakeActor
from tests.support import log_lines
from workbench import observability
from workbench.access import api_tokens
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.permissions import PERSONAL, Permission, Role
from workbench.tenants.models import Tenant

ME = "/api/v1/auth/me"
pytestmark = pytest.mark.acts_as("engineer")


async def shown(
    database: Database,
    actor: Actor,
    *scope: Permission,
    ago: timedelta = timedelta(),
) -> str:
    """The text of a token that an actor made some time ago, for a day."""
    then = datetime.now(UTC) - ago
    async with database.session(actor) as session:
        _, text = await api_tokens.create(
            session, actor, name="a program", scope=scope or {Permission.TENANT_READ},
            expires_at=then + timedelta(days=1), now=then,
        )  # fmt: skip
    return text


@pytest.fixture
async def token(database: Database, actor: Actor) -> str:
    """A token that works."""
    return await shown(database, actor)


def sending(app: FastAPI, value: str) -> httpx.AsyncClient:
    """A client with an Authorization header."""
    return open_client(app, {"Authorization": value})


class TestGarbled:
    """Every text but the token's own is refused in the same words."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda t: t[:-1],
            lambda t: t + "0",
            lambda t: t.upper(),
            lambda t: t.swapcase(),
            lambda t: t[:4] + t[4:].upper(),
            lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"),
            lambda t: t.rpartition("_")[0],
            lambda t: t.rpartition("_")[0] + "_",
            lambda t: f"wbt_{uuid4().hex}_{t.rpartition('_')[2]}",
            lambda t: "wbt_" + t.rpartition("_")[2],
            lambda t: t.rpartition("_")[2],
            lambda t: t + "' or true --",
            lambda t: t.replace("_", "."),
            lambda _: "wbt_",
        ],
        ids=range(14),
    )
    async def test_it_is_refused(
        self, app: FastAPI, token: str, change: Callable[[str], str]
    ) -> None:
        """Cut, longer, in another case, with another id: nobody is told which part was right."""
        async with sending(app, f"Bearer {change(token)}") as program:
            answer = await program.get(ME)
        assert_problem(answer, 401, "bad_token")
        async with sending(app, f"Bearer {token}") as program:
            assert (await program.get(ME)).status_code == 200

    async def test_an_id_and_a_secret_of_two_tokens(
        self, app: FastAPI, database: Database, actor: Actor, token: str
    ) -> None:
        """The id of one with the secret of another is nobody."""
        other = await shown(database, actor)
        mixed = f"{token.rpartition('_')[0]}_{other.rpartition('_')[2]}"
        async with sending(app, f"Bearer {mixed}") as program:
            assert_problem(await program.get(ME), 401, "bad_token")

    async def test_an_expired_one(self, app: FastAPI, database: Database, actor: Actor) -> None:
        """A day is over after a day."""
        for ago, status in ((timedelta(hours=23), 200), (timedelta(hours=25), 401)):
            text = await shown(database, actor, ago=ago)
            async with sending(app, f"Bearer {text}") as program:
                assert (await program.get(ME)).status_code == status


class TestTenants:
    """A token is its tenant's."""

    async def test_it_stays_in_its_tenant(
        self, app: FastAPI, token: str, tenant: Tenant, other_tenant: Tenant,
        make_actor: MakeActor, database: Database,
    ) -> None:  # fmt: skip
        """No header and no parameter moves it, and the other tenant's own token sees that one."""
        foreign = await shown(database, await make_actor(other_tenant, Role.ENGINEER))
        for text, mine in ((token, tenant), (foreign, other_tenant)):
            async with sending(app, f"Bearer {text}") as program:
                for answer in (
                    await program.get(ME, headers={"X-Tenant": other_tenant.slug}),
                    await program.get(ME, params={"tenant": other_tenant.slug}),
                ):
                    assert answer.json()["tenant"]["slug"] == mine.slug
                listed = (await program.get("/api/v1/tenants")).json()["items"]
                assert [t["slug"] for t in listed] == [mine.slug]
                for theirs in {tenant.slug, other_tenant.slug} - {mine.slug}:
                    assert_problem(await program.get(f"/api/v1/tenants/{theirs}"), 404)


class TestRuns:
    """A run acts for its user, so who orders it must hold what its notebook declares."""

    async def test_it_starts_and_repeats_no_more_than_it_holds(
        self, app: FastAPI, client: httpx.AsyncClient, database: Database, actor: Actor
    ) -> None:
        """A scope without `row:read` gets no rows by way of a notebook; a wider one does."""
        order = {"notebook": "tenant_report", "parameters": {}}
        few = {Permission.RUN_START, Permission.RUN_READ, Permission.NOTEBOOK_READ}
        for scope, status in ((few, 403), (actor.permissions - PERSONAL, 202)):
            run = (await client.post("/api/v1/runs", json=order)).json()["id"]
            assert (await client.post(f"/api/v1/runs/{run}/cancel")).status_code == 200
            text = await shown(database, actor, *scope)
            async with sending(app, f"Bearer {text}") as program:
                started = await program.post("/api/v1/runs", json=order)
                assert started.status_code == status, started.text
                repeated = await program.post(f"/api/v1/runs/{run}/retry")
                assert repeated.status_code == status, repeated.text


class TestKeys:
    """Idempotency keys are the token's own."""

    async def test_one_token_is_not_told_what_another_was_answered(
        self, app: FastAPI, client: httpx.AsyncClient, database: Database, actor: Actor
    ) -> None:
        """The maker's key, and another token's, are other keys; one's own is answered again."""
        order = {"notebook": "tenant_report", "parameters": {}}
        key = {"Idempotency-Key": "the-same-for-all"}
        made = {(await client.post("/api/v1/runs", json=order, headers=key)).json()["id"]}
        for number in (2, 3):
            text = await shown(database, actor, *(actor.permissions - PERSONAL))
            async with sending(app, f"Bearer {text}") as program:
                first = await program.post("/api/v1/runs", json=order, headers=key)
                assert "idempotency-replayed" not in first.headers
                again = await program.post("/api/v1/runs", json=order, headers=key)
                assert again.headers["idempotency-replayed"] == "true"
                assert again.json() == first.json()
            made.add(first.json()["id"])
            assert len(made) == number


class TestPlaces:
    """A token serves in the Authorization header and nowhere else."""

    async def test_no_cookie(self, app: FastAPI, token: str) -> None:
        """Neither as access nor as refresh cookie, with which a browser could be made to act."""
        async with open_client(app) as browser:
            browser.cookies.set("workbench_access", token)
            assert_problem(await browser.get(ME), 401, "bad_token")
        async with open_client(app, {"Origin": "http://workbench.test"}) as browser:
            browser.cookies.set("workbench_refresh", token)
            assert_problem(await browser.post("/api/v1/auth/refresh"), 401)

    async def test_no_refresh_token(self, app: FastAPI, token: str) -> None:
        """A token is traded for nothing."""
        async with open_client(app) as program:
            answer = await program.post("/api/v1/auth/refresh", json={"refresh_token": token})
        assert_problem(answer, 401, "bad_token")

    @pytest.mark.parametrize("scheme", ["Basic", "Token", "", "Digest"])
    async def test_no_other_scheme(self, app: FastAPI, token: str, scheme: str) -> None:
        """Bearer, in any case, and nothing else."""
        async with sending(app, f"{scheme} {token}".strip()) as program:
            assert_problem(await program.get(ME), 401)
        async with sending(app, f"bEaReR {token}") as program:
            assert (await program.get(ME)).status_code == 200

    @pytest.mark.parametrize("address", ["?token={}", "?a=1&access_token={}", "/{}", "?x%3D{}"])
    async def test_no_address(
        self, app: FastAPI, client: httpx.AsyncClient, token: str, address: str, lines: io.StringIO
    ) -> None:
        """Even who is signed in otherwise is told so, and no line holds the token."""
        assert (await client.get(ME)).status_code == 200
        for caller in (client, open_client(app)):
            answer = await caller.get(ME + address.format(token))
            assert_problem(answer, 400, "bad_request")
            assert token not in answer.text
        assert log_lines.read(lines)
        assert token.rpartition("_")[2] not in lines.getvalue()


class TestTelling:
    """Nobody reads a token where it was not sent."""

    async def test_no_line_holds_it(
        self, app: FastAPI, token: str, lines: io.StringIO, make_client: MakeClient, actor: Actor
    ) -> None:
        """Neither of its making, nor of a request with it, nor of a message that quotes it."""
        maker = await make_client(actor)
        body = {"name": "x", "scope": ["row:read"]}
        made = (await maker.post("/api/v1/api-tokens", json=body)).json()["token"]
        async with sending(app, f"Bearer {token}") as program:
            await program.get(ME)
            await program.get("/api/v1/datasets/nothing")
        structlog.get_logger("t").info(f"it said {token}, then {token[:30]}", given=[made])
        assert "it said" in lines.getvalue()
        for text in (token, made):
            assert text not in lines.getvalue()
            assert text[:30] not in lines.getvalue()

    async def test_no_report_holds_it(self, token: str) -> None:
        """What is sent to Sentry keeps neither message, nor tag, nor request that quotes it."""
        event = {
            "exception": {"values": [{"type": "ValueError", "value": f"cannot read {token}"}]},
            "tags": {"seen": token},
            "request": {"headers": {"Authorization": f"Bearer {token}"}},
            "message": token,
        }
        told = str(observability.scrub(event, {}))  # type: ignore[arg-type]
        assert "cannot read" in told
        assert token[:30] not in told
