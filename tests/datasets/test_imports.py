"""Imports: from a file to rows, all that fits and nothing else."""

import asyncio

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.datasets.importing import Imports
from tests.support import samples
from workbench.actor import Actor
from workbench.datasets import commands, queries, rejects
from workbench.datasets.errors import DatasetNotFound, ImportNotFound
from workbench.datasets.models import Reject
from workbench.datasets.schemas import ImportView, Reading
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid, NotFound
from workbench.outbox.models import OutboxMessage
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

pytestmark = [pytest.mark.usefixtures("empty"), pytest.mark.acts_as("engineer")]

HEADER = "carrier,dest,delay,distance,cancelled,flown_on,departed\n"
STAGED = text("select count(*) from pg_class where relnamespace = 'staging'::regnamespace")


class TestLoad:
    """A whole file in one transaction."""

    async def test_every_row_of_a_good_file_is_there(self, imports: Imports) -> None:
        """Values have the types of their columns, empty cells have none."""
        order = await imports.run(samples.TRIPS_CSV)
        assert (order.status, order.rows_loaded, order.rows_rejected) == ("succeeded", 6, 0)
        rows = await imports.rows()
        assert [row["delay"] for row in rows] == [2, -5, 33, None, -1, 0]
        assert str(rows[0]["departed"]) == "2026-01-01 10:00:00+00:00"
        assert rows[1]["distance"] == 719.5
        assert rows[5]["dest"] is None
        assert await imports.rejects(order.id) == []
        async with imports.database.session(imports.actor) as session:
            told = await session.scalars(
                select(OutboxMessage.payload).where(OutboxMessage.topic == "imports.finished")
            )
            assert told.all() == [{"import_id": str(order.id)}]

    async def test_some_columns_are_enough(self, imports: Imports) -> None:
        """A column that the file lacks stays empty; order and case do not matter."""
        order = await imports.run("Delay ; CARRIER\n5;UA\n")
        assert order.status == "succeeded"
        (row,) = await imports.rows()
        assert (row["carrier"], row["delay"], row["dest"]) == ("UA", 5, None)

    async def test_the_null_text_is_no_value(self, imports: Imports) -> None:
        """With a marker, an empty text is a text, and an empty number still none."""
        order = await imports.run("carrier,dest,delay\nNA,,\nUA,x,NA\n", null_text="NA")
        assert order.status == "succeeded"
        assert [(row["carrier"], row["dest"], row["delay"]) for row in await imports.rows()] == [
            (None, "", None),
            ("UA", "x", None),
        ]

    async def test_rows_that_do_not_fit_are_told(self, imports: Imports) -> None:
        """The rest loads; each refused row has its line, its first wrong cell and a reason."""
        order = await imports.run(
            HEADER
            + "UA,ok,1,1.5,true,2026-01-01,2026-01-01T00:00:00+02:00\n"
            + "UA,x,many,1,true,2026-01-01,\n"
            + "UA,x,1,NaN,true,,\n"
            + "UA,x,1,1e999,true,,\n"
            + "UA,x\n"
            + "UA,x,1,1,maybe,,\n"
            + "UA,x,1,1,,01/02/2026,\n"
            + "UA,x,1,1,,2026-02-30,\n"
            + "UA,x,1,1,,today,\n"
            + "UA,x,1,1,,,now\n"
            + "UA,x,1,1,,,9999-12-31T23:59:59-10:00\n"
            + "UA,x,9223372036854775808,1,,,\n"
            + 'UA,"'
            + "y" * 300
            + '",1,'
            + "z" * 300
            + ",,,\n"
        )
        assert (order.status, order.rows_loaded, order.rows_rejected) == ("partial", 1, 12)
        rejects = await imports.rejects(order.id)
        assert [(reject.line, reject.column_name) for reject in rejects] == [
            (3, "delay"),
            (4, "distance"),
            (5, "distance"),
            (6, None),
            (7, "cancelled"),
            (8, "flown_on"),
            (9, "flown_on"),
            (10, "flown_on"),
            (11, "departed"),
            (12, "departed"),
            (13, "delay"),
            (14, "distance"),
        ]
        assert (rejects[0].value, rejects[0].reason) == ("many", "must be a whole number")
        assert rejects[-1].value == "z" * 200
        assert [row["dest"] for row in await imports.rows()] == ["ok"]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "The file is empty."),
            (HEADER.encode(), "The file holds no rows."),
            (b"delay\nx\ny\n", "Every row was refused."),
            (b"carrier,tenant_id\nUA,1\n", "no column tenant_id"),
            (b"carrier,row_id\nUA,1\n", "no column row_id"),
            (b"carrier,deleted_at\nUA,\n", "no column deleted_at"),
            (b"carrier\n" + b"UA\n" * 20_000 + b'"open\n', "never closed"),
            (b"carrier\n" + b"UA\n" * 20_000 + b"\xff\n", "not UTF-8"),
            (b"\x89PNG\r\n\x1a\n", "picture"),
        ],
    )
    async def test_a_file_that_cannot_be_loaded_leaves_no_row(
        self, imports: Imports, content: bytes, message: str
    ) -> None:
        """The import fails and says why."""
        order = await imports.run(content, encoding="utf-8")
        assert (order.status, order.rows_loaded) == ("failed", 0)
        assert message in (order.error or "")
        assert order.finished_at is not None
        assert await imports.rows() == []

    async def test_a_row_that_no_page_can_hold_fails_the_import(
        self, database: Database, storage: Storage, tenant: Tenant
    ) -> None:
        """PostgreSQL keeps a row of many short cells in one page of 8 kB."""
        await samples.shared(database, samples.WIDE)
        await commands.adopt_shared(database, tenant.id)
        header = ",".join(column.name for column in samples.WIDE.columns)
        small, large = (",".join([cell] * len(samples.WIDE.columns)) for cell in ("x", "x" * 20))
        reason = "A row of the file is too long to store."
        for row, outcome in ((small, ("succeeded", None)), (large, ("failed", reason))):
            done = await samples.fill(
                database, storage, tenant.id, samples.WIDE.name, f"{header}\n{row}\n"
            )
            assert (done.status, done.error) == outcome

    async def test_only_so_many_rejects_are_kept(
        self, imports: Imports, database: Database, actor: Actor
    ) -> None:
        """The count stays exact."""
        bad = rejects.MAX_LISTED + 5
        order = await imports.run("carrier,delay\n" + "UA,1\n" + "UA,x\n" * bad + "UA\n" * 3)
        assert (order.rows_loaded, order.rows_rejected) == (1, bad + 3)
        async with database.session(actor) as session:
            kept = select(func.count()).select_from(Reject).where(Reject.import_id == order.id)
            assert await session.scalar(kept) == rejects.MAX_LISTED

    async def test_loading_twice_loads_once(
        self, imports: Imports, database: Database, storage: Storage
    ) -> None:
        """A task that is tried again finds the import done."""
        order = await imports.run(samples.TRIPS_CSV)
        again = await samples.load(database, storage, order)
        assert (again.status, again.rows_loaded) == ("succeeded", 6)
        assert len(await imports.rows()) == 6

    async def test_two_workers_load_once(
        self, imports: Imports, database: Database, storage: Storage, actor: Actor
    ) -> None:
        """The second waits for the first and finds the import done."""
        order = await samples.start(
            database, storage, actor, "sample_trips", samples.TRIPS_CSV.encode()
        )
        both = (samples.load(database, storage, order) for _ in range(2))
        assert {done.status for done in await asyncio.gather(*both)} == {"succeeded"}
        assert len(await imports.rows()) == 6

    async def test_an_import_that_began_and_died_can_be_loaded(
        self, imports: Imports, database: Database, storage: Storage, actor: Actor
    ) -> None:
        """A worker's death leaves `running`, no rows and no staging table."""
        order = await samples.start(
            database, storage, actor, "sample_trips", samples.TRIPS_CSV.encode()
        )
        worker = samples.loader(order.tenant_id)
        async with database.session(worker) as session:
            assert (await commands.begin_import(session, worker, order.id)).status == "running"
        async with database.session(worker) as session:
            await commands.load(session, worker, storage, order.id)
            await session.rollback()
        assert await imports.rows() == []
        done = await samples.load(database, storage, order)
        assert done.status == "succeeded"
        async with database.app.connect() as connection:
            assert await connection.scalar(STAGED) == 0

    async def test_a_failure_is_noted_once(
        self, database: Database, storage: Storage, actor: Actor
    ) -> None:
        """`fail_import` speaks for an import that has not ended."""
        order = await samples.start(
            database, storage, actor, "sample_trips", samples.TRIPS_CSV.encode()
        )
        worker = samples.loader(order.tenant_id)
        async with database.session(worker) as session:
            failed = await commands.fail_import(session, worker, order.id, "The disk is full.")
            assert (failed.status, failed.error) == ("failed", "The disk is full.")
        assert (await samples.load(database, storage, order)).status == "failed"

    async def test_a_file_that_is_gone_fails_the_import(
        self, database: Database, storage: Storage, actor: Actor
    ) -> None:
        """Nothing is loaded, and the import says so."""
        order = await samples.start(database, storage, actor, "sample_trips", b"carrier\nUA\n")
        (place,) = storage.keys(order.tenant_id)
        storage.remove(place)
        done = await samples.load(database, storage, order)
        assert (done.status, done.error) == ("failed", "The file is gone.")


