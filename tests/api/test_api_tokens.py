"""API tokens over HTTP: made by people, used by programs, and never wider than their maker."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.api.conftest import MakeClient, assert_problem, open_client
from tests.conftest import MakeActor
from tests.support import people
from workbench.access import api_tokens
from workbench.access.models import Membership
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db.embedded import Embedded
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant

URL = "/api/v1/api-tokens"
ME = "/api/v1/auth/me"
SQL = "/api/v1/sql"
NOBODY = "0199a1c2-e4b8-7d10-a6e5-f3b2c1d0e9f8"
pytestmark = pytest.mark.acts_as("engineer")


async def made(client: httpx.AsyncClient, *scope: str, **order: Any) -> dict[str, Any]:
    """A token that a client makes for itself."""
    body = {
        "name": "a program",
        "scope": scope or ["tenant:read", "sql:run", "row:read", "dataset:read"],
    }
    answer = await client.post(URL, json=body | order)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def using(app: FastAPI, token: str) -> httpx.AsyncClient:
    """A program that sends an API token."""
    return open_client(app, {"Authorization": f"Bearer {token}"})


async def select(program: httpx.AsyncClient) -> httpx.Response:
    """Ask in SQL, which PostgreSQL itself checks."""
    return await program.post(SQL, json={"sql": "values (1)"})


class TestCreate:
    """POST /api-tokens."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """A token has a maker."""
        body = {"name": "x", "scope": ["row:read"]}
        assert_problem(await anonymous.post(URL, json=body), 401, "unauthenticated")

    @pytest.mark.acts_as("analyst")
    async def test_refuses_who_may_not(self, client: httpx.AsyncClient) -> None:
        """An analyst makes none, however narrow."""
        body = {"name": "x", "scope": ["row:read"]}
        assert_problem(await client.post(URL, json=body), 403, "forbidden")

    async def test_makes_one_that_works(
        self, app: FastAPI, client: httpx.AsyncClient, tenant: Tenant, actor: Actor
    ) -> None:
        """The token is its maker in its tenant, with the scope and nothing else."""
        token = await made(client, "dataset:read", "row:read", "sql:run", "tenant:read")
        assert token["token"].startswith(token["prefix"] + "_")
        lasts = datetime.fromisoformat(token["expires_at"]) - datetime.now(UTC)
        assert timedelta(days=89) < lasts <= timedelta(days=90)
        async with using(app, token["token"]) as program:
            me = (await program.get(ME)).json()
            assert (me["id"], me["tenant"]["slug"]) == (str(actor.user_id), tenant.slug)
            assert me["permissions"] == ["dataset:read", "row:read", "sql:run", "tenant:read"]
            assert (await select(program)).json()["rows"] == [[1]]

    async def test_refuses_more_than_the_maker_holds(self, client: httpx.AsyncClient) -> None:
        """Each permission that is too much is named (A11)."""
        scope = ["row:read", "audit:read", "member:manage", "token:manage"]
        answer = await client.post(URL, json={"name": "x", "scope": scope})
        assert_problem(answer, 403, "scope_too_wide")
        told = " ".join(error["message"] for error in answer.json()["errors"])
        assert all(permission in told for permission in scope[1:])
        assert "row:read" not in told

    @pytest.mark.acts_as("owner")
    @pytest.mark.parametrize("permission", ["member:manage", "role:manage", "token:manage"])
    async def test_refuses_what_people_alone_may_do(
        self, client: httpx.AsyncClient, permission: str
    ) -> None:
        """An owner holds these, a token of the owner's never does."""
        answer = await client.post(URL, json={"name": "x", "scope": [permission]})
        assert_problem(answer, 403, "scope_too_wide")

    @pytest.mark.parametrize(
        "order",
        [
            {"scope": []},
            {"scope": ["row:fly"]},
            {"scope": "row:read"},
            {"name": ""},
            {"name": " "},
            {"name": "n" * 101},
            {"days": 0},
            {"days": 366},
            {"user_id": NOBODY},
            {"tenant_id": NOBODY},
        ],
        ids=str,
    )
    async def test_refuses_what_cannot_be(
        self, client: httpx.AsyncClient, order: dict[str, Any]
    ) -> None:
        """Unknown permissions and fields, an empty name, more than a year."""
        body = {"name": "x", "scope": ["row:read"]} | order
        assert_problem(await client.post(URL, json=body), 422)

    async def test_a_year_is_the_most(self, client: httpx.AsyncClient) -> None:
        """365 days are let in."""
        token = await made(client, days=365)
        assert datetime.fromisoformat(token["expires_at"]) > datetime.now(UTC) + timedelta(364)

    async def test_sent_twice_it_is_made_once_and_shown_once(
        self, client: httpx.AsyncClient, database: Database, actor: Actor
    ) -> None:
        """The secret is kept nowhere, in the answers for idempotency keys neither."""
        body = {"name": "x", "scope": ["row:read"]}
        key = {"Idempotency-Key": "make-it"}
        first = (await client.post(URL, json=body, headers=key)).json()
        again = await client.post(URL, json=body, headers=key)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.json() == first | {"token": None}
        secret = first["token"].rpartition("_")[2]
        async with database.session(actor) as session:
            for table in ("idempotency_keys", "api_tokens"):
                kept = (await session.execute(text(f"select t::text from {table} t"))).all()
                assert kept
                assert secret not in str(kept)

    async def test_one_person_has_fifty_at_most(
        self, client: httpx.AsyncClient, database: Database, actor: Actor
    ) -> None:
        """The limit counts what a revocation gives back."""
        now = datetime.now(UTC)
        async with database.session(actor) as session:
            for number in range(api_tokens.MOST - 1):
                await api_tokens.create(
                    session, actor, name=str(number), scope={Permission.ROW_READ},
                    expires_at=now + timedelta(days=1), now=now,
                )  # fmt: skip
        last = await made(client)
        body = {"name": "x", "scope": ["row:read"]}
        assert_problem(await client.post(URL, json=body), 409, "too_many_tokens")
        assert (await client.delete(f"{URL}/{last['id']}")).status_code == 204
        await made(client)


