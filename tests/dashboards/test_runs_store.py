"""What the dashboard of runs asks and orders."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from dashboards.runs.state import Place
from dashboards.runs.store.alerts import AlertStore
from dashboards.runs.store.desk import Desk
from dashboards.runs.store.past import PastStore
from dashboards.runs.store.planning import PlanningStore, Sketch
from dashboards.runs.store.running import RunStore
from dashboards.runs.store.shelf import ShelfStore
from dashboards.runs.views import comparing
from dashboards.visits import House, Screen, Visit
from tests.conftest import MakeActor
from tests.support import flights
from tests.support.worked import work
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid, NotFound
from workbench.permissions import Role
from workbench.runs.schemas import MetricMessage, Status
from workbench.settings import ROOT
from workbench.storage import Storage
from workbench.tenants.models import Tenant

REPORT = "tenant_report"
QUALITY = "data_quality"
MORNING = Sketch("Every morning", REPORT, "0 6 * * *", "Europe/Berlin", (), 1, ())


def desk_of(database: Database, actor: Actor, storage: Storage | None = None) -> Desk:
    """What the stores of an actor's visit have at hand."""
    house = House(database, ROOT / "notebooks", storage=storage)
    return Desk(Visit(actor, house, Screen()))


def executed(*texts: str) -> bytes:
    """A notebook that shows a text in each of its cells."""
    cells = [
        {
            "cell_type": "code",
            "metadata": {},
            "source": f"show({place})",
            "outputs": [{"output_type": "stream", "name": "stdout", "text": text}],
        }
        for place, text in enumerate(texts)
    ]
    return json.dumps({"cells": cells}).encode()


async def measured(
    database: Database, storage: Storage, actor: Actor, seconds: float, *shown: str, top: int = 5
) -> UUID:
    """A run that succeeded, with a figure, a report and an executed notebook."""
    run_id = await ShelfStore(desk_of(database, actor)).start(REPORT, {"top": top})
    metric = MetricMessage(name="read_seconds", value=seconds, unit="s", budget=10)
    files = {"report.html": b"<p>read</p>", "notebook.ipynb": executed(*shown)}
    await work(database, storage, actor.require_tenant(), run_id, metric, files=files)
    return run_id


async def test_the_shelf_says_what_is_missing(
    database: Database, actor: Actor, tenant: Tenant, make_actor: MakeActor
) -> None:
    """Who may start a notebook is offered it; a viewer reads in plain words what he lacks."""
    mine = {n.name: n for n in await ShelfStore(desk_of(database, actor)).notebooks()}
    viewer = ShelfStore(desk_of(database, await make_actor(tenant, Role.VIEWER)))
    theirs = {n.name: n for n in await viewer.notebooks()}

    assert mine[REPORT].may_start
    assert mine[REPORT].needs == ["see datasets", "read rows"]
    assert mine["load_test"].missing == ["use a disposable database"]
    assert (theirs[REPORT].may_start, theirs[REPORT].missing) == (False, ["start notebooks"])
    with pytest.raises(Forbidden):
        await viewer.start(REPORT, {})


