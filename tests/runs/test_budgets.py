"""Budgets over time: met, crossed, worse than before, and named with the last good run."""

import json
from uuid import UUID

import pandas as pd
import pytest

from tests.conftest import MakeActor
from tests.support.worked import work
from workbench.actor import Actor
from workbench.bench.profiling import plans
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.notebooks import Shelf
from workbench.permissions import Role
from workbench.runs import budgets, commands, queries, statements
from workbench.runs.budgets import Course
from workbench.runs.models import Run
from workbench.runs.schemas import MetricMessage, Status
from workbench.settings import ROOT
from workbench.storage import Storage
from workbench.tenants.models import Tenant

NOTEBOOK = Shelf(ROOT / "notebooks").named("tenant_report")
NODE = plans.Node(
    "Sort", "", "", 5, 0, 0.2, 3, 1, (plans.Node("Seq Scan", "flights", "", 5, 9, 0.1, 2, 1, ()),)
)


async def measure(
    database: Database,
    storage: Storage,
    actor: Actor,
    *values: tuple[str, float, float | None],
    top: int = 5,
    status: Status = Status.SUCCEEDED,
    files: dict[str, bytes] | None = None,
) -> UUID:
    """A run that measured some figures, each with its budget."""
    async with database.session(actor) as session:
        run = await commands.start(session, actor, NOTEBOOK, {"top": top})
    metrics = [MetricMessage(name=n, value=v, unit="s", budget=b) for n, v, b in values]
    assert actor.tenant_id is not None
    await work(
        database,
        storage,
        actor.tenant_id,
        run.id,
        *metrics,
        commit="c0ffee" * 6,
        status=status,
        files=files or {},
    )
    return run.id


async def _courses(database: Database, actor: Actor) -> dict[str, Course]:
    async with database.session(actor) as session:
        found = await budgets.courses(session, actor, NOTEBOOK.name)
    return {course.name: course for course in found}


async def test_what_is_missed_is_named_with_the_last_good_run(
    database: Database, storage: Storage, actor: Actor, tenant: Tenant, make_actor: MakeActor
) -> None:
    """Failed runs, those over a budget and those with other parameters are no measure."""
    place = (database, storage, actor)
    for value in (1.0, 1.1):
        await measure(*place, ("page", value, 2.0), ("load", value, None))
    good = await measure(*place, ("page", 0.9, 2.0), ("load", 0.9, None))
    await measure(*place, ("page", 9.0, 2.0), ("load", 9.0, None))
    await measure(*place, ("page", 9.0, 20.0), status=Status.FAILED)
    await measure(*place, ("page", 0.1, 2.0), top=7)
    newest = await measure(*place, ("page", 2.5, 2.0), ("load", 1.2, None))

    found = await _courses(database, actor)
    page, load = found["page"], found["load"]
    assert [point.value for point in page.points] == [1.0, 1.1, 0.9, 9.0, 9.0, 2.5]
    assert (page.median, page.is_worse, load.is_worse) == (1.0, True, False)
    assert page.share == pytest.approx(1.25)
    assert page.last_good is not None
    assert page.last_good.run_id == good
    assert [course.name for course in budgets.worst_first(found.values())] == ["page"]

    async with database.session(actor) as session:
        run = await session.get_one(Run, (actor.tenant_id, newest))
        [missed] = await budgets.missed(session, actor, run)
    assert str(missed).startswith("page is 2.5 s, at most 2 s: the last good run at c0ffeec0ff, of")
    assert str(missed).endswith(f"had 0.9 s ({good})")

    stranger = await make_actor(tenant, Role.GUEST)
    with pytest.raises(Forbidden):
        await _courses(database, stranger)


async def test_another_tenants_runs_are_no_history(
    database: Database, storage: Storage, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """What others measured appears nowhere."""
    other = await make_actor(other_tenant, Role.ENGINEER)
    await measure(database, storage, other, ("theirs", 1.0, 2.0))
    assert set(await _courses(database, other)) == {"theirs"}
    assert await _courses(database, actor) == {}
    async with database.session(actor) as session:
        assert (await session.execute(queries.measuring(actor))).all() == []


def test_a_statement_is_read_as_it_was_published() -> None:
    """Steps come back as they went; a line that is none of ours, or too deep, is left out."""
    row = {"question": "q", "number": 1, "rows": 5, "milliseconds": 0.2, "blocks": 4}
    row |= {"sql": "select '<b>'", "plan": plans.tree(NODE), "steps": "null"}
    lines = pd.DataFrame([row | {"steps": json.dumps(plans.told(NODE))}, row])
    deep = "x".join(['{"kind": "a", "steps": ['] * 60) + "]}" * 60
    text = lines.to_csv() + f'2,q,one,x,y,z,s,p,"{deep}"\n'
    first, second = statements.read(text)
    assert first.steps is not None
    assert (first.steps.kind, first.steps.steps[0].relation) == ("Sort", "flights")
    assert (second.steps, second.sql) == (None, "select '<b>'")
