"""Datasets and columns that somebody chooses for a run: only what he can read."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeActor
from tests.support import flights, granting, people
from workbench.actor import Actor
from workbench.datasets import commands as datasets
from workbench.datasets.schemas import NewColumn, NewDataset
from workbench.db.session import Database
from workbench.notebooks import Notebook
from workbench.notebooks.contract import InvalidParameters
from workbench.permissions import Permission, Role
from workbench.runs import choices, commands
from workbench.tenants.models import Tenant

PLANES = NewDataset(name="planes", title="Planes", columns=[NewColumn(name="seats", type="text")])
KINDS: dict[str, Any] = {
    "dataset": {"kind": "dataset", "default": "flights"},
    "other": {"kind": "dataset", "optional": True},
    "by": {
        "kind": "column",
        "dataset": "dataset",
        "types": ["integer"],
        "default": "month",
        "title": "By",
    },
    "key": {"kind": "list", "of": {"kind": "column", "dataset": "dataset"}, "default": []},
    "also": {"kind": "column", "dataset": "other", "optional": True},
}
CASES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, {}),
    ({"by": "day", "key": ["carrier", "flight"], "other": "flights", "also": "dest"}, {}),
    ({"dataset": "planes"}, {"dataset": "no dataset planes that you can read"}),
    ({"dataset": "runs"}, {"dataset": "no dataset runs"}),
    ({"other": "planes", "also": "seats"}, {"other": "no dataset planes"}),
    ({"by": "carrier"}, {"by": "no column carrier that fits; there are year, month"}),
    ({"key": ["carrier", "row_id", "x"]}, {"key": "flights has no column x"}),
]


@pytest.fixture
def notebook() -> Notebook:
    """A notebook that takes datasets and columns."""
    return Notebook(
        name="asks",
        path=Path("asks.ipynb"),
        title="Asks",
        permissions=(Permission.DATASET_READ, Permission.ROW_READ),
        parameters=KINDS,
    )


async def test_only_what_the_actor_reads_can_be_chosen(
    database: Database,
    notebook: Notebook,
    tenant: Tenant,
    other_tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """What is not there is refused, and so, in the same words, is what is another tenant's."""
    await flights.load(database, tenant.id, "OO", most=3)
    stranger = await make_actor(other_tenant, Role.ENGINEER)
    async with database.session(stranger) as session:
        await datasets.define_private(session, stranger, PLANES)
    actor = await make_actor(tenant, Role.ANALYST)

    for given, wrong in CASES:
        details = await _refused(database, actor, notebook, given)
        assert details.keys() == wrong.keys(), given
        assert all(wrong[place] in details[place] for place in wrong), details

    # The other tenant's own engineer can choose it: what it lacks is a column.
    theirs = await _refused(database, stranger, notebook, {"dataset": "planes"})
    assert "planes has no column month that fits; there are none" in theirs["by"]


async def test_a_grant_decides_whose_rows_can_be_chosen(
    database: Database, notebook: Notebook, tenant: Tenant, make_actor: MakeActor
) -> None:
    """A guest chooses a dataset of which he is granted a part, and not before."""
    await flights.load(database, tenant.id, "OO", most=3)
    owner = await make_actor(tenant, Role.OWNER)
    user, membership = await granting.guest(database, tenant.id)
    knows = (await people.admit(database, user, tenant.id)).permissions
    assert Permission.ROW_READ not in knows
    part = {"column": "carrier", "op": "eq", "value": "OO"}
    await granting.grant(database, owner, membership, "dataset", "flights", filter=part)
    guest = await people.admit(database, user, tenant.id)

    async with database.session(guest) as session:
        await choices.check(session, guest, notebook, notebook.defaults())
        blind = guest.narrowed([Permission.DATASET_READ])
        with pytest.raises(InvalidParameters):
            await choices.check(session, blind, notebook, notebook.defaults())


async def _refused(
    database: Database, actor: Actor, notebook: Notebook, given: dict[str, Any]
) -> dict[str, str]:
    """What is wrong with an order, by the parameter; nothing when it was taken."""
    async with database.session(actor) as session:
        try:
            await commands.start(session, actor, notebook, given)
        except InvalidParameters as error:
            return {detail.place: detail.message for detail in error.details}
    return {}
