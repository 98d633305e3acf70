"""Runs through a real kernel: what succeeds, what fails, what ends them."""

from tests.support import flights
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.tenants.models import Tenant

READ = "from workbench import lab\nrun = lab.open_run()"


class TestExecute:
    """A run that a worker takes."""

    async def test_it_reads_the_tenants_rows_and_no_others(
        self, bench: Bench, actor: Actor, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """The kernel sees the rows of its tenant, through text, values and a count."""
        count = await flights.load(bench.parts.database, tenant.id, "OO")
        await flights.load(bench.parts.database, other_tenant.id, "HA")

        run = await bench.run(
            actor,
            READ,
            "print(run.tenant, run.frame('select count(*) n from flights').n[0])",
            "print(run.frame('select distinct carrier from flights').carrier.tolist())",
            "f = run.frame('select avg(distance) d, max(time_hour) t from flights where "
            "origin = :origin and month >= :month', {'origin': 'EWR', 'month': 1})",
            "print(f.dtypes.to_dict())",
            "run.metric('rows', 3, unit='rows', budget=10); run.progress(1, 2); "
            "run.publish('sample', run.frame('select * from flights limit 3'))",
        )

        assert (run.status, run.error) == ("succeeded", None)
        print(bench.said(run))
        assert f"{tenant.name} {count}" in bench.said(run)
        assert "['OO']" in bench.said(run)
        assert [(m.name, m.value, m.budget) for m in run.metrics] == [("rows", 3.0, 10.0)]
        assert run.progress == 0.5
        assert {file.name for file in run.artifacts} == {
            "notebook.ipynb",
            "report.html",
            "sample.parquet",
        }
