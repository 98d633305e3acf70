"""Frames that are read in partitions: by threads, and by two workers of a real Dask cluster."""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import jwt
import pandas as pd
import pytest
from sqlalchemy import column, select, table

from tests.conftest import MakeActor
from tests.support import flights, granting, people
from tests.support.bench import bench
from tests.support.cluster import Cluster, cluster
from tests.support.kernels import Bench
from workbench.access import queries
from workbench.actor import Actor
from workbench.audit.models import AuditEntry
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.lab import reading, scale
from workbench.lab.reading import BadQuery
from workbench.lab.run import BadSize, LabRun
from workbench.lab.scale import BadCut, NoCluster, NoDask
from workbench.notebooks import Shelf
from workbench.permissions import Permission, Role
from workbench.runs.models import Run
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker import ticketing
from workbench.worker.kernel import Place
from workbench.worker.parts import Parts

__all__ = ["bench"]
ALL = "select * from flights"
FLIGHTS = table("flights", column("row_id"), column("dest"), column("month"))
CARRIER = "HA"  # 342 flights
CELL = """
import os
from workbench import lab

frame = lab.open_run().to_dask("select * from flights", partitions=6)
print(len(frame))
pids = frame.map_partitions(lambda part: part[["row_id"]].assign(pid=os.getpid()),
                            meta={"row_id": "int64", "pid": "int64"})
print(*pids.pid.unique().compute())
"""
LetIn = Callable[..., Awaitable[LabRun]]


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers."""
    with cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture
async def rows(database: Database, tenant: Tenant) -> int:
    """How many flights the tenant has."""
    return await flights.load(database, tenant.id, CARRIER)


@pytest.fixture
def let_in(settings: Settings, database: Database, storage: Storage, tmp_path: Path) -> LetIn:
    """Give somebody a run, whose partitions a cluster reads when one is named."""

    async def let_in(actor: Actor, scheduler: str | None = None) -> LabRun:
        there = settings.model_copy(update={"dask_scheduler": scheduler})
        parts = Parts(there, database, storage, Shelf(tmp_path), Tokens(settings.secret_keys))
        async with database.session(actor) as session:
            ticket = await ticketing.issue(parts, session, actor, timedelta(minutes=5))
        path = tmp_path / f"{scheduler is None}.json"
        ticket.write(path)
        return LabRun(path)

    return let_in


@pytest.fixture
async def threads(let_in: LetIn, actor: Actor, rows: int) -> LabRun:
    """A run that knows no cluster."""
    assert rows
    return await let_in(actor)


@pytest.fixture
async def workers(let_in: LetIn, actor: Actor, rows: int, dask: Cluster) -> AsyncIterator[LabRun]:
    """A run whose partitions the two workers read."""
    assert rows
    run = await let_in(actor, dask.address)
    yield run
    if run.client is not None:
        run.client.close()


def where(frame: pd.DataFrame) -> pd.DataFrame:
    """Each row with the process that holds it."""
    return frame[["row_id"]].assign(pid=os.getpid())


class TestThreads:
    """Without a cluster, this process reads."""

    def test_the_parts_are_the_whole(self, threads: LabRun, rows: int) -> None:
        """Every row comes once, with the types that a frame of Arrow's has."""
        frame = threads.to_dask(ALL, partitions=7)
        whole = threads.frame(f"{ALL} order by row_id", dtypes="arrow")

        found = frame.compute().sort_values("row_id", ignore_index=True)

        assert frame.npartitions == 7
        assert frame.map_partitions(len).compute().tolist() == [49, 49, 49, 49, 49, 49, 48]
        assert len(found) == rows == 342
        pd.testing.assert_frame_equal(found, whole)
        assert list(frame.dtypes) == list(whole.dtypes)
        assert threads.client is None

    def test_values_are_bound_and_statements_are_cut(self, threads: LabRun) -> None:
        """A value stays a value in each part; text that ends in a remark is cut too."""
        text = "select * from flights where month >= :month and dest <> :word; -- of the year"
        said = threads.to_dask(text, {"month": 6, "word": "x' or true --"}, partitions=3)
        made = threads.to_dask(select(FLIGHTS).where(FLIGHTS.c.month >= 6), partitions=3)
        expected = threads.frame("select count(*) n from flights where month >= 6").n[0]

        assert len(said) == len(made) == expected > 0

    @pytest.mark.parametrize("by", ["month", "time_hour", "tailnum"])
    def test_any_column_without_gaps_cuts(self, threads: LabRun, rows: int, by: str) -> None:
        """Rows that share a key stay together, and none is read twice."""
        whole = "select * from flights where tailnum is not null"
        found = threads.to_dask(whole, by=by, partitions=5).compute()
        assert len(found) == found.row_id.nunique() == rows

    def test_a_column_with_gaps_does_not(self, threads: LabRun) -> None:
        """A row without a key would lie in no range, so nothing is read at all."""
        with pytest.raises(BadCut, match="dep_time"):
            threads.to_dask(
                "select row_id, nullif(month, 3) as dep_time from flights", by="dep_time"
            )

    def test_no_rows_have_columns(self, threads: LabRun) -> None:
        """An empty answer is an empty frame."""
        frame = threads.to_dask("select row_id, dest from flights where month > 12")
        assert (len(frame), list(frame.columns)) == (0, ["row_id", "dest"])

    def test_it_says_what_is_wrong(self, threads: LabRun) -> None:
        """A bad query, a column that is not there and a bad number are refused at once."""
        for wrong in ("selekt", "select dest from flights", "select 1; select 2"):
            with pytest.raises(BadQuery):
                threads.to_dask(wrong)
        with pytest.raises(BadSize):
            threads.to_dask(ALL, partitions=0)

    def test_without_dask_it_names_the_extra(
        self, threads: LabRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where Dask is not installed, one line says how to get it."""
        monkeypatch.setitem(sys.modules, "dask.dataframe", None)
        with pytest.raises(NoDask, match=r"workbench\[scale\]"):
            threads.to_dask(ALL)


class TestWorkers:
    """With a cluster, its workers read."""

    def test_two_processes_read_the_whole(
        self, workers: LabRun, threads: LabRun, dask: Cluster, rows: int
    ) -> None:
        """Each row once, none of them in this process, and a figure is the one of the threads."""
        frame = workers.to_dask(ALL, partitions=8)
        places = frame.map_partitions(where, meta={"row_id": "int64", "pid": "int64"}).compute()

        assert set(places.pid) == dask.pids
        assert len(places) == places.row_id.nunique() == rows
        mean = frame.groupby("dest").arr_delay.mean().compute().sort_index()
        alone = threads.to_dask(ALL, partitions=2).groupby("dest").arr_delay.mean()
        pd.testing.assert_series_equal(mean, alone.compute(scheduler="threads").sort_index())

    def test_no_secret_is_written_where_it_goes(self, workers: LabRun, dask: Cluster) -> None:
        """Neither the graph's words nor a log, not even of a task that failed, name a secret."""
        ticket = workers.ticket
        frame = workers.to_dask(ALL, partitions=2)
        broken = frame.map_partitions(_break, meta={"row_id": "int64"})
        with pytest.raises(ZeroDivisionError):
            broken.compute()

        seen = dask.said + repr(frame) + str(dict(frame.__dask_graph__()))
        assert "ZeroDivisionError" in dask.said
        assert [s for s in ticketing.secrets(ticket) if s in seen] == []

    @pytest.mark.acts_as("engineer")
    async def test_the_workers_may_read_and_nothing_else(self, workers: LabRun) -> None:
        """What travels is a token for rows alone: no API, no other table, no sandbox."""
        carried = workers.ticket.carried()
        assert carried.actor_token != workers.ticket.actor_token
        assert (carried.access_token, carried.api_url, carried.sandbox) == ("", "", None)
        for ticket, shown in ((workers.ticket, 1), (carried, 0)):
            assert len(reading.frame(ticket, "select 1 from flights limit 1", [])) == 1
            assert len(reading.frame(ticket, "select 1 from views.datasets limit 1", [])) == shown
        claims = jwt.decode(carried.actor_token, options={"verify_signature": False})
        assert claims["per"] == [Permission.ROW_READ]

    async def test_a_revoked_run_reads_no_further(
        self, workers: LabRun, database: Database, actor: Actor
    ) -> None:
        """Partitions of a sign-in that has ended fail, and say so."""
        frame = workers.to_dask(ALL, partitions=4)
        assert len(frame) == 342
        async with database.session(actor) as session:
            await queries.revoke(session, actor.sid or UUID(int=0))

        with pytest.raises(BadQuery, match="token"):
            frame.compute()

    async def test_a_part_of_a_dataset_stays_a_part(
        self,
        database: Database,
        make_actor: MakeActor,
        tenant: Tenant,
        let_in: LetIn,
        rows: int,
        dask: Cluster,
    ) -> None:
        """Whoever sees some rows, masked, reads those on the workers too."""
        owner = await make_actor(tenant, Role.OWNER)
        user, membership = await granting.guest(database, tenant.id)
        march = {"column": "month", "op": "eq", "value": 3}
        await granting.grant(
            database, owner, membership, "dataset", "flights", filter=march, masks={"dest": "null"}
        )
        run = await let_in(await people.admit(database, user, tenant.id), dask.address)

        found = run.to_dask(ALL, partitions=3).compute()

        run.client.close()
        assert 0 < len(found) < rows
        assert set(found.month) == {3}
        assert found.dest.isna().all()

    async def test_a_run_hands_its_partitions_out(
        self, bench: Bench, actor: Actor, rows: int, dask: Cluster
    ) -> None:
        """In a real kernel the same line reads on the workers, and the audit knows of it."""
        settings = bench.parts.settings.model_copy(update={"dask_scheduler": dask.address})
        bench = replace(bench, parts=replace(bench.parts, settings=settings))

        run = await bench.run(actor, CELL)

        assert (run.status, run.error) == ("succeeded", None)
        said = bench.said(run).split()
        assert said[0] == str(rows)
        assert {int(pid) for pid in said[1:]} == dask.pids
        reads = await _reads(bench.parts.database, run)
        assert [(read.rows, read.details["outcome"]) for read in reads] == [(rows, "partitioned")]


async def _reads(database: Database, run: Run) -> list[AuditEntry]:
    reader = Actor.of_system("test", Permission.AUDIT_READ, tenant_id=run.tenant_id)
    async with database.session(reader) as session:
        found = select(AuditEntry).where(
            AuditEntry.action == "notebook.read", AuditEntry.run_id == run.id
        )
        return list(await session.scalars(found))


def test_a_cluster_that_is_not_there_is_named() -> None:
    """One line says which setting names it."""
    with pytest.raises(NoCluster, match="WORKBENCH_DASK_SCHEDULER"):
        scale.connected("tcp://127.0.0.1:1", patience="1s")


def test_kernels_learn_where_certificates_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What Dask's TLS needs is handed to a kernel, and no other setting of the worker's."""
    for name in ("DASK_DISTRIBUTED__COMM__TLS__CA_FILE", "DASK_TOKEN", "WORKBENCH_SECRET_KEY"):
        monkeypatch.setenv(name, name.lower())
    found = Place(tmp_path).environment()
    assert found["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"] == "dask_distributed__comm__tls__ca_file"
    assert not {"DASK_TOKEN", "WORKBENCH_SECRET_KEY"} & found.keys()


def _break(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[["row_id"]] / (1 // (len(frame) - len(frame)))
