"""Files that make datasets, over HTTP: who may, what a failure leaves, what the maker may do."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import assert_problem
from tests.api.test_imports import URL, send
from tests.support import samples
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.db.session import Database
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
