"""The data-quality notebook: gaps, duplicates, and what changed since it last looked."""

from dataclasses import replace

import pytest

from tests.support import flights
from tests.support.bench import bench
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.notebooks import Shelf
from workbench.runs.models import Run
from workbench.settings import ROOT
from workbench.tenants.models import Tenant

__all__ = ["bench"]
NAME = "data_quality"
SHELF = Shelf(ROOT / "notebooks")


@pytest.fixture
def shelf_bench(bench: Bench) -> Bench:
    """The bench with the real shelf."""
    return replace(bench, parts=replace(bench.parts, shelf=SHELF), folder=SHELF.folder)


def figures(run: Run) -> dict[str, float]:
    """What a run measured."""
    return {metric.name: metric.value for metric in run.metrics}


@pytest.mark.acts_as("engineer")
async def test_it_sees_what_has_changed(shelf_bench: Bench, actor: Actor, tenant: Tenant) -> None:
    """A row added twice, late beyond all others, is a duplicate, far out, and a drift."""
    database = shelf_bench.parts.database
    count = await flights.load(database, tenant.id, "OO")
    first = await shelf_bench.execute(await shelf_bench.order(actor, NAME))
    (late, *_) = flights.sample("OO", 1)
    async with database.session(actor) as session:
        await commands.add_rows(session, actor, "flights", [late | {"dep_delay": 9000}] * 2)

    second = await shelf_bench.execute(await shelf_bench.order(actor, NAME))

    assert (first.status, second.status) == ("succeeded", "succeeded")
    assert "This is the first run for this dataset" in shelf_bench.text(first, "report.html")
    assert figures(first)["duplicates"] == figures(first)["drifted"] == 0
    assert figures(second)["rows"] == count + 2
    assert figures(second)["duplicates"] == 1
    assert figures(second)["drifted"] > 0
    report = shelf_bench.text(second, "report.html")
    assert "+2 rows" in report
    assert "mean_dep_delay" in report
    assert "9,000" in report


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [({"dataset": "nothing_of_ours"}, "nothing_of_ours"), ({"key": ["no_column"]}, "no_column")],
)
async def test_it_names_what_is_not_there(
    shelf_bench: Bench, actor: Actor, tenant: Tenant, parameters: dict[str, object], reason: str
) -> None:
    """A dataset or a column that the tenant does not have fails the run, and is named."""
    await flights.load(shelf_bench.parts.database, tenant.id, "OO")

    run = await shelf_bench.execute(await shelf_bench.order(actor, NAME, **parameters))

    assert run.status == "failed"
    assert reason in (run.error or "")


async def test_it_reports_on_an_empty_dataset(
    shelf_bench: Bench, actor: Actor, tenant: Tenant
) -> None:
    """Without rows there are sentences instead of figures."""
    await flights.define(shelf_bench.parts.database)
    await commands.adopt_shared(shelf_bench.parts.database, tenant.id)

    run = await shelf_bench.execute(await shelf_bench.order(actor, NAME))

    assert (run.status, run.error) == ("succeeded", None)