async def test_a_form_is_checked_by_the_room_and_orders(
    database: Database, actor: Actor, tenant: Tenant, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """Faults come by field before anything is ordered; a clone begins with what the other had."""
    await flights.load(database, tenant.id, "UA", 5)
    store = ShelfStore(desk_of(database, actor))
    blank = await store.blank(QUALITY)

    assert [name for name, _ in blank.fields] == ["dataset", "key", "most_missing"]
    assert ("origin", "text") in blank.datasets["flights"]
    assert set(await store.check(QUALITY, {"most_missing": 2})) == {"most_missing"}
    assert set(await store.check(QUALITY, {"dataset": "nothing"})) == {"dataset"}
    assert set(await store.check(QUALITY, {"key": ["origin", "nothing"]})) == {"key"}
    assert await store.check(QUALITY, {"key": ["origin"]}) == {}
    with pytest.raises(Invalid):
        await store.start(REPORT, {"top": 900})

    first = await store.start(REPORT, {"top": 7})
    assert (await store.blank(REPORT, first)).values["top"] == 7
    second = await store.start(REPORT, {"top": 8, "origin": "all"}, like=first)
    runs = RunStore(desk_of(database, actor))
    assert (await runs.look(second, {})).parameters["Destinations"] == 8
    stranger = ShelfStore(desk_of(database, await make_actor(other_tenant, Role.OWNER)))
    with pytest.raises(NotFound):
        await stranger.blank(REPORT, first)


async def test_a_run_is_read_changed_and_hidden_from_strangers(
    database: Database,
    storage: Storage,
    actor: Actor,
    tenant: Tenant,
    other_tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """What a run left is told to its company alone; a viewer reads it and changes nothing."""
    run_id = await measured(database, storage, actor, 12.5, "one")
    store = RunStore(desk_of(database, actor))
    viewer = RunStore(desk_of(database, await make_actor(tenant, Role.VIEWER)))
    stranger = RunStore(desk_of(database, await make_actor(other_tenant, Role.OWNER)))

    run, read = await store.open(run_id, {}), await viewer.open(run_id, {})
    assert (run.status, run.who, run.has_report, run.may_change) == ("succeeded", "you", True, True)
    assert [(m.name, m.value, m.is_over) for m in run.metrics] == [("read_seconds", 12.5, True)]
    assert (read.who, read.may_change) == ("a colleague", False)
    assert (await store.log(run_id)).text == ""
    for look in (stranger.look(run_id, {}), store.look(new_id(), {})):
        with pytest.raises(NotFound):
            await look
    with pytest.raises(Forbidden):
        await viewer.delete(run_id)
    with pytest.raises(NotFound):
        await stranger.delete(run_id)

    await store.delete(run_id)
    with pytest.raises(NotFound):
        await store.look(run_id, {})
    await store.restore(run_id)
    await store.retry(run_id)
    await store.cancel(run_id)
    assert (await store.look(run_id, {})).status == "cancelled"


async def test_the_past_narrows_and_compares(
    database: Database,
    storage: Storage,
    actor: Actor,
    other_tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """Runs are found by notebook, state, person and day; figures come in order; two differ."""
    await flights.load(database, actor.require_tenant(), "UA", 5)
    first = await measured(database, storage, actor, 4, "same", "one", top=5)
    second = await measured(database, storage, actor, 12, "same", "two", top=9)
    failed = await ShelfStore(desk_of(database, actor)).start(QUALITY, {})
    tenant_id = actor.require_tenant()
    await work(database, storage, tenant_id, failed, status=Status.FAILED)
    store = PastStore(desk_of(database, actor, storage))
    today = f"{datetime.now(UTC):%Y-%m-%d}"

    async def found(**filters: str) -> list[UUID]:
        listing = await store.open(Place(tab="history", **filters), None, {})
        return [run.id for run in listing.runs]

    assert await found() == [failed, second, first]
    assert await found(notebook=REPORT, since=today, until=today, who="me") == [second, first]
    assert await found(status="failed", notebook="") == [failed]
    assert await found(until="2020-01-01") == []
    assert await found(who=str(new_id())) == []
    assert await store.measures(REPORT) == ["read_seconds", "rows_read"]
    figures = await store.figures(REPORT, "read_seconds")
    assert [(f.run_id, f.value, f.budget) for f in figures] == [(first, 4, 10), (second, 12, 10)]
    assert await store.before(second, REPORT) == first

    told = comparing.told(await store.compare(first, second), store.titles(REPORT))
    assert [(p.name, p.left, p.right) for p in told.values] == [("Destinations", "5", "9")]
    assert [(f.note, f.tone) for f in told.figures] == [("+200%, now over its budget", "bad")]
    assert [[*p.lines][1:] for p in told.passages] == [["-one", "+two"]]
    owner = await make_actor(other_tenant, Role.OWNER)
    stranger = PastStore(desk_of(database, owner, storage))
    assert (await stranger.open(Place(tab="history"), None, {})).runs == []
    assert await stranger.figures(REPORT, "read_seconds") == []
    with pytest.raises(NotFound):
        await stranger.compare(first, second)


@pytest.mark.acts_as(Role.ENGINEER)
async def test_schedules_are_made_changed_and_chained(
    database: Database,
    actor: Actor,
    tenant: Tenant,
    other_tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """An engineer plans, chains, rests and deletes; faults name their field; others may not."""
    await flights.load(database, tenant.id, "UA", 5)
    store = PlanningStore(desk_of(database, actor))
    with pytest.raises(Invalid, match="no time that ever comes"):
        store.preview("61 6 * * *", "UTC")
    assert [f"{at:%H:%M}" for at in store.preview("0 6 * * *", "Europe/Berlin")] == ["06:00"] * 5
    wrong = Sketch("", REPORT, "0 6 * * *", "UTC", (), 1, ("nobody",))
    with pytest.raises(Invalid) as refused:
        await store.save(wrong, {}, None)
    assert {detail.place for detail in refused.value.details} == {"name", "recipients"}

    morning = await store.save(MORNING, {"top": 4}, None)
    chain = Sketch("After it", QUALITY, None, "UTC", (str(morning),), 0, ())
    after = await store.save(chain, {}, None)
    changed = Sketch("Each evening", REPORT, "0 18 * * *", "UTC", (), 0, ())
    await store.save(changed, {"top": 6}, morning)
    await store.pause(morning)
    waiting, evening = await store.schedules({})
    assert (waiting.id, waiting.after_names, waiting.times) == (after, ["Each evening"], [])
    assert (evening.cron, evening.parameters["top"], evening.is_paused) == ("0 18 * * *", 6, True)
    await store.resume(morning)
    await store.delete(after)
    await store.restore(after)
    assert [s.is_paused for s in await store.schedules({})] == [True, False]
    assert await store.ticks(morning) == []

    viewer = PlanningStore(desk_of(database, await make_actor(tenant, Role.VIEWER)))
    assert (viewer.may_see, viewer.may_change, await viewer.schedules({})) == (False, False, [])
    analyst = PlanningStore(desk_of(database, await make_actor(tenant, Role.ANALYST)))
    assert len(await analyst.schedules({})) == 2
    with pytest.raises(Forbidden):
        await analyst.pause(morning)
    stranger = PlanningStore(desk_of(database, await make_actor(other_tenant, Role.OWNER)))
    assert await stranger.schedules({}) == []
    with pytest.raises(NotFound):
        await stranger.pause(morning)


async def test_alerts_are_ones_own(
    database: Database, actor: Actor, tenant: Tenant, make_actor: MakeActor
) -> None:
    """What one is told of can be chosen and ended, and a colleague does not see it."""
    store = AlertStore(desk_of(database, actor))
    colleague = AlertStore(desk_of(database, await make_actor(tenant, Role.VIEWER)))
    await store.subscribe("run_failed", REPORT, "app")
    with pytest.raises(Invalid):
        await store.subscribe("anything", REPORT, "app")

    [alert] = await store.alerts()
    assert (alert.event, alert.title, alert.channel) == ("run_failed", "Tenant report", "app")
    assert await colleague.alerts() == []
    with pytest.raises(NotFound):
        await colleague.unsubscribe(alert.id)
    await store.unsubscribe(alert.id)
    assert await store.alerts() == []
