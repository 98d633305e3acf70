"""A private dataset through every door: SQL, exports, parts, explanations, notebooks, archives."""

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import MakeActor
from tests.datasets.test_definitions import new
from tests.datasets.test_private import make
from tests.support import granting, people
from tests.support.bench import bench
from tests.support.kernels import Bench
from workbench.access import queries as access
from workbench.access import roles
from workbench.actor import Actor
from workbench.datasets import commands, explain, queries, reach
from workbench.datasets.explain import Question
from workbench.datasets.export_formats import Format
from workbench.datasets.schemas import NewColumn, RowsExport
from workbench.datasets.sql_check import SqlRefused
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.permissions import Permission, Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker import datasets as chore
from workbench.worker import exporting

__all__ = ["bench"]

NAME = "my_data"
COLUMNS = [NewColumn(name="code", type="text"), NewColumn(name="size", type="integer")]
HERE, THERE = [{"code": "a", "size": 1}, {"code": "b", "size": 2}], [{"code": "SECRET", "size": 9}]
UA = {"column": "code", "op": "eq", "value": "a"}


async def fill(database: Database, actor: Actor, rows: list[dict[str, object]]) -> Actor:
    """Make the dataset and fill it."""
    maker = await make(database, actor, new(NAME, *COLUMNS))
    async with database.session(maker) as session:
        await commands.add_rows(session, maker, NAME, rows)
    return maker


@pytest.fixture
async def maker(
    database: Database, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
) -> Actor:
    """An analyst with a private dataset; another tenant has one of the same name."""
    await fill(database, await make_actor(other_tenant, Role.ANALYST), THERE)
    return await fill(database, actor, HERE)


@pytest.fixture
async def owner(maker: Actor, make_actor: MakeActor, tenant: Tenant) -> Actor:
    """The owner of the maker's tenant."""
    del maker
    return await make_actor(tenant, Role.OWNER)


async def file_of(blocks: object) -> str:
    """A file that an export sends."""
    return b"".join([block async for block in blocks]).decode()  # type: ignore[attr-defined]


class TestSql:
    """Ad-hoc SQL and exports."""

    async def test_it_is_named_plainly(self, database: Database, maker: Actor) -> None:
        """Alone and joined; a schema before it is refused, as is the one of shared datasets."""
        asked = f"select a.code, sum(b.size) from {NAME} a, {NAME} b group by 1 order by 1"
        answer = await commands.run_sql(database, maker, asked)
        assert answer.rows == [["a", 3], ["b", 3]]
        plan = await commands.run_sql(database, maker, f"explain select * from {NAME}")
        assert plan.rows
        for schema in ("data", "private", f"workbench_tenant_{maker.require_tenant().hex}"):
            with pytest.raises(SqlRefused, match="no dataset"):
                await commands.run_sql(database, maker, f"select * from {schema}.{NAME}")

    @pytest.mark.parametrize("format_", [Format.CSV, Format.PARQUET])
    async def test_it_leaves_as_a_file(
        self, database: Database, maker: Actor, format_: Format
    ) -> None:
        """Rows of the dataset, and of a statement about it."""
        async with database.session(maker) as session:
            dataset = (await session.scalars(queries.dataset(maker, NAME))).one()
        by_rows = await commands.export_rows(database, maker, dataset, RowsExport(), format_)
        by_sql = await commands.export_sql(database, maker, f"select * from {NAME}", format_)
        files = [[block async for block in blocks] for blocks in (by_rows, by_sql)]
        for blocks in files:
            assert blocks
            assert b"SECRET" not in b"".join(blocks)
        if format_ is Format.CSV:
            assert b"".join(files[0]).decode().split() == ["code,size", "a,1", "b,2"]


class TestParts:
    """A grant on a private dataset."""

    async def test_a_guest_asks_of_his_part(
        self, database: Database, maker: Actor, owner: Actor
    ) -> None:
        """In SQL and in files he sees the rows that are granted; the maker sees all."""
        user, place = await granting.guest(database, maker.require_tenant())
        await granting.grant(
            database, owner, place, "dataset", NAME, Permission.ROW_EXPORT, filter=UA
        )
        async with database.session(owner) as session:
            asks = await roles.create(
                session, owner, name="asks", description="", permissions=[Permission.SQL_RUN]
            )
            await roles.give(session, owner, place, asks)
        guest = await people.admit(database, user, maker.tenant_id)
        counted = f"select count(*) from {NAME}"
        assert (await commands.run_sql(database, guest, counted)).rows == [[1]]
        assert (await commands.run_sql(database, maker, counted)).rows == [[2]]
        async with database.session(guest) as session:
            dataset = (await session.scalars(queries.dataset(guest, NAME))).one()
        blocks = await commands.export_rows(database, guest, dataset, RowsExport(), Format.CSV)
        assert (await file_of(blocks)).split() == ["code,size", "a,1"]


