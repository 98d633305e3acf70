"""What `workbench new notebook` writes: a notebook that runs as it is."""

from tests.notebooks.shelf import bench, figures, succeeded
from tests.support import flights
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.notebooks import template
from workbench.tenants.models import Tenant

__all__ = ["bench"]


async def test_a_new_notebook_runs(bench: Bench, actor: Actor, tenant: Tenant) -> None:
    """It reads a tenant's rows, leaves them as a file, and keeps its budget."""
    count = await flights.load(bench.parts.database, tenant.id, "OO")
    template.write(bench.folder, "new_one")

    run = await succeeded(bench, actor, "new_one")

    assert figures(run) == {"rows": count}
    assert [(m.unit, m.budget) for m in run.metrics] == [("rows", 1_000_000)]
    assert "rows.parquet" in {file.name for file in run.artifacts}
