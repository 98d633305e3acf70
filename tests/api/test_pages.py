"""Pages of rows, the ordinary way and in one round trip: the same rows, checks and entries."""

import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic_core import to_json

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from tests.support import granting, people
from workbench.access import queries as access
from workbench.actor import Actor
from workbench.datasets import queries
from workbench.datasets.schemas import RowsQuery
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.identity.tokens import Claims
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

SIGNING_IN = Actor.of_system("login", Permission.USER_AUTHENTICATE)
ROWS: list[dict[str, Any]] = [
    {"code": 'quote " back \\ slash / é 😀 \u2028 \u007f \t\n\u0001', "amount": 2**63 - 1},
    {"code": "", "amount": -(2**63), "share": 1e308, "is_open": True},
    {"share": 5e-324, "is_open": False, "day": "0001-01-01", "sold_at": "0001-01-01T00:00:00Z"},
    {"share": 0.1, "day": "9999-12-31", "sold_at": "9999-12-31T23:59:59.999999Z"},
    {"share": -0.0, "sold_at": "2026-03-29T02:30:00.5+02:00"},
    {"share": 1e22, "amount": 2**53 + 1, "sold_at": "1969-12-31T23:59:59.000001Z"},
    {"share": 1 / 3, "code": "null"},
]
pytestmark = pytest.mark.acts_as("engineer")


@pytest.fixture
def url(shared: str) -> str:
    """Where the rows are of a dataset that both tenants have."""
    return f"/api/v1/datasets/{shared}/rows"


async def both_ways(app: FastAPI, client: httpx.AsyncClient, actor: Actor, url: str) -> bytes:
    """What a page answers the ordinary way and then the quick way, which is the same."""
    ordinary = (await client.get(url)).raise_for_status()
    assert await is_known(app, actor, url)
    quick = (await client.get(url)).raise_for_status()
    assert quick.content == ordinary.content
    assert quick.headers.keys() == ordinary.headers.keys()
    return quick.content


async def is_known(app: FastAPI, actor: Actor, url: str) -> bool:
    """Whether a page is answered in one round trip now."""
    assert actor.sid is not None
    assert actor.user_id is not None
    parts, claims = app.state.parts, Claims(actor.sid, actor.user_id, actor.tenant_id)
    name = url.split("/")[-2]
    return await parts.express.page(parts.database, claims, name, RowsQuery()) is not None


async def expected(database: Database, actor: Actor, url: str) -> Any:
    """The rows as Python reads and writes them."""
    async with database.session(actor) as session:
        dataset = (await session.scalars(queries.dataset(actor, url.split("/")[-2]))).one()
        rows = (await session.execute(queries.rows(actor, dataset, RowsQuery()))).mappings()
        return json.loads(to_json([dict(row) for row in rows]))


class TestRows:
    """What a page shows."""

    async def test_every_value_is_written_as_we_would(
        self, app: FastAPI, client: httpx.AsyncClient, database: Database, actor: Actor, url: str
    ) -> None:
        """PostgreSQL writes each type as Python does, at its edges too, and so both ways do."""
        (await client.post(url, json={"rows": ROWS})).raise_for_status()
        found = json.loads(await both_ways(app, client, actor, url))
        assert found["items"] == await expected(database, actor, url)
        assert [row["code"] for row in found["items"]] == [row.get("code") for row in ROWS]
        assert found["items"][4]["sold_at"] == "2026-03-29T00:30:00.500000Z"

    @pytest.mark.parametrize(
        "sort", ["", "code", "-share", "amount", "is_open", "-day", "sold_at,-code", "-row_id"]
    )
    async def test_pages_follow_each_other_in_any_order(
        self, app: FastAPI, client: httpx.AsyncClient, actor: Actor, url: str, sort: str
    ) -> None:
        """No row is lost or doubled at the edge of a page, whichever value stands there."""
        (await client.post(url, json={"rows": [*ROWS, *ROWS]})).raise_for_status()
        whole = json.loads(await both_ways(app, client, actor, f"{url}?sort={sort}"))["items"]
        walked: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            page = (await client.get(f"{url}?sort={sort}&limit=3{more}")).raise_for_status().json()
            walked, cursor = walked + page["items"], page["next_cursor"]
        assert walked == whole
        assert len(walked) == 2 * len(ROWS)

    async def test_masks_hold(
        self,
        app: FastAPI,
        make_client: MakeClient,
        make_actor: MakeActor,
        database: Database,
        tenant: Tenant,
        url: str,
    ) -> None:
        """Who sees a part sees it both ways, filtered and masked; who sees the whole, the whole."""
        owner = await make_actor(tenant, Role.OWNER)
        whole = await make_client(owner)
        await shop.fill(whole, url.split("/")[-2], 6)
        user, place = await granting.guest(database, tenant.id)
        part = {
            "filter": {"column": "code", "op": "eq", "value": "c1"},
            "masks": {"amount": "null", "day": "partial"},
        }
        await granting.grant(database, owner, place, "dataset", url.split("/")[-2], **part)
        guest = await people.admit(database, user, tenant.id)

        seen = json.loads(await both_ways(app, await make_client(guest), guest, url))["items"]
        assert seen == await expected(database, guest, url)
        assert {(row["code"], row["amount"], row["day"]) for row in seen} == {
            ("c1", None, "2026-01-01")
        }
        assert len(json.loads(await both_ways(app, whole, owner, url))["items"]) == 6


