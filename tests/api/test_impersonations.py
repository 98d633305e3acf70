"""Operators inside tenants over HTTP: seen, limited, ended."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from tests.api.conftest import MakeClient, assert_problem, bearer, open_client
from tests.conftest import MakeActor
from tests.support import people
from workbench.access import impersonations
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.identity import queries as identities
from workbench.identity.tokens import Tokens
from workbench.permissions import ROLES, Permission, Role
from workbench.tenants.models import Tenant
from workbench.worker import stays

REASON = "ticket 4711"
OUTLIVES = {
    Permission.DATASET_CREATE,
    Permission.DATASET_DEFINE,
    Permission.FILE_READ,
    Permission.FILE_WRITE,
    Permission.IMPORT_START,
    Permission.MEMBER_MANAGE,
    Permission.ROLE_MANAGE,
    Permission.RUN_START,
    Permission.SANDBOX_RUN,
    Permission.ROW_EXPORT,
    Permission.SCHEDULE_MANAGE,
    Permission.SCHEDULE_READ,  # it tells members' addresses
    Permission.TENANT_EXPORT,
    Permission.TENANT_MANAGE,
    Permission.TOKEN_MANAGE,
}


@pytest.fixture
async def owning(
    make_client: MakeClient, make_actor: MakeActor, tenant: Tenant
) -> httpx.AsyncClient:
    """A client signed in as an owner of the tenant."""
    return await make_client(await make_actor(tenant, Role.OWNER))


async def enter(operating: httpx.AsyncClient, tenant: Tenant, **order: object) -> httpx.Response:
    """Enter a tenant as the operator."""
    url = f"/api/v1/tenants/{tenant.slug}/enter"
    return await operating.post(url, json={"reason": REASON} | order)


def inside(app: FastAPI, entered: httpx.Response) -> httpx.AsyncClient:
    """A client that acts with the token of an impersonation."""
    token = entered.json()["access_token"]
    return open_client(app, {"Authorization": f"Bearer {token}"})


class TestEnter:
    """POST /tenants/{slug}/enter."""

    async def test_who_may_not_enter_does_not(
        self,
        anonymous: httpx.AsyncClient,
        owning: httpx.AsyncClient,
        tenant: Tenant,
        other_tenant: Tenant,
    ) -> None:
        """Nobody, an owner in the own tenant, an owner in another: no token."""
        assert_problem(await enter(anonymous, tenant), 401)
        assert_problem(await enter(owning, tenant), 403, "forbidden")
        assert_problem(await enter(owning, other_tenant), 403, "forbidden")

    async def test_an_operator_is_out_without_and_in_with_an_entry(
        self, app: FastAPI, operating: httpx.AsyncClient, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """The platform's token reads nothing inside; the entry's reads this tenant alone."""
        assert_problem(await operating.get("/api/v1/runs"), 403)
        entered = await enter(operating, tenant)
        assert entered.status_code == 201, entered.text
        async with inside(app, entered) as client:
            assert (await client.get("/api/v1/runs")).json()["items"] == []
            slugs = [t["slug"] for t in (await client.get("/api/v1/tenants")).json()["items"]]
            assert slugs == [tenant.slug]
            assert_problem(await client.get(f"/api/v1/tenants/{other_tenant.slug}"), 404)

    @pytest.mark.parametrize("role", impersonations.ROLES)
    async def test_it_gives_nothing_that_outlives_it(
        self, app: FastAPI, operating: httpx.AsyncClient, tenant: Tenant, role: Role
    ) -> None:
        """A role's rights without members, roles, tokens, archives and work for later."""
        async with inside(app, await enter(operating, tenant, role=role)) as client:
            me = (await client.get("/api/v1/auth/me")).json()
            assert set(me["permissions"]) == ROLES[role] - OUTLIVES
            for refused in (
                await client.get("/api/v1/impersonations"),
                await client.post(f"/api/v1/tenants/{tenant.slug}/exports"),
                await client.post(f"/api/v1/tenants/{tenant.slug}/enter", json={"reason": "x"}),
            ):
                assert_problem(refused, 403)

    @pytest.mark.parametrize(
        "order",
        [
            {"reason": ""},
            {"reason": "\u0007 "},
            {"minutes": 61},
            {"minutes": 0},
            {"role": "god"},
            {"user_id": "00000000-0000-0000-0000-000000000000"},
        ],
    )
    async def test_bad_orders_are_refused(
        self, operating: httpx.AsyncClient, tenant: Tenant, order: dict[str, object]
    ) -> None:
        """No reason, too long, an unknown role, somebody else."""
        assert_problem(await enter(operating, tenant, **order), 422)

    async def test_guests_and_operators_are_no_roles_to_enter_as(
        self, operating: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        """A tenant is entered as one of its roles."""
        assert_problem(await enter(operating, tenant, role="operator"), 403)

    async def test_a_suspended_tenant_is_not_entered(
        self, app: FastAPI, operating: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        """Suspending ends stays at once, and lets no new one begin."""
        async with inside(app, await enter(operating, tenant)) as client:
            assert (await client.get("/api/v1/auth/me")).status_code == 200
            await operating.post(f"/api/v1/tenants/{tenant.slug}/suspend")
            assert_problem(await client.get("/api/v1/auth/me"), 401, "signed_out")
        assert_problem(await enter(operating, tenant), 403, "no_entry")

    async def test_a_disabled_operator_is_out(
        self,
        app: FastAPI,
        database: Database,
        operator: Actor,
        operating: httpx.AsyncClient,
        tenant: Tenant,
    ) -> None:
        """A stay ends with the operator's account."""
        async with inside(app, await enter(operating, tenant)) as client:
            async with database.session(people.FOUNDER) as session:
                query = text("update users set is_operator = false where id = :id")
                await session.execute(query, {"id": operator.user_id})
            assert_problem(await client.get("/api/v1/auth/me"), 401, "signed_out")


class TestSeen:
    """What the tenant sees."""

    async def test_the_audit_tells_all(
        self, app: FastAPI, operating: httpx.AsyncClient, owning: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        """Entry with reason, each action marked, and the end; the owner's own are not marked."""
        entered = await enter(operating, tenant, role="analyst")
        stay = entered.json()["impersonation"]
        async with inside(app, entered) as client:
            await client.post("/api/v1/sql", json={"sql": "select 1"})
            ended = await client.delete(f"/api/v1/impersonations/{stay['id']}")
            assert ended.status_code == 204
            assert_problem(await client.get("/api/v1/auth/me"), 401, "signed_out")
        await owning.post("/api/v1/sql", json={"sql": "select 2"})
        entries = (await owning.get("/api/v1/audit")).json()["items"]
        own, end, asked, begin = entries[:4]
        assert [e["action"] for e in (begin, asked, end)] == [
            "impersonation.begin",
            "sql.run",
            "impersonation.end",
        ]
        assert begin["details"]["reason"] == REASON
        assert begin["target"] == stay["operator"]
        for entry in (begin, asked, end):
            assert entry["details"]["impersonation"] == stay["id"]
        assert own["action"] == "sql.run"
        assert "impersonation" not in own["details"]

    async def test_an_owner_lists_and_ends(
        self, app: FastAPI, operating: httpx.AsyncClient, owning: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        """The list names the operator; ending holds at the next statement and is told."""
        entered = await enter(operating, tenant)
        seen = (await owning.get("/api/v1/impersonations")).json()["items"]
        assert seen == [entered.json()["impersonation"]]
        url = f"/api/v1/impersonations/{seen[0]['id']}"
        async with inside(app, entered) as client:
            assert (await client.get("/api/v1/runs")).status_code == 200
            assert (await owning.delete(url)).status_code == 204
            assert_problem(await client.get("/api/v1/runs"), 401, "signed_out")
        assert (await owning.delete(url)).status_code == 204
        after = (await owning.get("/api/v1/impersonations")).json()["items"][0]
        assert after["ended_at"] is not None
        ends = (await owning.get("/api/v1/audit")).json()["items"]
        assert [e["action"] for e in ends].count("impersonation.end") == 1

    async def test_another_tenant_sees_and_ends_none(
        self, operating: httpx.AsyncClient, stranger: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        """The stay is as absent as none."""
        stay = (await enter(operating, tenant)).json()["impersonation"]
        assert (await stranger.get("/api/v1/impersonations")).json()["items"] == []
        assert_problem(await stranger.delete(f"/api/v1/impersonations/{stay['id']}"), 404)

    async def test_a_stay_shows_no_other_stay(
        self,
        database: Database,
        operating: httpx.AsyncClient,
        tenant: Tenant,
        other_tenant: Tenant,
    ) -> None:
        """In one tenant an operator sees its own stay there, not the one in another tenant."""
        await enter(operating, other_tenant)
        stay = (await enter(operating, tenant)).json()["impersonation"]
        async with database.session(people.FOUNDER) as session:
            user_id = await session.scalar(
                text("select id from users where email = :email"), {"email": stay["operator"]}
            )
        actor = Actor.of_user(user_id, sid=stay["id"], tenant_id=tenant.id, permissions=())
        async with database.session(actor) as session:
            seen = await session.scalars(text("select tenant_id from impersonations"))
            assert seen.all() == [tenant.id]


class TestEnds:
    """Time is over."""

    async def test_a_stay_that_is_over_is_noted_once(
        self,
        database: Database,
        operator: Actor,
        tenant: Tenant,
        owning: httpx.AsyncClient,
        tokens: Tokens,
        app: FastAPI,
    ) -> None:
        """The token is refused at its time; the worker's chore writes the end into the audit."""
        async with database.session(operator) as session:
            user = (await session.scalars(identities.myself(operator))).one()
            until = datetime.now(UTC) + timedelta(seconds=1)
            stay = await impersonations.enter(
                session, operator, user, tenant.id, reason=REASON, until=until
            )
        over = Actor.of_user(user.id, sid=stay.id, tenant_id=tenant.id, permissions=())
        headers = {"Authorization": f"Bearer {bearer(tokens, over)}"}
        async with open_client(app, headers) as client:
            assert (await client.get("/api/v1/auth/me")).status_code == 200
            await asyncio.sleep(1.2)
            assert_problem(await client.get("/api/v1/auth/me"), 401, "signed_out")
        for _ in range(2):
            await stays.expire(database)
        entries = (await owning.get("/api/v1/audit")).json()["items"]
        ends = [e for e in entries if e["action"] == "impersonation.end"]
        assert [(e["subject"], e["details"]["by"]) for e in ends] == [
            ("system:expiry", "system:expiry")
        ]
