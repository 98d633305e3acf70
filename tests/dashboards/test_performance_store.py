"""Performance: what the page makes of what runs have measured, and for whom."""

import json

import pytest

from dashboards.components.code_block import CodeBlock
from dashboards.performance.app import Performance
from dashboards.performance.store import Store
from dashboards.visits import House, Screen, Visit
from tests.conftest import MakeActor
from tests.runs.test_budgets import NODE, measure
from tests.support.worked import work
from workbench.actor import Actor
from workbench.bench.profiling import plans
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.notebooks import Shelf
from workbench.permissions import Role
from workbench.runs import commands
from workbench.runs.schemas import MetricMessage
from workbench.runs.statements import PROFILE
from workbench.settings import ROOT
from workbench.storage import Storage
from workbench.tenants.models import Tenant

HOSTILE = "select '<img src=x onerror=alert(1)>' as \"<script>\""


def visit_of(database: Database, actor: Actor, storage: Storage) -> Visit:
    """The visit of an actor."""
    return Visit(actor, House(database, ROOT / "notebooks", storage=storage), Screen())


async def profiled(database: Database, storage: Storage, actor: Actor) -> None:
    """A run of the performance profile that has left a statement."""
    head = "question,number,rows,milliseconds,blocks,sql,plan,steps"
    sql = HOSTILE.replace('"', '""')
    steps = json.dumps(plans.told(NODE)).replace('"', '""')
    line = f'0,a page,1,51,0.9,113,"{sql}",Sort,"{steps}"'
    async with database.session(actor) as session:
        notebook = Shelf(ROOT / "notebooks").named(PROFILE)
        run = await commands.start(session, actor, notebook, {})
    metric = MetricMessage(name="boundary_of_page", value=1.3, unit="×", budget=2.5)
    files = {"statements.csv": f",{head}\n{line}\n".encode()}
    assert actor.tenant_id is not None
    await work(database, storage, actor.tenant_id, run.id, metric, files=files)


@pytest.mark.acts_as("engineer")
async def test_budgets_and_statements_are_shown(
    database: Database, storage: Storage, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """What is missed comes first, the figure can be drawn, and a plan is a tree beside its SQL."""
    stranger = await make_actor(other_tenant, Role.ENGINEER)
    await measure(database, storage, stranger, ("theirs", 1.0, 2.0))
    await profiled(database, storage, actor)
    for value in (1.0, 1.0, 1.0, 2.5):
        await measure(database, storage, actor, ("page", value, 2.0), ("load", 0.1, 2.0))
    visit = Performance(visit_of(database, actor, storage))
    await visit._stage.refresh()

    standing = visit._standing
    assert visit._state.notebook == "tenant_report"
    assert [row["key"] for row in standing._budgets.rows] == ["page", "load"]
    assert [row["key"] for row in standing._worse.rows] == ["page"]
    assert ">1 of 2<" in standing._kpis.pane.object
    assert standing._chart._drawing.object["series"][1]["name"] == "Budget"
    await visit._show_metric("load", "show", "")
    assert "load" in standing._chart._head.pane.object
    assert visit._costs.pane.visible
    [row] = visit._statements._roster.rows
    await visit._statements._look(row["key"], "look", "")
    assert "Seq Scan" in visit._statements._tree.pane.object
    assert visit._statements._sql.code == HOSTILE
    assert "theirs" not in str(standing._metric.options)


@pytest.mark.acts_as("guest")
async def test_who_reads_no_runs_is_told_kindly(
    database: Database, storage: Storage, actor: Actor, make_actor: MakeActor, tenant: Tenant
) -> None:
    """A guest reads whom to ask; a viewer of the same tenant, without runs, what to do next."""
    visit = Performance(visit_of(database, actor, storage))
    assert "Performance is not open to you" in visit._stage._face.pane.object
    with pytest.raises(Forbidden):
        await Store(visit_of(database, actor, storage)).notebooks()

    viewer = await make_actor(tenant, Role.VIEWER)
    visit = Performance(visit_of(database, viewer, storage))
    await visit._stage.refresh()
    assert "Nothing has been measured yet" in visit._stage._face.pane.object


def test_sql_is_coloured_and_stays_text() -> None:
    """Pieces put together are the code; words and texts of SQL are told; what is long is cut."""
    block = CodeBlock(code=HOSTILE)
    assert "".join(text for _, text in block.pieces).strip() == HOSTILE
    assert ["keyword", "select"] in block.pieces
    block.code = "x" * 30_000
    assert block.pieces[-1] == ["comment", "-- and 10,000 characters more"]
