"""Imports over HTTP."""

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

URL = "/api/v1/imports"


@pytest.fixture
def name(shared: str) -> str:
    """A dataset that both tenants have."""
    return shared


async def send(
    client: httpx.AsyncClient, name: str, content: str = shop.CSV, **more: str
) -> httpx.Response:
    """Send a file."""
    files = {"file": ("../../sales.csv", content.encode(), "text/csv")}
    return await client.post(f"/api/v1/datasets/{name}/imports", files=files, data=more)


async def load(database: Database, storage: Storage, actor: Actor, import_id: str) -> None:
    """Load an import as the worker does."""
    async with database.session(actor) as session:
        from uuid import UUID  # noqa: PLC0415

        await commands.load(session, actor, storage, UUID(import_id))


@pytest.mark.acts_as("engineer")
class TestStart:
    """POST /datasets/{name}/imports."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Files come from the signed-in."""
        assert_problem(await send(anonymous, "flights"), 401, "unauthenticated")

    @pytest.mark.acts_as("analyst")
    async def test_refuses_an_analyst(self, client: httpx.AsyncClient, name: str) -> None:
        """An analyst starts no import into shared datasets."""
        assert_problem(await send(client, name), 403, "forbidden")

    async def test_takes_a_file_that_is_then_loaded(
        self,
        client: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        name: str,
        database: Database,
        storage: Storage,
        actor: Actor,
    ) -> None:
        """The good rows are there, the bad one is told with its line; a stranger sees neither."""
        response = await send(client, name)
        assert response.status_code == 202, response.text
        order = response.json()
        assert (order["status"], order["dataset"]) == ("queued", name)
        assert response.headers["location"] == f"{URL}/{order['id']}"
        await load(database, storage, actor, order["id"])
        done = (await client.get(f"{URL}/{order['id']}")).json()
        assert (done["status"], done["rows_loaded"], done["rows_rejected"]) == ("partial", 2, 1)
        rejects = (await client.get(f"{URL}/{order['id']}/rejects")).json()["items"]
        assert [(r["line"], r["column_name"], r["value"]) for r in rejects] == [
            (4, "amount", "many")
        ]
        rows = await client.get(f"/api/v1/datasets/{name}/rows")
        assert [item["code"] for item in rows.json()["items"]] == ["a", "b"]
        for url in (f"{URL}/{order['id']}", f"{URL}/{order['id']}/rejects"):
            assert_problem(await stranger.get(url), 404)
        assert (await stranger.get(f"/api/v1/datasets/{name}/rows")).json()["items"] == []

    async def test_refuses_forms_that_it_does_not_understand(
        self, client: httpx.AsyncClient, name: str
    ) -> None:
        """No file, another form, another mode, more fields: each is named."""
        url = f"/api/v1/datasets/{name}/imports"
        assert_problem(await client.post(url), 422)
        assert_problem(await client.post(url, json={"file": "x"}), 422)
        assert_problem(await client.post(url, data={"file": "text"}), 422)
        assert_problem(await send(client, name, mode="destroy"), 422)
        assert_problem(await send(client, name, tenant_id="x"), 422)
        assert_problem(await send(client, name, null_text="x" * 100), 422)
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        cut = await client.post(url, content=b"--x\r\nbad", headers=headers)
        assert cut.status_code in (400, 422)
        assert_problem(cut, cut.status_code)
        two = [("file", ("a.csv", b"a")), ("file", ("b.csv", b"b"))]
        assert_problem(await client.post(url, files=two), 422)
        assert (await client.get(URL)).json()["items"] == []

    async def test_answers_a_dataset_that_is_not_there(self, client: httpx.AsyncClient) -> None:
        """A file for nothing is refused."""
        assert_problem(await send(client, "nothing"), 404)

    async def test_is_done_once_under_one_key(self, client: httpx.AsyncClient, name: str) -> None:
        """The same file under the same key is one import; another file is refused."""
        client.headers["Idempotency-Key"] = "import-1"
        first, again = await send(client, name), await send(client, name)
        assert first.status_code == again.status_code == 202
        assert first.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true"
        other = await send(client, name, content="code\nx\n")
        assert_problem(other, 409, "idempotency_key_reused")
        assert len((await client.get(URL)).json()["items"]) == 1