class TestChecks:
    """What a page in one round trip asks before it shows anything."""

    async def test_who_signed_out_is_refused_at_once(
        self,
        app: FastAPI,
        client: httpx.AsyncClient,
        make_client: MakeClient,
        database: Database,
        actor: Actor,
        url: str,
    ) -> None:
        """The very next request is a 401; a colleague goes on."""
        assert actor.tenant_id is not None
        colleague = await people.make_actor(database, actor.tenant_id, Role.VIEWER)
        other = await make_client(colleague)
        await both_ways(app, client, actor, url)
        await both_ways(app, other, colleague, url)
        assert actor.sid is not None
        async with database.session(SIGNING_IN) as session:
            await access.revoke(session, actor.sid)

        assert_problem(await client.get(url), 401, "signed_out")
        assert await is_known(app, colleague, url)
        assert (await other.get(url)).status_code == 200

    async def test_who_is_a_guest_now_is_refused_at_once(
        self,
        app: FastAPI,
        make_client: MakeClient,
        database: Database,
        tenant: Tenant,
        url: str,
    ) -> None:
        """A role that was taken away counts at the next request, and one that is given as well."""
        user = await people.make_user(database)
        place = await people.join(database, tenant.id, user.id, Role.ANALYST)
        member = await people.admit(database, user.id, tenant.id)
        client = await make_client(member)
        await both_ways(app, client, member, url)
        await people.change_role(database, tenant.id, place, Role.GUEST)
        assert_problem(await client.get(url), 403, "forbidden")
        await people.change_role(database, tenant.id, place, Role.VIEWER)
        await both_ways(app, client, member, url)

    async def test_a_dataset_that_changed_is_looked_up_anew(
        self,
        app: FastAPI,
        operating: httpx.AsyncClient,
        client: httpx.AsyncClient,
        migrated: Embedded,
        actor: Actor,
    ) -> None:
        """A column that is gone is shown no more, and a dataset that is gone is not found."""
        name = await shop.define(operating)
        url = f"/api/v1/datasets/{name}/rows"
        await shop.fill(client, name, 1)
        before = json.loads(await both_ways(app, client, actor, url))["items"][0]
        definition = "(select id from workbench.definitions where name = %s)"
        with migrated.superuser("workbench") as superuser:
            superuser.execute(
                "update workbench.columns set deleted_at = now() "
                f"where name = 'share' and definition_id = {definition}",
                [name],
            )
            after = json.loads(await both_ways(app, client, actor, url))["items"][0]
            gone = (
                "update workbench.datasets set deleted_at = {} "
                f"where tenant_id = %s and definition_id = {definition}"
            )
            superuser.execute(gone.format("now()"), [actor.tenant_id, name])
            assert_problem(await client.get(url), 404, "not_found")
            superuser.execute(gone.format("null"), [actor.tenant_id, name])
        assert before.keys() - after.keys() == {"share"}
        assert json.loads(await both_ways(app, client, actor, url))["items"] == [after]

    async def test_each_tenant_sees_its_own(
        self,
        app: FastAPI,
        client: httpx.AsyncClient,
        make_client: MakeClient,
        make_actor: MakeActor,
        actor: Actor,
        other_tenant: Tenant,
        url: str,
    ) -> None:
        """Two tenants ask the same of the same name, in turn and on the same connections."""
        theirs = await make_actor(other_tenant, Role.ENGINEER)
        other = await make_client(theirs)
        own = await shop.fill(client, url.split("/")[-2], 2)
        foreign = await shop.fill(other, url.split("/")[-2], 3)
        for _ in range(3):
            for who, as_whom, ids in ((client, actor, own), (other, theirs, foreign)):
                rows = json.loads(await both_ways(app, who, as_whom, url))["items"]
                assert [row["row_id"] for row in rows] == ids

    async def test_what_is_wrong_is_said_as_always(
        self, app: FastAPI, client: httpx.AsyncClient, actor: Actor, url: str
    ) -> None:
        """Where the quick way is known, a wrong question is still answered by the ordinary one."""
        await both_ways(app, client, actor, url)
        for wrong in ("limit=0", "limit=1001", "limit=x", "sort=nothing", "cursor=x", "filter=a"):
            assert_problem(await client.get(f"{url}?{wrong}"), 422)
        assert_problem(await client.get(f"{url}?sort=%20{'%20' * 1000}code"), 422)
        assert_problem(await client.get(url.replace("sales", "wales")), 404, "not_found")
        assert (await client.get(f"{url}?limit=1000&sort=code")).status_code == 200


