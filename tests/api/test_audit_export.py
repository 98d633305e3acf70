"""The audit as a file: over HTTP, verified without the database, safe in a spreadsheet (F7)."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import assert_problem
from workbench.actor import Actor
from workbench.audit import chain, commands
from workbench.cli.audit import _of_file
from workbench.db.session import Database

URL = "/api/v1/audit/export"
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"]


@pytest.fixture
async def noted(database: Database, actor: Actor) -> Actor:
    """An actor whose deeds look like formulas, and are plenty."""
    async with database.session(actor) as session:
        for target in FORMULAS:
            commands.record(session, actor, "=test.deed", target, rows=1, ratio=1.50, n=10**30)
        for number in range(1200):
            commands.record(session, actor, "test.many", str(number), nothing=None)
    return actor


class TestExport:
    """GET /audit/export."""

    async def test_refuses_an_analyst(self, client: httpx.AsyncClient) -> None:
        """Exporting the audit is for owners."""
        assert_problem(await client.get(URL), 403, "forbidden")

    @pytest.mark.acts_as("owner")
    async def test_refuses_another_format(self, client: httpx.AsyncClient) -> None:
        """There are two."""
        assert_problem(await client.get(URL, params={"format": "xlsx"}), 422, "invalid")

    @pytest.mark.acts_as("owner")
    async def test_json_lines_are_verified_without_a_database(
        self, client: httpx.AsyncClient, noted: Actor, tmp_path: Path
    ) -> None:
        """The file holds the whole chain, its own export last, and every hash comes out."""
        answer = await client.get(URL)
        assert answer.headers["content-type"] == "application/jsonl"
        lines = answer.text.splitlines(keepends=True)
        found = [json.loads(line) for line in lines]
        assert [line["position"] for line in found] == list(range(1, len(found) + 1))
        assert len(found) > 1206
        assert {line["tenant_id"] for line in found} == {str(noted.tenant_id)}
        last = found[-1]
        assert (last["action"], last["details"]["format"]) == ("audit.export", "jsonl")
        assert last["rows"] == len(found) - 1
        path = tmp_path / "audit.jsonl"
        path.write_text(answer.text, newline="")
        checked = _of_file(path)
        assert (checked["checked"], checked["wrong"]) == (len(found), None)
        assert checked["head"] == f"{len(found)}:{last['hash']}"

    @pytest.mark.acts_as("owner")
    async def test_a_changed_file_is_found_out(
        self, client: httpx.AsyncClient, noted: Actor
    ) -> None:
        """Each field of a line, a line that is gone, and two that changed places."""
        del noted
        lines = (await client.get(URL)).text.splitlines()
        line = json.loads(lines[5])
        for name in ("subject", "at", "action", "target", "id", "tenant_id", "hash", "sid"):
            changed = line | {name: "00"}
            broken = [*lines[:5], json.dumps(changed), *lines[6:]]
            assert "position 6" in str(chain.check_file(broken).wrong), name
        assert "position 6" in str(chain.check_file([*lines[:5], *lines[6:]]).wrong)
        swapped = [*lines[:5], lines[6], lines[5], *lines[7:]]
        assert "position 6" in str(chain.check_file(swapped).wrong)
        assert "line 3" in str(chain.check_file([*lines[:2], "{}"]).wrong)
        assert chain.check_file(lines[5:]).wrong is None

    @pytest.mark.acts_as("owner")
    async def test_a_period_is_a_piece_of_the_chain(
        self, client: httpx.AsyncClient, noted: Actor
    ) -> None:
        """What a period leaves out is not in the file, and the rest still follows on."""
        del noted
        now = datetime.now(UTC).isoformat()
        before = (await client.get(URL, params={"until": now})).text.splitlines()
        after = (await client.get(URL, params={"since": now})).text.splitlines()
        assert len(before) > 1206
        assert [json.loads(line)["action"] for line in after] == ["audit.export"] * 2
        assert chain.check_file([*before, *after]).wrong is None
        nothing = await client.get(URL, params={"until": "2000-01-01T00:00:00Z"})
        assert nothing.text == ""

    @pytest.mark.acts_as("owner")
    async def test_no_cell_is_a_formula(self, client: httpx.AsyncClient, noted: Actor) -> None:
        """Headers and cells that a spreadsheet would calculate begin with an apostrophe."""
        del noted
        answer = await client.get(URL, params={"format": "csv"})
        assert answer.headers["content-type"].startswith("text/csv")
        table = list(csv.reader(io.StringIO(answer.text, newline="")))
        assert table[0][:4] == ["position", "tenant_id", "id", "at"]
        assert len(table) > 1207
        assert not [cell for row in table for cell in row if cell.startswith(tuple("=+-@\t\r"))]
        assert {f"'{formula}" for formula in FORMULAS} <= {row[7] for row in table}

    @pytest.mark.acts_as("owner")
    async def test_each_tenant_exports_its_own(
        self, client: httpx.AsyncClient, stranger: httpx.AsyncClient, noted: Actor
    ) -> None:
        """A stranger's file holds nothing of this tenant (O2)."""
        assert str(noted.tenant_id) in (await client.get(URL)).text
        assert str(noted.tenant_id) not in (await stranger.get(URL)).text


class TestFilters:
    """GET /audit with filters."""

    @pytest.mark.acts_as("owner")
    async def test_each_filter_narrows(self, client: httpx.AsyncClient, noted: Actor) -> None:
        """Action, subject, target, run and time; pages go on under the same filter."""

        async def found(**filters: str) -> list[str]:
            answer = await client.get("/api/v1/audit", params={"limit": "1000"} | filters)
            assert answer.status_code == 200, answer.text
            return [item["target"] for item in answer.json()["items"]]

        assert await found(action="=test.deed") == FORMULAS[::-1]
        assert await found(action="=test.deed", target="+1") == ["+1"]
        assert len(await found(subject=noted.subject)) == 1000
        assert await found(subject="system:nobody") == []
        assert await found(run_id=str(noted.tenant_id)) == []
        assert await found(until="2000-01-01T00:00:00Z") == []
        assert await found(since="2000-01-01T00:00:00Z", target="audit") != []
        page = (
            await client.get("/api/v1/audit", params={"action": "test.many", "limit": 700})
        ).json()
        rest = await found(action="test.many", cursor=page["next_cursor"])
        assert [item["target"] for item in page["items"]] + rest == [
            str(number) for number in reversed(range(1200))
        ]

    @pytest.mark.acts_as("owner")
    async def test_reading_it_is_noted(self, client: httpx.AsyncClient) -> None:
        """Who looked sees that he looked."""
        await client.get("/api/v1/audit")
        second = (await client.get("/api/v1/audit")).json()
        assert second["items"][0]["action"] == "audit.read"

    @pytest.mark.acts_as("owner")
    async def test_a_time_needs_its_zone(self, client: httpx.AsyncClient) -> None:
        """A time that could mean two moments is refused."""
        answer = await client.get("/api/v1/audit", params={"since": "2026-01-01T00:00:00"})
        assert_problem(answer, 422, "invalid")