UPSERT = {"mode": "upsert", "key": "code, day"}


@pytest.mark.acts_as("engineer")
class TestOrder:
    """What a form may say of how a file is loaded."""

    async def test_takes_a_mode_a_key_and_thresholds(
        self, client: httpx.AsyncClient, name: str
    ) -> None:
        """The import shows what was ordered."""
        sent = await send(client, name, **UPSERT, most_rejects="5", reject_share="0.5")
        assert sent.status_code == 202, sent.text
        order = sent.json()
        assert (order["mode"], order["key"]) == ("upsert", ["code", "day"])
        assert (order["most_rejects"], order["reject_share"]) == (5, 0.5)
        assert (order["progress"], order["attempt"], order["has_rejects"]) == (None, 0, False)

    @pytest.mark.parametrize(
        ("fields", "place"),
        [
            ({"mode": "upsert"}, "mode"),
            ({"mode": "append", "key": "code"}, "mode"),
            ({"mode": "upsert", "key": "code,nothing"}, "key"),
            ({"mode": "upsert", "key": "x' or 1=1"}, "key.0"),
            ({"most_rejects": "-1"}, "most_rejects"),
            ({"most_rejects": "many"}, "most_rejects"),
            ({"reject_share": "2"}, "reject_share"),
            ({"reading": "{"}, "reading"),
            ({"reading": '{"tenant_id": "x"}'}, "reading.tenant_id"),
            ({"import_id": "x"}, "import_id"),
        ],
    )
    async def test_names_the_field_that_is_wrong(
        self, client: httpx.AsyncClient, name: str, fields: dict[str, str], place: str
    ) -> None:
        """And orders nothing."""
        refused = await send(client, name, **fields)
        assert_problem(refused, 422)
        assert [error["place"] for error in refused.json()["errors"]] == [place]
        assert (await client.get(URL)).json()["items"] == []

    async def test_another_order_under_the_same_key_is_refused(
        self, client: httpx.AsyncClient, name: str
    ) -> None:
        """The same file in another mode is another request."""
        client.headers["Idempotency-Key"] = "import-2"
        assert (await send(client, name)).status_code == 202
        assert_problem(await send(client, name, mode="replace"), 409, "idempotency_key_reused")

    async def test_a_file_reaches_no_tenant_but_the_senders(
        self,
        client: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        name: str,
        database: Database,
        storage: Storage,
        actor: Actor,
        other_tenant: Tenant,
    ) -> None:
        """A column `tenant_id` has no power (F9): refused as unknown, skipped if one wants that."""
        content = f"code,tenant_id\na,{other_tenant.id}\n"
        order = (await send(client, name, content)).json()
        await load(database, storage, actor, order["id"])
        done = (await client.get(f"{URL}/{order['id']}")).json()
        assert (done["status"], "no column tenant_id" in done["error"]) == ("failed", True)

        reading = '{"columns": [{"source": "code", "name": "code"}]}'
        order = (await send(client, name, content, reading=reading)).json()
        await load(database, storage, actor, order["id"])
        rows = f"/api/v1/datasets/{name}/rows"
        assert [row["code"] for row in (await client.get(rows)).json()["items"]] == ["a"]
        assert (await stranger.get(rows)).json()["items"] == []


