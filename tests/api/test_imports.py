"""Imports over HTTP."""

import httpx
import pytest

from tests.api import shop
from tests.api.conftest import assert_problem
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.storage import Storage
from workbench.tenants.models import Tenant

URL = "/api/v1/imports"


@pytest.fixture
async def name(operating: httpx.AsyncClient, tenant: Tenant, other_tenant: Tenant) -> str:
    """A dataset that both tenants have."""
    del tenant, other_tenant
    return await shop.define(operating)


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
        assert_problem(await client.post(url, files=two), 400)
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
