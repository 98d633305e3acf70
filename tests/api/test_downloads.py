"""Exports over HTTP: the rows of the screen as a file, for those who may take them along."""

import asyncio
import csv
import io

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select, text

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from tests.support import granting, people
from workbench.access import queries as access
from workbench.actor import Actor
from workbench.audit.models import AuditEntry
from workbench.datasets import commands
from workbench.datasets.commands.exporting import BrokenOff
from workbench.datasets.export_formats import Format
from workbench.db.session import Database
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1")  # noqa: RUF001
URL = "/api/v1/sql/export"
ENDLESS = "select n, md5(n::text) as text from generate_series(1, 100000000) n"
SIGNING_IN = Actor.of_system("login", Permission.USER_AUTHENTICATE)
FORMATS = ("csv", "parquet", "arrow")


@pytest.fixture
def name(shared: str) -> str:
    """A dataset that both tenants have."""
    return shared


@pytest.fixture
async def owner(
    make_client: MakeClient, make_actor: MakeActor, tenant: Tenant
) -> httpx.AsyncClient:
    """A client signed in as an owner."""
    return await make_client(await make_actor(tenant, Role.OWNER))


def address(name: str) -> str:
    """Where a dataset's file is."""
    return f"/api/v1/datasets/{name}/export"


def table(response: httpx.Response, format_: str) -> pa.Table:
    """The table that a file holds."""
    assert response.status_code == 200, response.text
    if format_ == "parquet":
        return pq.read_table(io.BytesIO(response.content))
    return pa.ipc.open_stream(response.content).read_all()


def lines(response: httpx.Response) -> list[list[str]]:
    """The rows of a CSV, its header first."""
    assert response.status_code == 200, response.text
    return list(csv.reader(io.StringIO(response.content.decode(), newline="")))


async def last_export(database: Database, actor: Actor) -> AuditEntry:
    """The newest entry of an export."""
    reading = Actor.of_system("test", Permission.AUDIT_READ, tenant_id=actor.tenant_id)
    async with database.session(reading) as session:
        found = select(AuditEntry).where(AuditEntry.action == "row.exported")
        return (await session.scalars(found)).one()


async def running(database: Database, actor: Actor) -> int:
    """How many statements of the actor's exports PostgreSQL still runs, a moment later."""
    count = text(
        "select count(*) from pg_stat_activity "
        "where application_name = :name and usename <> session_user"
    )
    found = 1
    for _ in range(20):
        async with database.app.connect() as connection:
            found = await connection.scalar(count, {"name": f"workbench {actor.sid}"}) or 0
        if found == 0:
            break
        await asyncio.sleep(0.1)
    return found