@pytest.mark.acts_as("engineer")
class TestPreview:
    """POST /imports/preview."""

    async def test_proposes_and_keeps_nothing(self, client: httpx.AsyncClient) -> None:
        """Columns, types and first rows; what the form says of the reading stays."""
        files = {"file": ("sales.csv", b"code;amount\na;1\nb;NA\n", "text/csv")}
        shown = await client.post(f"{URL}/preview", files=files, data={"null_text": "NA"})
        assert shown.status_code == 200, shown.text
        proposal = shown.json()
        assert [(c["name"], c["type"]) for c in proposal["columns"]] == [
            ("code", "text"), ("amount", "integer"),
        ]  # fmt: skip
        assert proposal["reading"]["delimiter"] == ";"
        assert len(proposal["preview"]) == 2
        assert (await client.get(URL)).json()["items"] == []

    async def test_takes_what_an_import_takes(self, client: httpx.AsyncClient) -> None:
        """A file beyond what other bodies may have is looked at; what is no file is not."""
        large = b"code,amount\n" + b"a,1\n" * 300_000
        shown = await client.post(f"{URL}/preview", files={"file": ("a.csv", large)})
        assert shown.status_code == 200, shown.text
        assert shown.json()["rows_estimated"] == pytest.approx(300_000, rel=0.01)
        assert_problem(await client.post("/api/v1/sql", content=large), 413, "too_large")

    async def test_refuses_what_cannot_be_read(self, client: httpx.AsyncClient) -> None:
        """A picture, an empty file, a form without one, a field too many."""
        for content in (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, b""):
            refused = await client.post(f"{URL}/preview", files={"file": ("a.csv", content)})
            assert_problem(refused, 422, "malformed_file")
        assert_problem(await client.post(f"{URL}/preview", data={"file": "x"}), 422)
        files = {"file": ("a.csv", b"a\n1\n")}
        more = await client.post(f"{URL}/preview", files=files, data={"mode": "append"})
        assert_problem(more, 422)

    async def test_is_for_those_who_may_import(
        self, anonymous: httpx.AsyncClient, make_client: MakeClient, make_actor: MakeActor,
        tenant: Tenant,
    ) -> None:  # fmt: skip
        """An analyst, who may make datasets of files; a viewer is refused."""
        files = {"file": ("a.csv", b"a\n1\n")}
        analyst = await make_client(await make_actor(tenant, Role.ANALYST))
        assert (await analyst.post(f"{URL}/preview", files=files)).status_code == 200
        viewer = await make_client(await make_actor(tenant, Role.VIEWER))
        assert_problem(await viewer.post(f"{URL}/preview", files=files), 403, "forbidden")
        assert_problem(await anonymous.post(f"{URL}/preview", files=files), 401)