class TestList:
    """GET /api-tokens."""

    async def test_shows_ones_own_and_no_secret(
        self, client: httpx.AsyncClient, make_client: MakeClient, make_actor: MakeActor,
        tenant: Tenant, stranger: httpx.AsyncClient,
    ) -> None:  # fmt: skip
        """A colleague's are for the owner, another tenant's for nobody."""
        token = await made(client)
        colleague = await make_client(await make_actor(tenant, Role.ENGINEER))
        owner = await make_client(await make_actor(tenant, Role.OWNER))
        for reader, shown in ((client, 1), (colleague, 0), (owner, 1), (stranger, 0)):
            answer = await reader.get(URL)
            assert len(answer.json()["items"]) == shown
            assert token["token"].rpartition("_")[2] not in answer.text
            one = await reader.get(f"{URL}/{token['id']}")
            assert one.status_code == (200 if shown else 404)

    async def test_pages_are_the_newest_first(self, client: httpx.AsyncClient) -> None:
        """A cursor leads from page to page."""
        names = ["one", "two", "three"]
        for name in names:
            await made(client, name=name)
        first = (await client.get(URL, params={"limit": 2})).json()
        rest = (await client.get(URL, params={"cursor": first["next_cursor"]})).json()
        assert [t["name"] for t in first["items"] + rest["items"]] == names[::-1]

    async def test_tells_when_it_was_used(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        """At most once a minute is noted."""
        token = await made(client)
        assert token["last_used_at"] is None
        seen = set()
        for _ in range(3):
            async with using(app, token["token"]) as program:
                assert (await program.get(ME)).status_code == 200
            seen.add((await client.get(f"{URL}/{token['id']}")).json()["last_used_at"])
        assert len(seen) == 1
        assert None not in seen


class TestRevoke:
    """DELETE /api-tokens/{id}."""

    async def test_it_ends_at_once(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        """A program that worked a moment ago is signed out; a second revocation finds nothing."""
        token = await made(client)
        async with using(app, token["token"]) as program:
            assert (await select(program)).status_code == 200
            assert (await client.delete(f"{URL}/{token['id']}")).status_code == 204
            assert_problem(await select(program), 401, "bad_token")
        assert_problem(await client.delete(f"{URL}/{token['id']}"), 404, "not_found")
        assert (await client.get(URL)).json()["items"] == []

    async def test_an_owner_revokes_anybodys(
        self, app: FastAPI, client: httpx.AsyncClient, make_client: MakeClient,
        make_actor: MakeActor, tenant: Tenant, stranger: httpx.AsyncClient,
    ) -> None:  # fmt: skip
        """A colleague and another tenant's owner get the answer that a random id gets."""
        token = await made(client)
        colleague = await make_client(await make_actor(tenant, Role.ENGINEER))
        for other in (colleague, stranger):
            foreign = await other.delete(f"{URL}/{token['id']}")
            nobody = await other.delete(f"{URL}/{new_id()}")
            assert_problem(foreign, 404, "not_found")
            assert foreign.json() | {"request_id": ""} == nobody.json() | {"request_id": ""}
        owner = await make_client(await make_actor(tenant, Role.OWNER))
        async with using(app, token["token"]) as program:
            assert (await program.get(ME)).status_code == 200
            assert (await owner.delete(f"{URL}/{token['id']}")).status_code == 204
            assert_problem(await program.get(ME), 401, "bad_token")
        actions = [e["action"] for e in (await owner.get("/api/v1/audit")).json()["items"]]
        assert actions[0] == "token.revoke"
        assert "token.create" in actions


class TestProgram:
    """What a token cannot do, beside what it can."""

    @pytest.mark.acts_as("owner")
    async def test_it_makes_no_token_and_reads_none(
        self, app: FastAPI, client: httpx.AsyncClient
    ) -> None:
        """Not even an owner's with all that a token may hold."""
        held = (await client.get(ME)).json()["permissions"]
        scope = sorted(set(held) - {"member:manage", "role:manage", "token:manage"})
        token = await made(client, *scope)
        async with using(app, token["token"]) as program:
            assert (await program.get(ME)).json()["permissions"] == scope
            body = {"name": "x", "scope": ["row:read"]}
            assert_problem(await program.post(URL, json=body), 403, "people_only")
            assert_problem(await program.get(URL), 403, "people_only")
            assert_problem(await program.delete(f"{URL}/{token['id']}"), 403, "people_only")
            assert_problem(await program.post("/api/v1/auth/logout"), 403, "people_only")
            members = (await program.get("/api/v1/members")).json()["items"]
            member = f"/api/v1/members/{members[0]['id']}"
            assert_problem(await program.patch(member, json={"role": "owner"}), 403, "forbidden")
            assert_problem(await program.delete(member), 403, "forbidden")

    async def test_it_holds_its_scope_alone(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        """Its maker may ask in SQL; this token may not."""
        token = await made(client, "tenant:read")
        assert (await select(client)).status_code == 200
        async with using(app, token["token"]) as program:
            assert_problem(await select(program), 403, "forbidden")

    async def test_keys_and_limits_are_its_own(
        self, settings: Settings, database: Database, storage: Storage, tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:  # fmt: skip
        """Two tokens of one person do not use up each other's requests."""
        app = api.create(settings.model_copy(update={"rate_limit": "2/minute"}), database, storage)
        engineer = await make_actor(tenant, Role.ENGINEER)
        now = datetime.now(UTC)
        async with database.session(engineer) as session:
            shown = [
                (await api_tokens.create(
                    session, engineer, name=str(n), scope={Permission.TENANT_READ},
                    expires_at=now + timedelta(days=1), now=now,
                ))[1]
                for n in range(2)
            ]  # fmt: skip
        for token in shown:
            async with using(app, token) as program:
                statuses = [(await program.get(ME)).status_code for _ in range(3)]
            assert statuses == [200, 200, 429]


class TestFollowing:
    """A token follows its maker's rights, and never outlives them."""

    async def test_a_lesser_role_narrows_it(
        self, app: FastAPI, client: httpx.AsyncClient, actor: Actor, make_client: MakeClient,
        make_actor: MakeActor, tenant: Tenant,
    ) -> None:  # fmt: skip
        """At once, and only as far as the role does."""
        token = await made(
            client, "tenant:read", "dataset:read", "row:read", "sql:run", "row:write"
        )
        owner = await make_client(await make_actor(tenant, Role.OWNER))
        members = (await owner.get("/api/v1/members")).json()["items"]
        member = next(m["id"] for m in members if m["user_id"] == str(actor.user_id))
        async with using(app, token["token"]) as program:
            assert (await select(program)).status_code == 200
            await owner.patch(f"/api/v1/members/{member}", json={"role": "viewer"})
            assert_problem(await select(program), 403, "forbidden")
            assert (await program.get(ME)).json()["permissions"] == [
                "dataset:read",
                "row:read",
                "tenant:read",
            ]

    async def test_a_member_who_left_comes_back_without_it(
        self, app: FastAPI, client: httpx.AsyncClient, actor: Actor, database: Database,
        tenant: Tenant, migrated: Embedded, make_client: MakeClient,
    ) -> None:  # fmt: skip
        """It ends with the membership, and a new membership is no reason to trust it again."""
        token = await made(client)
        assert actor.user_id is not None
        async with using(app, token["token"]) as program:
            assert (await select(program)).status_code == 200
            await people.leave(database, tenant.id, member_of(migrated, actor))
            assert (await select(program)).status_code == 401
            await people.join(database, tenant.id, actor.user_id, Role.ENGINEER)
            assert (await select(program)).status_code == 401
        back = await make_client(await people.admit(database, actor.user_id, tenant.id))
        assert (await back.get(URL)).json()["items"][0]["status"] == "ended"
        await made(back)

    async def test_one_who_never_used_it_comes_back_without_it(
        self, app: FastAPI, client: httpx.AsyncClient, actor: Actor, database: Database,
        tenant: Tenant, migrated: Embedded,
    ) -> None:  # fmt: skip
        """The first use does not let it in again either."""
        token = await made(client)
        assert actor.user_id is not None
        await people.leave(database, tenant.id, member_of(migrated, actor))
        await people.join(database, tenant.id, actor.user_id, Role.ENGINEER)
        async with using(app, token["token"]) as program:
            assert_problem(await select(program), 401, "bad_token")

    async def test_a_suspended_tenant_ends_it(
        self, app: FastAPI, client: httpx.AsyncClient, tenant: Tenant, database: Database
    ) -> None:
        """For good: who resumes the tenant makes new ones."""
        token = await made(client)
        async with using(app, token["token"]) as program:
            assert (await select(program)).status_code == 200
            async with database.session(people.FOUNDER) as session:
                await tenants.suspend(session, people.FOUNDER, tenant.id, datetime.now(UTC))
            assert (await select(program)).status_code == 401
            async with database.session(people.FOUNDER) as session:
                await tenants.resume(session, people.FOUNDER, tenant.id)
            assert (await select(program)).status_code == 401

    async def test_a_right_lost_while_it_was_made_is_lost(
        self, app: FastAPI, actor: Actor, database: Database, migrated: Embedded
    ) -> None:
        """Nobody sees a token that is not committed; its first use asks again."""
        now = datetime.now(UTC)
        shown = {}
        for change in ("role = 'viewer'", "deleted_at = now()"):
            async with database.session(actor) as session:
                _, shown[change] = await api_tokens.create(
                    session, actor, name="race", now=now, expires_at=now + timedelta(days=1),
                    scope={Permission.SQL_RUN, Permission.DATASET_READ, Permission.ROW_READ},
                )  # fmt: skip
                await session.flush()
                with migrated.superuser("workbench") as connection:
                    connection.execute(
                        f"update workbench.memberships set {change} where id = %s",
                        [member_of(migrated, actor)],
                    )
            async with using(app, shown[change]) as program:
                expected = 403 if "role" in change else 401
                assert (await select(program)).status_code == expected, change
            if "role" in change:
                with migrated.superuser("workbench") as connection:
                    connection.execute(
                        "update workbench.memberships set role = 'engineer' where id = %s",
                        [member_of(migrated, actor)],
                    )


def member_of(migrated: Embedded, actor: Actor) -> UUID:
    """The id of the actor's membership."""
    with migrated.superuser("workbench") as connection:
        found = connection.execute(
            f"select id from workbench.{Membership.__tablename__} "
            "where user_id = %s and tenant_id = %s and deleted_at is null",
            [actor.user_id, actor.tenant_id],
        ).fetchone()
    assert found is not None
    member: UUID = found[0]
    return member