class TestRows:
    """GET …/export."""

    @pytest.mark.parametrize("format_", ["parquet", "arrow"])
    async def test_holds_the_rows_of_the_screen(
        self, owner: httpx.AsyncClient, stranger: httpx.AsyncClient, name: str, format_: str
    ) -> None:
        """Filter, order and values are those of the page, and no other tenant's row is there."""
        await shop.fill(owner, name, 9)
        await shop.fill(stranger, name, 4)
        question = {"filter": "amount:ge:2", "sort": "-amount"}
        page = await owner.get(f"/api/v1/datasets/{name}/rows", params=question)

        file = await owner.get(address(name), params=question | {"format": format_})

        shown = [{k: v for k, v in row.items() if k != "row_id"} for row in page.json()["items"]]
        found = table(file, format_).to_pylist()
        assert [row | {"day": str(row["day"])} for row in found] == shown
        assert len(found) == 7
        assert file.headers["content-disposition"].startswith(f'attachment; filename="{name}-20')
        assert file.headers["x-content-type-options"] == "nosniff"

    async def test_writes_csv(self, owner: httpx.AsyncClient, name: str) -> None:
        """A CSV has a header and an empty cell where there is no value."""
        await shop.fill(owner, name, 2)
        file = await owner.get(address(name), params={"columns": "amount,day,share"})
        assert lines(file) == [
            ["amount", "day", "share"],
            ["0", "2026-01-01", ""],
            ["1", "2026-01-02", ""],
        ]
        assert file.headers["content-type"] == "text/csv; charset=utf-8"

    async def test_marks_a_csv_for_excel(self, owner: httpx.AsyncClient, name: str) -> None:
        """Excel knows UTF-8 by a mark at the beginning; without being asked there is none."""
        await shop.fill(owner, name, 1)
        marked = await owner.get(address(name), params={"bom": True})
        plain = await owner.get(address(name))
        assert marked.content == b"\xef\xbb\xbf" + plain.content

    async def test_defuses_formulas_in_csv_alone(self, owner: httpx.AsyncClient, name: str) -> None:
        """No cell begins as a formula in a CSV; other files hold the texts as they are."""
        rows = [{"code": text, "amount": -1} for text in (*FORMULAS, "plain", "a=1")]
        await owner.post(f"/api/v1/datasets/{name}/rows", json={"rows": rows})
        choice = {"columns": "code,amount", "sort": "row_id"}

        cells = lines(await owner.get(address(name), params=choice))[1:]
        texts = await owner.get(address(name), params=choice | {"format": "parquet"})

        assert [cell for cell, _ in cells] == [*(f"'{text}" for text in FORMULAS), "plain", "a=1"]
        assert {amount for _, amount in cells} == {"-1"}
        assert table(texts, "parquet")["code"].to_pylist() == [*FORMULAS, "plain", "a=1"]

    @pytest.mark.parametrize("format_", FORMATS)
    async def test_is_a_file_without_rows_too(
        self, owner: httpx.AsyncClient, name: str, format_: str
    ) -> None:
        """Where nothing matches, the file holds the columns."""
        file = await owner.get(address(name), params={"format": format_, "filter": "code:eq:none"})
        if format_ == "csv":
            assert lines(file) == [[column["name"] for column in shop.COLUMNS]]
        else:
            assert table(file, format_).num_rows == 0

    @pytest.mark.parametrize(
        "question",
        [{"columns": "nothing"}, {"format": "xlsx"}, {"filter": "nothing:eq:1"}, {"sort": "no"}],
    )
    async def test_names_what_is_wrong(
        self, owner: httpx.AsyncClient, name: str, question: dict[str, str]
    ) -> None:
        """Columns, formats and conditions that there are not: a problem, and no file."""
        response = await owner.get(address(name), params=question)
        assert_problem(response, 422)
        assert response.json()["errors"]

    async def test_leaves_an_entry(self, owner: httpx.AsyncClient, name: str) -> None:
        """The audit tells who took how many rows along, with which question."""
        await shop.fill(owner, name, 3)
        await owner.get(address(name), params={"filter": "amount:ge:1", "format": "arrow"})
        entries = await owner.get("/api/v1/audit", params={"action": "row.export"})
        ends = await owner.get("/api/v1/audit", params={"action": "row.exported"})
        (begun,), (ended,) = entries.json()["items"], ends.json()["items"]
        assert begun["target"] == ended["target"] == f"dataset {name}"
        assert '"amount"' in begun["details"]["question"]
        assert ended["details"] == {"format": "arrow", "outcome": "succeeded"}
        assert ended["rows"] == 2


class TestWho:
    """Who may take rows along."""

    @pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("analyst", 200)])
    async def test_needs_the_permission(
        self,
        make_client: MakeClient,
        make_actor: MakeActor,
        tenant: Tenant,
        name: str,
        role: str,
        status: int,
    ) -> None:
        """Whoever may look may not yet take along."""
        client = await make_client(await make_actor(tenant, role))
        assert (await client.get(f"/api/v1/datasets/{name}/rows")).status_code == 200
        assert (await client.get(address(name))).status_code == status

    async def test_shows_a_guest_his_part(
        self,
        make_client: MakeClient,
        make_actor: MakeActor,
        database: Database,
        tenant: Tenant,
        name: str,
    ) -> None:
        """A part with masked columns is exported as that part, in SQL too, once it may be."""
        owner = await make_actor(tenant, Role.OWNER)
        await shop.fill(await make_client(owner), name, 6)
        part = {"filter": {"column": "code", "op": "eq", "value": "c1"}, "masks": {"day": "null"}}
        guests = []
        for more in ((), (Permission.ROW_EXPORT,)):
            user, place = await granting.guest(database, tenant.id)
            await granting.grant(database, owner, place, "dataset", name, *more, **part)
            guests.append(await make_client(await people.admit(database, user, tenant.id)))
        looking, taking = guests

        refused = await looking.get(address(name))
        taken = await taking.get(address(name), params={"columns": "code,amount,day"})

        assert_problem(refused, 403, "forbidden")
        assert lines(taken)[1:] == [["c1", "1", ""], ["c1", "4", ""]]

    async def test_knows_no_other_tenants_dataset(
        self, owner: httpx.AsyncClient, anonymous: httpx.AsyncClient, name: str
    ) -> None:
        """A name that is not here is not found; nobody gets nothing."""
        assert_problem(await owner.get(address("nowhere")), 404, "not_found")
        assert_problem(await anonymous.get(address(name)), 401, "unauthenticated")