@pytest.mark.acts_as("engineer")
class TestChange:
    """POST /imports/{id}/cancel, retry and undo; GET /imports/{id}/rejects.csv."""

    async def test_rejects_go_out_and_come_back(
        self,
        client: httpx.AsyncClient,
        name: str,
        database: Database,
        storage: Storage,
        actor: Actor,
    ) -> None:
        """Downloaded, corrected and sent as they are, they complete the dataset."""
        order = (await send(client, name)).json()
        await load(database, storage, actor, order["id"])
        answer = await client.get(f"{URL}/{order['id']}/rejects.csv")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"].startswith("attachment; filename*=")
        assert answer.text.startswith("line,column,reason,code,amount,")
        again = (await send(client, name, answer.text.replace("many", "3"))).json()
        await load(database, storage, actor, again["id"])
        done = (await client.get(f"{URL}/{again['id']}")).json()
        assert (done["status"], done["progress"], done["has_rejects"]) == ("succeeded", 1.0, False)
        rows = (await client.get(f"/api/v1/datasets/{name}/rows")).json()["items"]
        assert [(row["code"], row["amount"]) for row in rows] == [("a", 1), ("b", 2), ("c", 3)]
        assert_problem(await client.get(f"{URL}/{again['id']}/rejects.csv"), 404)

    async def test_it_can_be_undone_once(
        self,
        client: httpx.AsyncClient,
        name: str,
        database: Database,
        storage: Storage,
        actor: Actor,
    ) -> None:
        """The rows are gone, and the second time is a conflict."""
        order = (await send(client, name)).json()
        url = f"{URL}/{order['id']}"
        assert_problem(await client.post(f"{url}/undo"), 409, "not_undone")
        await load(database, storage, actor, order["id"])
        assert_problem(await client.post(f"{url}/cancel"), 409, "import_ended")
        assert_problem(await client.post(f"{url}/retry"), 409, "not_retried")
        undone = await client.post(f"{url}/undo")
        assert (undone.status_code, undone.json()["undone_at"] is None) == (200, False)
        assert (await client.get(f"/api/v1/datasets/{name}/rows")).json()["items"] == []
        assert_problem(await client.post(f"{url}/undo"), 409, "not_undone")

    async def test_it_can_be_cancelled_and_ordered_again(
        self,
        client: httpx.AsyncClient,
        name: str,
        database: Database,
        storage: Storage,
        actor: Actor,
    ) -> None:
        """A cancelled import is not loaded; ordered again it is."""
        order = (await send(client, name)).json()
        url = f"{URL}/{order['id']}"
        assert (await client.post(f"{url}/cancel")).json()["status"] == "cancelled"
        await load(database, storage, actor, order["id"])
        assert (await client.get(url)).json()["rows_loaded"] == 0
        again = await client.post(f"{url}/retry")
        assert (again.status_code, again.json()["status"]) == (202, "queued")
        await load(database, storage, actor, order["id"])
        assert (await client.get(url)).json()["rows_loaded"] == 2

    async def test_another_tenants_is_not_there(
        self,
        client: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        name: str,
        database: Database,
        storage: Storage,
        actor: Actor,
    ) -> None:
        """Its id is answered as one that nobody has, whatever is asked (A1, R42)."""
        order = (await send(client, name)).json()
        await load(database, storage, actor, order["id"])
        for verb, end in (
            ("POST", "cancel"), ("POST", "retry"), ("POST", "undo"), ("GET", "rejects.csv"),
        ):  # fmt: skip
            for some_id in (order["id"], new_id()):
                answer = await stranger.request(verb, f"{URL}/{some_id}/{end}")
                assert_problem(answer, 404, "not_found")
        assert (await client.get(f"{URL}/{order['id']}")).json()["undone_at"] is None
        assert (await client.get(f"{URL}/{order['id']}/rejects.csv")).status_code == 200


class TestRead:
    """GET /imports, /imports/{id} and /imports/{id}/rejects."""

    async def test_refuses_nobody(self, anonymous: httpx.AsyncClient) -> None:
        """Imports are for the signed-in."""
        for url in (URL, f"{URL}/{new_id()}", f"{URL}/{new_id()}/rejects"):
            assert_problem(await anonymous.get(url), 401, "unauthenticated")

    @pytest.mark.acts_as("viewer")
    async def test_refuses_a_viewer(self, client: httpx.AsyncClient) -> None:
        """A viewer does not read imports."""
        for url in (URL, f"{URL}/{new_id()}", f"{URL}/{new_id()}/rejects"):
            assert_problem(await client.get(url), 403, "forbidden")

    @pytest.mark.acts_as("engineer")
    async def test_lists_page_by_page(self, client: httpx.AsyncClient, name: str) -> None:
        """The newest import comes first."""
        made = [(await send(client, name)).json()["id"] for _ in range(3)]
        first = (await client.get(URL, params={"limit": 2, "dataset": name})).json()
        rest = (await client.get(URL, params={"cursor": first["next_cursor"]})).json()
        assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]

    async def test_answers_what_is_not_there(self, client: httpx.AsyncClient) -> None:
        """A random id is not found, and what is no id is refused."""
        for end in ("", "/rejects"):
            assert_problem(await client.get(f"{URL}/{new_id()}{end}"), 404)
            assert_problem(await client.get(f"{URL}/1{end}"), 422)
