"""Files that make datasets, over HTTP: who may, what a failure leaves, what the maker may do."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.api.test_api_tokens import made, using
from tests.api.test_imports import URL, send
from tests.conftest import MakeActor
from tests.support import people, samples
from workbench.access import queries as access
from workbench.access import roles
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

NAME = "visits"
FILE = "Site Name;Spent;Seen At\nnorth;1,5;31.01.2026\nsouth;;01.02.2026\nnorth;many;\n"
READING = (
    '{"columns": [{"source": "Site Name", "name": "site"},'
    ' {"source": "Spent", "name": "spent", "type": "number"},'
    ' {"source": "Seen At", "name": "seen", "type": "date"}], "decimal": ",", "dates": "day"}'
)
ROWS = f"/api/v1/datasets/{NAME}/rows"
Load = Callable[[httpx.Response], Awaitable[httpx.Response]]


@pytest.fixture
def load(database: Database, storage: Storage, tenant: Tenant, client: httpx.AsyncClient) -> Load:
    """Have the worker's own actor load what was ordered, and show how it ended."""

    async def loaded(sent: httpx.Response) -> httpx.Response:
        assert sent.status_code == 202, sent.text
        keeper = samples.loader(tenant.id)
        async with database.session(keeper) as session:
            await commands.load(session, keeper, storage, UUID(sent.json()["id"]))
        return await client.get(f"{URL}/{sent.json()['id']}")

    return loaded


async def create(client: httpx.AsyncClient, content: str = FILE, **more: str) -> httpx.Response:
    """Send a file that is to make a dataset."""
    return await send(client, NAME, content, mode="create", **more)


class TestCreate:
    """Mode `create`; by an analyst, unless another is named."""

    async def test_a_dataset_comes_of_a_file(
        self, client: httpx.AsyncClient, load: Load, actor: Actor
    ) -> None:
        """With the columns as they were proposed, and the file's rows."""
        sent = await create(client, "Site Name,Spent\nnorth,1\nsouth,\n", title="Visits")
        done = (await load(sent)).json()
        assert (done["status"], done["rows_loaded"], done["mode"]) == ("succeeded", 2, "create")
        assert done["reading"]["columns"][0]["name"] == "site_name"
        made = (await client.get(f"/api/v1/datasets/{NAME}")).json()
        assert (made["title"], made["is_private"]) == ("Visits", True)
        assert made["made_by"] == str(actor.user_id)
        assert [(c["name"], c["type"], c["title"]) for c in made["columns"]] == [
            ("site_name", "text", "Site Name"), ("spent", "integer", "Spent"),
        ]  # fmt: skip
        rows = (await client.get(ROWS)).json()["items"]
        assert [(row["site_name"], row["spent"]) for row in rows] == [("north", 1), ("south", None)]

    async def test_the_next_file_of_the_kind_goes_into_it(
        self, client: httpx.AsyncClient, load: Load
    ) -> None:
        """Headers that are no names, or stand there twice, find the columns made of them."""
        content = "Site Name,Tag,Tag,\nnorth,1,2,3\n"
        await load(await create(client, content))
        done = (await load(await send(client, NAME, content))).json()
        assert (done["status"], done["error"]) == ("succeeded", None)
        first, again = (await client.get(ROWS)).json()["items"]
        assert first | {"row_id": 0} == again | {"row_id": 0}
        assert again["tag_2"] == 2
        lost = (await load(await send(client, NAME, "Site Name,Other\nx,1\n"))).json()
        assert lost["error"] == "The dataset has no column other."

    async def test_as_the_reading_corrects_it(self, client: httpx.AsyncClient, load: Load) -> None:
        """Names, types and notation; a cell that does not fit is refused as in any import."""
        done = (await load(await create(client, reading=READING))).json()
        assert (done["status"], done["rows_loaded"], done["rows_rejected"]) == ("partial", 2, 1)
        rows = (await client.get(ROWS)).json()["items"]
        assert [(row["site"], row["spent"], row["seen"]) for row in rows] == [
            ("north", 1.5, "2026-01-31"), ("south", None, "2026-02-01"),
        ]  # fmt: skip

    @pytest.mark.acts_as("viewer")
    async def test_a_viewer_makes_none(self, client: httpx.AsyncClient) -> None:
        """The analysts above do."""
        assert_problem(await create(client), 403, "forbidden")
        assert_problem(await client.get(f"/api/v1/datasets/{NAME}"), 404)