class TestExplain:
    """Explaining access."""

    async def test_the_maker_is_named_as_the_source(
        self, database: Database, maker: Actor, owner: Actor
    ) -> None:
        """What he holds, he holds since he made it; others do not."""
        now = datetime.now(UTC)
        async with database.session(owner) as session:
            places = {
                row.User.id: row.Membership.id
                for row in await session.execute(access.members(owner))
            }
            question = Question(Permission.ROW_WRITE, "dataset", NAME)
            found = await explain.explain(session, owner, places[maker.user_id], question, now)
            assert (found.allowed, [s.kind for s in found.sources]) == (True, ["maker"])
            all_of_it = await reach.reach(session, owner, places[maker.user_id], now)
        (mine,) = (dataset for dataset in all_of_it.datasets if dataset.name == NAME)
        assert (mine.extent, mine.rows, mine.writable) == ("whole", 2, True)
        held = {(h.permission, h.target) for h in all_of_it.permissions if h.kind == "dataset"}
        assert held == {(p, NAME) for p in ("dataset:define", "import:start", "row:write")}

    async def test_another_analyst_lacks_it(
        self, database: Database, owner: Actor, make_actor: MakeActor, tenant: Tenant
    ) -> None:
        """PostgreSQL answers so, and no source is named."""
        other = await make_actor(tenant, Role.ANALYST)
        async with database.session(owner) as session:
            places = {
                row.User.id: row.Membership.id
                for row in await session.execute(access.members(owner))
            }
            question = Question(Permission.ROW_WRITE, "dataset", NAME)
            now = datetime.now(UTC)
            found = await explain.explain(session, owner, places[other.user_id], question, now)
        assert (found.allowed, found.sources) == (False, [])


@pytest.mark.usefixtures("bench")
class TestNotebooks:
    """A kernel of its own, with the login of the tenant."""

    async def test_a_run_reads_it(self, bench: Bench, maker: Actor) -> None:
        """By its plain name, through the lab and through a connection that the kernel opens."""
        run = await bench.run(
            maker,
            "from workbench import lab\nrun = lab.open_run()\n"
            "print(run.frame('select * from my_data').to_dict('list'))",
            "import psycopg\n"
            "with psycopg.connect(run.ticket.database_url) as connection:\n"
            "    tell = \"select set_config('workbench.actor_token', %s, false)\"\n"
            "    connection.execute(tell, [run.ticket.actor_token])\n"
            "    print(connection.execute('select max(code) from my_data').fetchall())",
        )
        said = bench.said(run)
        assert run.status == "succeeded", said
        assert "'code': ['a', 'b']" in said
        assert "[('b',)]" in said
        assert "SECRET" not in said

    async def test_a_guessed_schema_is_refused(
        self, bench: Bench, maker: Actor, other_tenant: Tenant
    ) -> None:
        """The other tenant's view is named, and the kernel may not look into its schema."""
        view = f"workbench_tenant_{other_tenant.id.hex}.{NAME}"
        run = await bench.run(
            maker,
            "from workbench import lab\nrun = lab.open_run()\n"
            f"try:\n    print(run.frame('select * from {view}'))\n"
            "except Exception as error:\n    print(error)",
        )
        assert "permission denied for schema" in bench.said(run)
        assert "SECRET" not in bench.said(run)


async def _silent(_: float) -> None:
    pass


async def test_the_archive_holds_it(
    database: Database, storage: Storage, owner: Actor, tmp_path: Path
) -> None:
    """The tenant takes its private dataset along, with what its columns mean; and no other's."""
    path = tmp_path / "archive.zip"
    with path.open("wb") as file:
        await exporting.write(database, storage, owner.narrowed(exporting.READS), file, _silent)
    with zipfile.ZipFile(path) as opened:
        lines = opened.read(f"datasets/rows/{NAME}.jsonl").splitlines()
        schema = json.loads(opened.read(f"datasets/rows/{NAME}.schema.json"))
    assert [json.loads(line)["code"] for line in lines] == ["a", "b"]
    assert schema["is_private"] is True
    assert [column["name"] for column in schema["columns"]] == ["code", "size"]


async def test_the_worker_purges_what_is_due(
    database: Database, storage: Storage, maker: Actor, migrated: Embedded
) -> None:
    """After the retention and not before; the table goes with the definition."""
    async with database.session(maker) as session:
        dataset = (await session.scalars(queries.dataset(maker, NAME))).one()
        await commands.delete_dataset(session, maker, NAME)
    there = f"select to_regclass('rows.d_{dataset.definition_id.hex}') is not null"
    now = datetime.now(UTC)
    with migrated.superuser("workbench") as superuser:
        await chore.sweep(database, storage, now + timedelta(days=29))
        assert superuser.execute(there).fetchone() == (True,)
        await chore.sweep(database, storage, now + timedelta(days=31))
        assert superuser.execute(there).fetchone() == (False,)
    with pytest.raises(Forbidden):
        async with database.session(maker) as session:
            await commands.purge_dataset(
                session, maker.narrowed([Permission.ROW_READ]), dataset.definition_id
            )
