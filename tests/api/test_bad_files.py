"""Every bad file through the API and a worker: a clear answer each time, and nothing half done."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from tests.api.conftest import assert_problem, bearer, open_client
from tests.api.parcels import cut_off
from tests.support import log_lines, people, samples
from tests.support.bad_files import BadFile, bad_files
from tests.support.serving import serving
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.notebooks import Shelf
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.worker import imports
from workbench.worker.parts import Parts

PROVE = bool(os.environ.get("WORKBENCH_PROVE"))
EVERY = sorted(bad_files())
# Every file is loaded in one of the two ways, at full counts in both.
LOADED, MADE = (EVERY, EVERY) if PROVE else (EVERY[1::2], EVERY[::2])
CELL = 1 << (30 if PROVE else 26)  # bytes; a row may have 16 MB
TRIPS = "sample_trips"
# Of 200 and 16 million rows, which is less than an import may have.
NEVER_LOADED = {"gzip_bomb", "parquet_many_rows"}
URL = "/api/v1/imports"
# The plain tests of imports go the same ways.
pytestmark = pytest.mark.no_cover


@dataclass(slots=True)
class Door:
    """The API as one engineer uses it, and a worker beside it; `rows` lie in the trips."""

    client: httpx.AsyncClient
    actor: Actor
    parts: Parts
    rows: int = 0

    async def send(self, to: str, file_name: str, content: Any, **fields: str) -> httpx.Response:
        """Send a file, to be looked at or to be loaded."""
        return await self.client.post(to, files={"file": (file_name, content)}, data=fields)

    async def load(self, sent: httpx.Response) -> dict[str, Any]:
        """Have the worker load what was ordered, and show how it ended."""
        found = sent.json()["id"]
        await imports.load(self.parts, self.actor.require_tenant(), UUID(found), is_last_try=True)
        done: dict[str, Any] = (await self.client.get(f"{URL}/{found}")).json()
        return done

    async def count(self, name: str) -> int:
        """How many rows a dataset has."""
        async with self.parts.database.session(self.actor) as session:
            dataset = (await session.scalars(queries.dataset(self.actor, name))).one()
            return await session.scalar(queries.count(self.actor, dataset)) or 0


@pytest.fixture(scope="module")
async def door(
    app: FastAPI, settings: Settings, database: Database, storage: Storage
) -> AsyncIterator[Door]:
    """One tenant's, for all files."""
    tenant = await people.make_tenant(database)
    await samples.shared(database, samples.TRIPS)
    await commands.adopt_shared(database, tenant.id)
    actor = await people.make_actor(database, tenant.id, Role.ENGINEER)
    tokens = Tokens(settings.secret_keys)
    parts = Parts(settings, database, storage, Shelf(Path()), tokens)
    headers = {"Authorization": f"Bearer {bearer(tokens, actor)}"}
    async with open_client(app, headers) as client:
        yield Door(client, actor, parts)


def into(name: str) -> str:
    """Where files for a dataset go."""
    return f"/api/v1/datasets/{name}/imports"


def assert_told(answer: httpx.Response) -> None:
    """Check that a refusal says what is wrong, in a sentence that can be read."""
    assert_problem(answer, 422, "malformed_file")
    assert 10 < len(answer.json()["detail"]) < 1000


def assert_whole(done: dict[str, Any]) -> None:
    """Check that an import ended, and that each of its rows was loaded or refused."""
    if done["status"] == "failed":
        assert done["rows_loaded"] == 0
        assert 10 < len(done["error"]) < 1500
        assert "could not load this file" not in done["error"]
        assert "PostgreSQL refused" not in done["error"]
        return
    assert done["status"] == ("partial" if done["rows_rejected"] else "succeeded")
    assert done["rows_loaded"] + done["rows_rejected"] == done["rows_read"]


def assert_as_foreseen(bad: BadFile, done: dict[str, Any]) -> None:
    """Check that an import into `sample_trips` ended as the corpus says of the file."""
    none = ("The file holds no rows.", "Every row was refused.")
    if bad.outcome == "refused":
        assert done["status"] == "failed"
        assert bad.says in done["error"]
    elif done["status"] == "failed":
        assert done["error"] in none
    else:
        assert done["status"] == {"partial": "partial", "fine": "succeeded"}[bad.outcome]
    assert done["has_rejects"] is bool(done["rows_rejected"])


@pytest.mark.parametrize("name", LOADED)
async def test_it_is_looked_at_or_refused(door: Door, name: str) -> None:
    """A preview answers columns, or why there are none."""
    bad = bad_files()[name]
    looked = await door.send(f"{URL}/preview", bad.file_name, bad.content)
    if looked.status_code == 200:
        assert looked.json()["columns"]
    else:
        assert_told(looked)