class TestBoundary:
    """Whose rows an import makes, and who may make it."""

    async def test_rows_belong_to_the_importing_tenant(
        self, imports: Imports, database: Database, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Another tenant sees neither rows nor import nor rejects."""
        order = await imports.run("carrier,delay\nUA,1\nUA,x\n")
        other = await make_actor(other_tenant, Role.OWNER)
        async with database.session(other) as session:
            assert await session.scalar(queries.import_(other, order.id)) is None
            assert (await session.scalars(queries.rejects(other, order.id))).all() == []
            assert (await session.scalars(queries.imports(other))).all() == []
        assert len(await imports.rows()) == 1
        assert len(await imports.rejects(order.id)) == 1

    async def test_another_tenants_import_is_not_found(
        self, imports: Imports, database: Database, storage: Storage, other_tenant: Tenant
    ) -> None:
        """Its id loads nothing for others."""
        order = await imports.run(samples.TRIPS_CSV)
        stranger = samples.loader(other_tenant.id)
        with pytest.raises(ImportNotFound):
            async with database.session(stranger) as session:
                await commands.load(session, stranger, storage, order.id)
        with pytest.raises(ImportNotFound):
            async with database.session(stranger) as session:
                await commands.fail_import(session, stranger, order.id, "no")

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
    async def test_readers_may_not_import(
        self,
        database: Database,
        storage: Storage,
        tenant: Tenant,
        make_actor: MakeActor,
        role: Role,
    ) -> None:
        """Importing begins with the engineer."""
        reader = await make_actor(tenant, role)
        with pytest.raises(Forbidden):
            await samples.start(database, storage, reader, "sample_trips", b"carrier\nUA\n")

    async def test_copy_into_the_table_itself_is_refused(
        self, database: Database, actor: Actor
    ) -> None:
        """PostgreSQL has no COPY FROM through a policy, so staging is the only way."""
        async with database.session(actor) as session:
            dataset = await session.scalar(queries.dataset(actor, "sample_trips"))
            assert dataset is not None
            table = f"rows.d_{dataset.definition_id.hex}"
            with pytest.raises(DBAPIError, match="row-level security"):
                await session.execute(text(f"copy {table} (carrier) from stdin"))
            await session.rollback()


class TestStart:
    """An order for an import."""

    async def test_it_is_shown_as_queued(
        self, database: Database, storage: Storage, actor: Actor
    ) -> None:
        """The import names its dataset and its file, which is no path."""
        order = await samples.start(database, storage, actor, "sample_trips", b"carrier\nUA\n")
        async with database.reading(actor) as session:
            (found,) = (await session.scalars(queries.imports(actor, dataset="sample_trips"))).all()
            view = ImportView.model_validate(found, from_attributes=True)
        assert (view.id, view.dataset, view.status) == (order.id, "sample_trips", "queued")
        (place,) = storage.keys(order.tenant_id)
        assert place.startswith(f"{order.tenant_id.hex}/files/{order.file_id.hex}/")

    async def test_an_unknown_dataset_leaves_no_file(
        self, database: Database, storage: Storage, actor: Actor
    ) -> None:
        """Nothing is kept for an order that cannot be."""
        with pytest.raises(DatasetNotFound):
            await samples.start(database, storage, actor, "no_such", b"carrier\nUA\n")

    @pytest.mark.parametrize("null_text", ["x" * 21, "\n", "\0"])
    async def test_a_strange_null_text_is_refused(
        self, database: Database, storage: Storage, actor: Actor, null_text: str
    ) -> None:
        """The marker is short and printable."""
        with pytest.raises(Invalid, match="null_text"):
            await samples.start(
                *(database, storage, actor, "sample_trips", b"carrier\n"),
                reading=Reading(null_text=null_text),
            )

    async def test_a_transaction_that_fails_keeps_nothing(
        self, database: Database, storage: Storage, actor: Actor, operator: Actor
    ) -> None:
        """An actor of the platform has no tenant to import into."""
        with pytest.raises((Forbidden, NotFound)):
            await samples.start(database, storage, operator, "sample_trips", b"carrier\nUA\n")
        async with database.session(actor) as session:
            assert (await session.scalars(queries.imports(actor))).all() == []
