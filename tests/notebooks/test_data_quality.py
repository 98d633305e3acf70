"""The data-quality notebook: gaps, duplicates, and what changed since it last looked."""

from pathlib import Path

import pytest

from tests.notebooks.shelf import assert_it_says_the_same, bench, figures, shelf, succeeded
from tests.support import flights
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.notebooks.contract import InvalidParameters
from workbench.tenants.models import Tenant

__all__ = ["bench", "shelf"]
NAME = "data_quality"


@pytest.mark.acts_as("engineer")
async def test_it_sees_what_has_changed(
    shelf: Bench, actor: Actor, tenant: Tenant, tmp_path: Path
) -> None:
    """A row added twice, late beyond all others, is a duplicate, far out, and a drift."""
    database = shelf.parts.database
    count = await flights.load(database, tenant.id, "OO")
    first = await succeeded(shelf, actor, NAME)
    await assert_it_says_the_same(shelf, actor, first, tmp_path, said=">32<", changed=">33<")
    (late, *_) = flights.sample("OO", 1)
    async with database.session(actor) as session:
        await commands.add_rows(session, actor, "flights", [late | {"dep_delay": 9000}] * 2)

    second = await shelf.execute(await shelf.order(actor, NAME))

    assert second.status == "succeeded"
    assert "This is the first run for this dataset" in shelf.text(first, "report.html")
    assert figures(first)["duplicates"] == figures(first)["drifted"] == 0
    assert figures(second)["rows"] == count + 2
    assert figures(second)["duplicates"] == 1
    assert figures(second)["drifted"] > 0
    report = shelf.text(second, "report.html")
    assert "+2 rows" in report
    assert "mean_dep_delay" in report
    assert "9,000" in report


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [({"dataset": "nothing_of_ours"}, "nothing_of_ours"), ({"key": ["no_column"]}, "no_column")],
)
async def test_it_names_what_is_not_there(
    shelf: Bench, actor: Actor, tenant: Tenant, parameters: dict[str, object], reason: str
) -> None:
    """A dataset or a column that the tenant does not have starts no run, and is named."""
    await flights.load(shelf.parts.database, tenant.id, "OO")

    with pytest.raises(InvalidParameters) as caught:
        await shelf.order(actor, NAME, **parameters)

    assert reason in caught.value.details[0].message


async def test_it_reports_on_an_empty_dataset(shelf: Bench, actor: Actor, tenant: Tenant) -> None:
    """Without rows there are sentences instead of figures."""
    await flights.define(shelf.parts.database)
    await commands.adopt_shared(shelf.parts.database, tenant.id)

    await succeeded(shelf, actor, NAME)