@pytest.mark.parametrize("name", MADE)
async def test_it_makes_a_dataset_or_none(door: Door, name: str) -> None:
    """What cannot be read makes none; what is found bad later leaves one that is empty."""
    bad, made = bad_files()[name], f"from_{name}"
    sent = await door.send(into(made), bad.file_name, bad.content, mode="create")
    if sent.status_code != 202:
        assert_told(sent)
        assert_problem(await door.client.get(f"/api/v1/datasets/{made}"), 404)
    elif name in NEVER_LOADED:
        await door.client.post(f"{URL}/{sent.json()['id']}/cancel")
    else:
        done = await door.load(sent)
        assert_whole(done)
        assert await door.count(made) == done["rows_loaded"]
        assert ("there and empty" in (done["error"] or "")) is (done["status"] == "failed")


@pytest.mark.parametrize("name", [name for name in LOADED if name not in NEVER_LOADED])
async def test_it_is_loaded_whole_or_not(door: Door, name: str) -> None:
    """Into a dataset that is there: every row is loaded or refused, or none is loaded."""
    bad = bad_files()[name]
    sent = await door.send(into(TRIPS), bad.file_name, bad.content)
    assert sent.status_code == 202, sent.text
    done = await door.load(sent)
    assert_whole(done)
    assert_as_foreseen(bad, done)
    door.rows += done["rows_loaded"]
    assert await door.count(TRIPS) == door.rows
    url = f"{URL}/{done['id']}"
    listed = (await door.client.get(f"{url}/rejects", params={"limit": 1})).json()["items"]
    assert bool(listed) is bool(done["rows_rejected"])
    answer = await door.client.get(f"{url}/rejects.csv")
    assert answer.status_code == (200 if done["has_rejects"] else 404)


class TestSending:
    """Requests that do not bring what they say they do."""

    BOUNDARY = "----a-boundary"
    BEGINNING = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="mode"\r\n\r\ncreate\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
        "a,b\n"
    )
    END = f"\r\n--{BOUNDARY}--\r\n"

    def head(self, door: Door, name: str, length: int) -> str:
        """The head of a request that says how long it is."""
        return (
            f"POST {into(name)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Authorization: {door.client.headers['authorization']}\r\n"
            f"Content-Type: multipart/form-data; boundary={self.BOUNDARY}\r\n"
            f"Content-Length: {length}\r\n\r\n"
        )

    async def test_a_connection_that_breaks_makes_nothing(
        self, app: FastAPI, door: Door, lines: io.StringIO
    ) -> None:
        """No dataset, no import, no file; whoever comes next is served, and no error is logged."""
        kept = door.parts.storage.sizes(door.actor.require_tenant())
        started = (await door.client.get(URL)).json()["items"][:1]
        sent = self.BEGINNING + "1,2\n" * 100_000
        async with serving(app) as address:
            head = self.head(door, "broken_off", 10 * len(sent))
            async with cut_off(address, (head + sent).encode()):
                await asyncio.sleep(0.2)
            async with httpx.AsyncClient(base_url=address, headers=door.client.headers) as next_one:
                missing = await next_one.get("/api/v1/datasets/broken_off")
        assert_problem(missing, 404, "not_found")
        assert (await door.client.get(URL)).json()["items"][:1] == started
        assert door.parts.storage.sizes(door.actor.require_tenant()) == kept
        assert {line["level"] for line in log_lines.read(lines)} == {"info"}

    @pytest.mark.parametrize(("rows", "status"), [(10, 422), (0, 202)])
    async def test_a_length_that_is_too_short_cuts_the_form(
        self, app: FastAPI, door: Door, rows: int, status: int
    ) -> None:
        """A form without its end brings no file; one that is as long as it says does."""
        name, missing = f"short_by_{rows}", "3,4\n" * rows
        body = self.BEGINNING + "1,2\n" + missing + self.END
        length = len(body) - len(missing + self.END) if rows else len(body)
        async with serving(app) as address:
            host, port = address.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write((self.head(door, name, length) + body).encode())
            answer = (await reader.read()).decode()
            writer.close()
        assert answer.startswith(f"HTTP/1.1 {status}"), answer
        found = await door.client.get(f"/api/v1/datasets/{name}")
        assert found.status_code == (200 if status == 202 else 404)

    async def test_a_cell_without_end_is_refused(self, door: Door) -> None:
        """It is generated while it is sent, and read no further than a row may be long."""

        async def body() -> AsyncIterator[bytes]:
            yield self.BEGINNING.encode() + b'1,"'
            for _ in range(CELL >> 20):
                yield b"x" * (1 << 20)
            yield self.END.encode()

        kind = {"Content-Type": f"multipart/form-data; boundary={self.BOUNDARY}"}
        answer = await door.client.post(into("endless"), content=body(), headers=kind)
        assert_told(answer)
        assert "longer than" in answer.json()["detail"]
        assert_problem(await door.client.get("/api/v1/datasets/endless"), 404)

    async def test_a_tenant_in_the_file_has_no_power(self, door: Door) -> None:
        """It becomes a column of another name; the rows are the sender's (F9)."""
        content = f"a,tenant_id\n1,{door.actor.sid}\n".encode()
        done = await door.load(await door.send(into("owned"), "x.csv", content, mode="create"))
        assert done["rows_loaded"] == 1
        row = (await door.client.get("/api/v1/datasets/owned/rows")).json()["items"][0]
        assert row == {"row_id": row["row_id"], "a": 1, "tenant_id_1": str(door.actor.sid)}
