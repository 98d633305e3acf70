"""Operations: what the operator is shown and can do, and who is not let in."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from dashboards.components.shell import links
from dashboards.operations.app import Operations
from dashboards.operations.store import Store
from dashboards.operations.views import charts, now
from dashboards.visits import House, Screen, Visit
from tests.conftest import MakeActor
from tests.operations.conftest import failed_job
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.operations.schemas import DayUse, Line, Wellness, Worker
from workbench.permissions import Role
from workbench.settings import ROOT
from workbench.storage import Storage
from workbench.tenants import commands as tenants
from workbench.tenants.models import Tenant

__all__ = ["failed_job"]
PATH = "/dashboards/operations"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def visit_of(database: Database, actor: Actor, storage: Storage | None = None) -> Visit:
    """The visit of an actor."""
    return Visit(actor, House(database, ROOT / "notebooks", storage=storage), Screen())


async def test_the_operator_makes_suspends_and_restores(
    database: Database, storage: Storage, operator: Actor
) -> None:
    """A tenant appears with its state; suspended it can be let in, and deleted be brought back."""
    store = Store(visit_of(database, operator, storage))
    slug = f"t-{new_id().hex[:30]}"
    await store.make(slug, "A new tenant")
    await store.suspend(slug, "unpaid")

    [made] = [tenant for tenant in await store.tenants() if tenant.slug == slug]
    assert (made.suspended_reason, made.members, made.file_bytes) == ("unpaid", 0, 0)
    await store.resume(slug)
    async with database.session(operator) as session:
        await tenants.delete(session, operator, made.id)
    assert made.id in {gone.id for gone in await store.gone()}
    await store.restore(made.id)
    assert made.id not in {gone.id for gone in await store.gone()}

    state = await store.now()
    assert {check.name for check in state.checks} >= {"Database", "Queue", "Workers", "Files"}
    assert isinstance(await store.rows(), dict)
    assert await store.days(3) is not None


@pytest.mark.parametrize("role", [Role.GUEST, Role.OWNER])
async def test_a_member_is_told_kindly(
    database: Database, make_actor: MakeActor, tenant: Tenant, role: Role
) -> None:
    """Whatever his role, the page says whose it is, the navigation leaves it out, and all asks."""
    member = await make_actor(tenant, role)
    visit = Operations(visit_of(database, member))
    store = Store(visit_of(database, member))

    assert PATH not in [link.path for link in links(member)]
    assert "Operations is not open to you" in visit._stage._face.pane.object
    assert not visit._stage._content.visible
    for ask in (store.now, store.tenants, store.rows, store.trouble, store.gone):
        with pytest.raises(Forbidden):
            await ask()
    for order in (store.make("x", "X"), store.suspend(tenant.slug, ""), store.retry(1)):
        with pytest.raises(Forbidden):
            await order


async def test_the_page_shows_and_does(
    database: Database, operator: Actor, tenant: Tenant, failed_job: int
) -> None:
    """Rows have what can be done; a job is retried once, and what fails is told in its place."""
    visit = Operations(visit_of(database, operator))
    await visit._stage.refresh()
    await visit._refresh_days()

    rows = {row["key"]: row for row in visit._tenants._roster.rows}
    assert [action["name"] for action in rows[tenant.slug]["actions"]] == ["suspend"]
    assert str(failed_job) in {row["key"] for row in visit._given._jobs.rows}
    assert PATH in [link.path for link in links(operator)]
    await visit._do(tenant.slug, "suspend", "unpaid")
    rows = {row["key"]: row for row in visit._tenants._roster.rows}
    assert rows[tenant.slug]["cells"][0]["chip"] == "Suspended"
    await visit._do(str(failed_job), "retry", "")
    assert "waits in its queue again" in visit._given._said.pane.object
    await visit._do(str(failed_job), "retry", "")
    assert "not among those that were given up" in visit._given._said.pane.object
    await visit._make("Not A Slug", "X")
    assert "1 to 40 of a-z" in visit._tenants._said.pane.object


class TestViews:
    """What is made of figures."""

    def test_every_day_has_its_place(self) -> None:
        """Days without anything are there with nothing, and days before are left out."""
        use = {"tenant_id": uuid4(), "run_seconds": 1.0, "imports": 0, "rows_loaded": 5}
        found = [
            DayUse(day=NOW.date(), runs=3, failed=1, **use),
            DayUse(day=NOW.date(), runs=1, failed=0, **use),
            DayUse(day=date(2020, 1, 1), runs=9, failed=0, **use),
        ]
        days = charts.by_day(found, NOW.date(), 2)
        assert [(d.good, d.failed, d.rows) for d in days] == [(0, 0, 0), (3, 1, 10)]

    def test_queues_and_workers_read_well(self) -> None:
        """Sums of a queue and its oldest wait; a silent worker comes last, with its silence."""
        tenant = uuid4()
        place = {"queue": "batch", "running": 1}
        lines = [
            Line(tenant_id=tenant, waiting=2, waits_since=NOW - timedelta(minutes=7), **place),
            Line(tenant_id=None, waiting=1, waits_since=NOW - timedelta(hours=2), **place),
        ]
        batch = next(q for q in now.queues(lines, {tenant: "A"}, NOW) if q["name"] == "Batch runs")
        assert (batch["waiting"], batch["running"], batch["oldest"]) == (3, 2, "2 h 0 min")
        assert [each["name"] for each in batch["tenants"]] == ["A", "The platform itself"]
        place = {"queues": ["batch"], "hands": 4, "busy": 1, "warm": 1, "warm_wanted": 1}
        place |= {"started_at": NOW - timedelta(days=1)}
        workers = [
            Worker(id=uuid4(), name="b", seen_at=NOW - timedelta(hours=3), is_alive=False, **place),
            Worker(id=uuid4(), name="a", seen_at=NOW, is_alive=True, **place),
        ]
        shown = now.workers(workers, NOW)
        assert [(w["name"], w["seen"]) for w in shown] == [("a", "0 s"), ("b", "3 h 0 min")]
        assert Wellness.WELL in now.SAID