class TestSql:
    """POST /sql/export."""

    async def test_holds_the_answer(
        self, owner: httpx.AsyncClient, stranger: httpx.AsyncClient, name: str
    ) -> None:
        """Types arrive as types, other types as text, names as written, twice too."""
        await shop.fill(owner, name, 3)
        await shop.fill(stranger, name, 2)
        statement = (
            f"select count(*) as n, sum(amount)::numeric / 2 as half, array_agg(code) as n, "
            f"'=x' as \"=head\" from {name}"
        )
        order = {"sql": statement}

        (row,) = (
            table(await owner.post(URL, json=order | {"format": "arrow"}), "arrow").to_pydict(),
        )
        file = lines(await owner.post(URL, json=order))

        assert row["half"] == [1.5]
        assert file == [["n", "half", "n", "'=head"], ["3", "1.5", "{c0,c1,c2}", "'=x"]]

    @pytest.mark.parametrize("format_", ["csv", "parquet", "arrow"])
    async def test_binds_parameters(
        self, owner: httpx.AsyncClient, name: str, format_: str
    ) -> None:
        """Each as the type of its place, whatever stands in it; the same rows as on the screen."""
        await shop.fill(owner, name, 4)
        hostile = "c1'::text) or true -- \\ é \" $2 :code"
        order = {
            "sql": f"select code, :word || '' as word, amount + :more as amount, :day - 1 as day, "
            f"cast(:nothing as integer) as nothing, 'é' || ':code $1' as text from {name} "
            "where code = any(:codes) and code <> :word and :day > '2013-01-01' "
            "and (:flag or amount = :more) order by code desc limit :most",
            "parameters": {
                "word": hostile,
                "more": 1,
                "day": {"type": "date", "value": "2013-07-01"},
                "nothing": None,
                "codes": ["c0", "c1", "", hostile],
                "flag": True,
                "most": 2,
            },
        }
        shown = (await owner.post("/api/v1/sql", json=order)).json()
        assert [row[0] for row in shown["rows"]] == ["c1", "c0"]
        assert shown["rows"][0][1] == hostile
        answer = await owner.post(URL, json=order | {"format": format_})
        assert answer.status_code == 200, answer.text
        if format_ == "csv":
            cells = [["" if c is None else str(c) for c in row] for row in shown["rows"]]
            assert lines(answer)[1:] == cells
        else:
            rows = table(answer, format_).to_pylist()
            assert [[*map(str, row.values())] for row in rows] == [
                [*map(str, row)] for row in shown["rows"]
            ]

    @pytest.mark.parametrize(
        ("parameters", "code"),
        [({}, "sql_refused"), ({"x": 1, "y": 2}, "invalid"), ({"x": "z"}, "sql_failed")],
    )
    async def test_refuses_parameters_that_sql_refuses(
        self, owner: httpx.AsyncClient, parameters: dict[str, object], code: str
    ) -> None:
        """One without a value, one that is not there, and one of another type."""
        order = {"sql": "select 1 + :x", "parameters": parameters}
        assert_problem(await owner.post(URL, json=order), 422, code)

    @pytest.mark.parametrize(
        ("statement", "code"),
        [
            ("select * from pg_authid", "sql_refused"),
            ("explain select 1", "sql_refused"),
            ("select 1; select 2", "sql_refused"),
            ("select no_column from (values (1)) v", "sql_failed"),
            ("select 1 / 0", "sql_failed"),
        ],
    )
    async def test_refuses_what_sql_refuses(
        self, owner: httpx.AsyncClient, statement: str, code: str
    ) -> None:
        """The same statements are refused as on the screen, before anything leaves."""
        assert_problem(await owner.post(URL, json={"sql": statement}), 422, code)

    @pytest.mark.acts_as("viewer")
    async def test_refuses_a_viewer(self, client: httpx.AsyncClient) -> None:
        """A viewer neither asks in SQL nor exports."""
        assert_problem(await client.post(URL, json={"sql": "select 1"}), 403, "forbidden")


@pytest.mark.acts_as("engineer")
class TestEnds:
    """An export that breaks off."""

    async def test_is_noted_when_the_reader_goes(self, actor: Actor, database: Database) -> None:
        """The statement ends, and what had left is counted."""
        blocks = await commands.export_sql(database, actor, ENDLESS, Format.CSV)
        assert [len(await anext(blocks)) > 0 for _ in range(3)] == [True] * 3
        await blocks.aclose()

        entry = await last_export(database, actor)
        assert entry.details["outcome"] == "broken"
        assert entry.rows is not None
        assert 0 < entry.rows < 100_000_000
        assert await running(database, actor) == 0

    async def test_breaks_off_when_access_ends(self, actor: Actor, database: Database) -> None:
        """A log-out ends the file at the next block, and the file has no end."""
        assert actor.sid is not None
        blocks = await commands.export_sql(database, actor, ENDLESS, Format.ARROW)
        await anext(blocks)
        async with database.session(SIGNING_IN) as session:
            await access.revoke(session, actor.sid)
        await database.cancel_statements(actor.sid)

        with pytest.raises(BrokenOff):
            async for _ in blocks:
                pass

        assert await running(database, actor) == 0