class TestEntries:
    """What a page leaves in the audit."""

    async def test_both_ways_leave_the_same(
        self, app: FastAPI, make_client: MakeClient, make_actor: MakeActor, tenant: Tenant, url: str
    ) -> None:
        """One entry for each page, with its question and how many rows were shown."""
        owner = await make_actor(tenant, Role.OWNER)
        client = await make_client(owner)
        await shop.fill(client, url.split("/")[-2], 5)
        await both_ways(app, client, owner, f"{url}?limit=3&filter=amount:gt:0&sort=-amount")
        entries = (await client.get("/api/v1/audit", params={"action": "row.read"})).json()["items"]
        told = [
            {key: entry[key] for key in ("subject", "target", "rows", "details")}
            for entry in entries
            if "amount" in entry["details"]["question"]
        ]
        assert len(told) == 2
        assert told[0] == told[1]
        assert (told[0]["rows"], told[0]["subject"]) == (3, owner.subject)

    async def test_what_was_not_shown_was_not_read(
        self,
        app: FastAPI,
        make_client: MakeClient,
        make_actor: MakeActor,
        database: Database,
        tenant: Tenant,
        url: str,
    ) -> None:
        """Who may not any more leaves no entry of a read."""
        owner = await make_actor(tenant, Role.OWNER)
        asking = await make_client(owner)
        user = await people.make_user(database)
        place = await people.join(database, tenant.id, user.id, Role.ANALYST)
        member = await people.admit(database, user.id, tenant.id)
        client = await make_client(member)
        await both_ways(app, client, member, url)
        await people.change_role(database, tenant.id, place, Role.GUEST)
        assert not await is_known(app, member, url)
        audit = await asking.get("/api/v1/audit", params={"subject": member.subject})
        read = [entry for entry in audit.json()["items"] if entry["action"] == "row.read"]
        assert len(read) == 3  # both ways, and the look at whether it is known


async def test_a_lost_connection_costs_no_answer(
    app: FastAPI, client: httpx.AsyncClient, migrated: Embedded, actor: Actor, url: str
) -> None:
    """When the server has ended every connection, the next page comes the ordinary way."""
    await both_ways(app, client, actor, url)
    with migrated.superuser("workbench") as superuser:
        superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where usename = 'workbench_app' and application_name not like 'workbench %%'"
        )
    assert (await client.get(url)).status_code == 200
    await both_ways(app, client, actor, url)
