"""The report of a tenant's flights: figures where there are flights, sentences where none are."""

from pathlib import Path

from tests.notebooks.shelf import assert_it_says_the_same, bench, figures, shelf, succeeded
from tests.support import flights
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.tenants.models import Tenant

__all__ = ["bench", "shelf"]
NAME = "tenant_report"


async def test_a_small_tenant_gets_the_same_figures_twice(
    shelf: Bench, actor: Actor, tenant: Tenant, tmp_path: Path
) -> None:
    """Its 32 flights are counted again when the notebook is executed again."""
    await flights.load(shelf.parts.database, tenant.id, "OO")
    run = await succeeded(shelf, actor, NAME)
    await assert_it_says_the_same(shelf, actor, run, tmp_path, said=">32<", changed=">33<")


async def test_it_says_so_when_no_flight_matches(
    shelf: Bench, actor: Actor, tenant: Tenant
) -> None:
    """A range of months that is empty gives sentences instead of figures, and succeeds."""
    await flights.load(shelf.parts.database, tenant.id, "OO")

    run = await succeeded(shelf, actor, NAME, first_month=5, last_month=2)

    report = shelf.text(run, "report.html")
    assert "No flight matches" in report
    assert "<img" not in report


async def test_it_shows_figures_where_there_are_flights(
    shelf: Bench, actor: Actor, tenant: Tenant
) -> None:
    """A large carrier's report holds figures, counts and nothing to fetch."""
    count = await flights.load(shelf.parts.database, tenant.id, "UA")

    run = await succeeded(shelf, actor, NAME)

    report = shelf.text(run, "report.html")
    assert report.count('src="data:image/png;base64,') == 3
    assert figures(run)["rows_read"] == count
    assert "://" not in report
    assert "<script" not in report