class TestRefused:
    """What makes no dataset, and leaves none."""

    @pytest.mark.parametrize(
        ("content", "fields", "place"),
        [
            ("", {}, "malformed_file"),
            ("a\n1\n", {"reading": '{"columns": []}'}, "malformed_file"),
            ("a\n1\n", {"key": "a"}, "mode"),
            ("a\n1\n", {"title": "x\x01"}, "title"),
            ("a\n1\n", {"null_text": "x" * 21}, "null_text"),
            (
                "a,b\n1,2\n",
                {
                    "reading": '{"columns": [{"source": "a", "name": "x"},'
                    ' {"source": "b", "name": "x"}]}'
                },
                "columns[1].name",
            ),
            (
                "a\n1\n",
                {"reading": '{"columns": [{"source": "a", "name": "tenant_id"}]}'},
                "columns[0].name",
            ),
        ],
    )
    async def test_what_is_wrong_is_named(
        self, client: httpx.AsyncClient, content: str, fields: dict[str, str], place: str
    ) -> None:
        """Before anything is made."""
        refused = await create(client, content, **fields)
        assert_problem(refused, 422)
        told = refused.json()
        assert place in [told["code"], *(error["place"] for error in told["errors"])]
        assert_problem(await client.get(f"/api/v1/datasets/{NAME}"), 404)
        assert (await client.get(URL)).json()["items"] == []

    @pytest.mark.parametrize("name", ["Visits", "1st", "pg_visits", "runs", "x" * 64])
    async def test_so_is_a_name(self, client: httpx.AsyncClient, name: str) -> None:
        """One that is none, or belongs to PostgreSQL or readers."""
        refused = await send(client, name, "a\n1\n", mode="create")
        assert_problem(refused, 422)
        assert [error["place"] for error in refused.json()["errors"]] == ["name"]

    async def test_a_name_is_taken_once(
        self,
        client: httpx.AsyncClient,
        load: Load,
        shared: str,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:
        """By a shared dataset, by one's own that has rows, and by that of another analyst."""
        assert_problem(await send(client, shared, mode="create"), 409, "name_taken")
        await load(await create(client))
        assert_problem(await create(client), 409, "name_taken")
        other = await make_client(await make_actor(tenant, Role.ANALYST))
        assert_problem(await create(other), 409, "name_taken")
        assert len((await client.get(ROWS)).json()["items"]) == 3

    async def test_another_tenant_uses_the_name_too(
        self, client: httpx.AsyncClient, stranger: httpx.AsyncClient, load: Load
    ) -> None:
        """And neither sees the other's rows."""
        await load(await create(client))
        assert (await create(stranger, "b\n2\n")).status_code == 202
        assert (await stranger.get(ROWS)).json()["items"] == []
        assert len((await client.get(ROWS)).json()["items"]) == 3

    async def test_title_is_of_a_new_dataset(self, client: httpx.AsyncClient, load: Load) -> None:
        """No other mode takes one."""
        await load(await create(client))
        assert_problem(await send(client, NAME, FILE, title="Visits"), 422)


class TestFailed:
    """A file that makes a dataset and does not load."""

    BROKEN = "a,b\n1,x\n" + "2,y\n" * 70_000 + '3,"never closed\n'

    async def test_the_dataset_stays_empty_and_it_is_said(
        self, client: httpx.AsyncClient, load: Load
    ) -> None:
        """The same file retried fails again; sent again corrected, it takes the place."""
        sent = await create(client, self.BROKEN)
        failed = (await load(sent)).json()
        assert (failed["status"], failed["rows_loaded"]) == ("failed", 0)
        assert "never closed" in failed["error"]
        assert f"The dataset {NAME} is there and empty" in failed["error"]
        assert (await client.get(ROWS)).json()["items"] == []
        retried = await client.post(f"{URL}/{failed['id']}/retry")
        again = (await load(retried)).json()
        assert (again["status"], again["error"]) == ("failed", failed["error"])
        done = (await load(await create(client, "other\n1\n"))).json()
        assert done["status"] == "succeeded"
        assert [row["other"] for row in (await client.get(ROWS)).json()["items"]] == [1]

    async def test_its_rejects_fill_it(self, client: httpx.AsyncClient, load: Load) -> None:
        """Too many were refused; corrected, and sent to the empty dataset, they load."""
        sent = await create(client, "A Size\n1\n" + "x\n" * 70_000 + "2\n", most_rejects="5",
            reading='{"columns": [{"source": "A Size", "name": "a_size", "type": "integer"}]}',
        )  # fmt: skip
        failed = (await load(sent)).json()
        assert (failed["status"], failed["rows_rejected"]) == ("failed", 70_000)
        rejects = (await client.get(f"{URL}/{failed['id']}/rejects.csv")).text.replace(
            ",x\r", ",7\r"
        )
        done = (await load(await send(client, NAME, rejects))).json()
        assert (done["status"], done["rows_loaded"]) == ("succeeded", 70_000)

    async def test_one_that_is_cancelled_says_so_too(
        self, client: httpx.AsyncClient, load: Load
    ) -> None:
        """Retried, it is loaded, and its message is gone."""
        sent = (await create(client)).json()
        cancelled = (await client.post(f"{URL}/{sent['id']}/cancel")).json()
        assert "there and empty" in cancelled["error"]
        done = (await load(await client.post(f"{URL}/{sent['id']}/retry"))).json()
        assert (done["status"], done["error"], done["rows_loaded"]) == ("succeeded", None, 3)

    async def test_one_that_waits_or_holds_rows_keeps_its_name(
        self, client: httpx.AsyncClient
    ) -> None:
        """It gives way only once its import came to nothing and nobody has put a row into it."""
        sent = (await create(client, "a\n1\n")).json()
        assert_problem(await create(client, "a\n1\n"), 409, "name_taken")
        await client.post(f"{URL}/{sent['id']}/cancel")
        assert (await client.post(ROWS, json={"rows": [{"a": 1}]})).status_code == 201
        assert_problem(await create(client, "a\n1\n"), 409, "name_taken")

    async def test_another_analyst_does_not_replace_it(
        self, client: httpx.AsyncClient, make_client: MakeClient, make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:  # fmt: skip
        """It is its maker's."""
        sent = (await create(client)).json()
        await client.post(f"{URL}/{sent['id']}/cancel")
        other = await make_client(await make_actor(tenant, Role.ANALYST))
        assert_problem(await create(other), 409, "name_taken")
        assert (await create(client)).status_code == 202

    async def test_an_idempotent_request_makes_one(self, client: httpx.AsyncClient) -> None:
        """Sent twice under one key, it is answered twice alike."""
        client.headers["Idempotency-Key"] = "create-1"
        first, again = await create(client), await create(client)
        assert (first.status_code, first.json()) == (202, again.json())
        assert_problem(await create(client, title="Other"), 409, "idempotency_key_reused")


class TestMaker:
    """What an analyst may do with imports into his own dataset, and not into others."""

    async def test_all_of_it(self, client: httpx.AsyncClient, load: Load) -> None:
        """Append, replace, upsert, undo, cancel and retry, after the first."""
        sent = await create(client, reading=READING)
        await load(sent)
        for fields, rows in (
            ({}, 4), ({"mode": "replace"}, 2), ({"mode": "upsert", "key": "site,seen"}, 2),
        ):  # fmt: skip
            sent = await send(client, NAME, FILE, reading=READING, **fields)
            assert (await load(sent)).json()["rows_loaded"] == 2
            assert len((await client.get(ROWS)).json()["items"]) == rows
        undone = await client.post(f"{URL}/{sent.json()['id']}/undo")
        assert undone.status_code == 200
        waiting = (await send(client, NAME, "site\nx\n")).json()["id"]
        assert (await client.post(f"{URL}/{waiting}/cancel")).json()["status"] == "cancelled"
        assert (await load(await client.post(f"{URL}/{waiting}/retry"))).json()["rows_loaded"] == 1

    async def test_a_retry_forgets_what_was_refused(
        self, client: httpx.AsyncClient, load: Load
    ) -> None:
        """PostgreSQL lets the maker remove the rejects of the attempt before."""
        await load(await create(client))
        failed = (await load(await send(client, NAME, "site_name,spent\n1,1,1\n"))).json()
        url = f"{URL}/{failed['id']}"
        assert len((await client.get(f"{url}/rejects")).json()["items"]) == 1
        assert (await client.post(f"{url}/retry")).status_code == 202
        assert (await client.get(f"{url}/rejects")).json()["items"] == []

    @pytest.mark.parametrize(("role", "status"), [(Role.ANALYST, 403), (Role.ENGINEER, 202)])
    async def test_what_others_made_is_for_engineers(
        self, make_client: MakeClient, make_actor: MakeActor, client: httpx.AsyncClient,
        shared: str, tenant: Tenant, role: Role, status: int,
    ) -> None:  # fmt: skip
        """Shared datasets, and an analyst's: another analyst, who has one of his own, may not."""
        await create(client, "a\n1\n")
        other = await make_client(await make_actor(tenant, role))
        assert (await send(other, "of_the_other", "a\n1\n", mode="create")).status_code == 202
        for name, content in ((shared, shop.CSV), (NAME, "a\n2\n")):
            assert (await send(other, name, content)).status_code == status
        assert (await send(other, "nowhere", "a\n2\n")).status_code == 404
        waiting = (await send(client, NAME, "a\n3\n")).json()["id"]
        answer = await other.post(f"{URL}/{waiting}/cancel")
        assert answer.status_code == (200 if status == 202 else status), answer.text
        for end in ("retry", "undo"):
            expected = 403 if status == 403 else {"retry": 202, "undo": 409}[end]
            assert (await other.post(f"{URL}/{waiting}/{end}")).status_code == expected

    async def test_a_viewer_with_one_more_right_makes_and_reads_his_own(
        self, database: Database, storage: Storage, make_client: MakeClient,
        make_actor: MakeActor, tenant: Tenant, client: httpx.AsyncClient,
    ) -> None:  # fmt: skip
        """`dataset:create` of a tenant's own role suffices; imports of others stay hidden."""
        theirs = (await send(client, "of_the_other", "a\n1\n", mode="create")).json()["id"]
        viewer = await make_client(await granted(database, make_actor, tenant))
        sent = await create(viewer, "a\nx\n")
        assert sent.status_code == 202, sent.text
        keeper = samples.loader(tenant.id)
        async with database.session(keeper) as session:
            await commands.load(session, keeper, storage, UUID(sent.json()["id"]))
        listed = (await viewer.get(URL)).json()["items"]
        assert [item["id"] for item in listed] == [sent.json()["id"]]
        assert_problem(await viewer.get(f"{URL}/{theirs}"), 404)
        failed = (await send(viewer, NAME, "a\nx,1\n")).json()
        async with database.session(keeper) as session:
            await commands.load(session, keeper, storage, UUID(failed["id"]))
        for url in (f"{URL}/{failed['id']}", f"{URL}/{failed['id']}/rejects.csv"):
            assert (await viewer.get(url)).status_code == 200
        assert len((await viewer.get(f"{URL}/{failed['id']}/rejects")).json()["items"]) == 1

    async def test_rights_end_with_the_role(
        self, client: httpx.AsyncClient, actor: Actor, database: Database, tenant: Tenant
    ) -> None:
        """Who may make datasets no more imports into none that he made."""
        await create(client, "a\n1\n")
        assert (await send(client, NAME, "a\n1\n")).status_code == 202
        await people.change_role(
            database, tenant.id, await seat(database, tenant, actor), Role.VIEWER
        )
        assert_problem(await send(client, NAME, "a\n1\n"), 403, "forbidden")


class TestToken:
    """An API token of somebody who may make datasets."""

    async def test_its_scope_decides(
        self, app: FastAPI, database: Database, make_client: MakeClient, make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:  # fmt: skip
        """Wide enough it makes a dataset and fills it; one that may not load makes none."""
        person = await granted(database, make_actor, tenant, Permission.TOKEN_MANAGE)
        maker = await make_client(person)
        assert (await create(maker, "a\n1\n")).status_code == 202
        reads = ("dataset:read", "dataset:create", "row:read")
        wide = await made(maker, *reads, "import:start", "import:read", "row:write")
        async with using(app, wide["token"]) as program:
            assert (await send(program, NAME, "a\n1\n")).status_code == 202
            assert (await send(program, "another", "a\n1\n", mode="create")).status_code == 202
        narrow = await made(maker, *reads)
        async with using(app, narrow["token"]) as program:
            assert_problem(await send(program, NAME, "a\n1\n"), 403, "forbidden")
            refused = await send(program, "a_third", "a\n1\n", mode="create")
            assert_problem(refused, 403, "forbidden")
        assert_problem(await maker.get("/api/v1/datasets/a_third"), 404)


async def granted(
    database: Database, make_actor: MakeActor, tenant: Tenant, *more: Permission
) -> Actor:
    """A viewer whom a role of the tenant's own lets make datasets, and more."""
    viewer = await make_actor(tenant, Role.VIEWER)
    owner = await make_actor(tenant, Role.OWNER)
    place = await seat(database, tenant, viewer)
    async with database.session(owner) as session:
        role = await roles.create(
            session, owner, name="maker", description="",
            permissions=[Permission.DATASET_CREATE, *more],
        )  # fmt: skip
        await roles.give(session, owner, place, role)
    assert viewer.user_id is not None
    return await people.admit(database, viewer.user_id, tenant.id)


async def seat(database: Database, tenant: Tenant, member: Actor) -> UUID:
    """The membership of somebody."""
    looker = Actor.of_system("test", Permission.MEMBER_READ, tenant_id=tenant.id)
    async with database.session(looker) as session:
        found = await session.execute(access.members(looker))
        return next(place.id for place, user in found if user.id == member.user_id)
