"""What the dashboard of SQL asks and keeps."""

import asyncio

import pytest

from dashboards.sql.state import Question
from dashboards.sql.store import Store, names
from dashboards.sql.turns import Turns
from dashboards.sql.views import examples
from dashboards.visits import House, Screen, Visit
from tests.conftest import MakeActor
from tests.support import flights
from workbench.actor import Actor
from workbench.datasets.sql_errors import SavedQueryNotFound, SqlCancelled
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid
from workbench.permissions import Role
from workbench.settings import ROOT
from workbench.tenants.models import Tenant

COUNT = Question("select count(*) as flights from flights")
LATE = Question("select dest from flights where arr_delay > :late", {"late": "60"})
ENDLESS = Question(
    "with recursive r as (select 1 as n union all select n + 1 from r) select count(*) from r"
)


def store_of(database: Database, actor: Actor) -> Store:
    """The store of an actor's visit."""
    return Store(Visit(actor, House(database, ROOT / "notebooks"), Screen()))


@pytest.fixture
async def store(database: Database, actor: Actor, tenant: Tenant, other_tenant: Tenant) -> Store:
    """The store of an actor whose tenant has 32 flights, and another tenant 50."""
    await flights.load(database, tenant.id, "OO")
    await flights.load(database, other_tenant.id, "B6", 50)
    return store_of(database, actor)


async def test_the_desk_is_laid(store: Store, tenant: Tenant) -> None:
    """What can be asked, with columns and types."""
    desk = await store.desk()

    assert desk.tenant == tenant.name
    known = {each.name: {c.name: c.type for c in each.columns} for each in desk.datasets}
    assert known["flights"]["time_hour"] == "timestamp"
    assert (desk.saved, desk.history) == ([], [])


async def test_the_example_runs(store: Store) -> None:
    """Whoever has never asked finds a statement that counts the tenant's own rows."""
    question = Question(examples.example(await store.datasets()))

    result = await store.run(question, new_id(), 1000)

    assert result.columns == ["month", "count"]
    assert sum(count for _, count in result.rows) == 32


async def test_parameters_take_the_type_of_their_place(store: Store) -> None:
    """A field's text becomes a number where one is needed; an empty field is asked for."""
    assert names("select :b, ':c', :a, :b -- :d") == ["b", "a"]
    found = await store.run(LATE, new_id(), 1000)
    assert found.rows

    with pytest.raises(Invalid, match="no value for the parameter late"):
        await store.run(Question(LATE.sql, {"late": ""}), new_id(), 1000)


async def test_declared_types_are_kept(store: Store) -> None:
    """What a saved query declares is read as that type, and told where it cannot be."""
    question = Question("select :n + 1 as n", {"n": "2"}, {"n": "integer"})

    assert (await store.run(question, new_id(), 10)).rows == [[3]]
    with pytest.raises(Invalid) as error:
        await store.run(Question(question.sql, {"n": "x"}, question.types), new_id(), 10)
    assert error.value.details[0].place == "parameters.n.value"


async def test_a_typo_is_marked(store: Store) -> None:
    """A name that is not there is told with its place and the one that was meant."""
    with pytest.raises(Invalid) as error:
        await store.run(Question("select dst\nfrom flights"), new_id(), 10)

    [detail] = error.value.details
    assert detail.position is not None
    assert (detail.position.line, detail.position.column, detail.hint) == (
        1,
        8,
        "Did you mean dest?",
    )


async def test_cancels_in_the_database(store: Store) -> None:
    """A statement that would never end is ended by its id, and the history says so."""
    statement = new_id()
    running = asyncio.create_task(store.run(ENDLESS, statement, 10))
    while not await store.history():
        await asyncio.sleep(0.02)
    await store.cancel(statement)

    with pytest.raises(SqlCancelled):
        await running
    [ran] = await store.history()
    assert (ran.id, ran.outcome) == (statement, "sql_cancelled")


async def test_turns_cancel_what_runs(store: Store) -> None:
    """One statement at a time; the next may begin once it was cancelled or left."""
    turns = Turns(store.cancel)
    ended: list[type[BaseException]] = []

    async def work(statement: object) -> None:
        try:
            await store.run(ENDLESS, statement, 10)  # type: ignore[arg-type]
        except BaseException as error:
            ended.append(type(error))
            if not isinstance(error, SqlCancelled):
                raise

    async def leave() -> None:
        turns.leave()

    for end, kind in ((turns.cancel, SqlCancelled), (leave, asyncio.CancelledError)):
        before = len(await store.history())
        assert turns.begin(work)
        assert not turns.begin(work)
        while len(await store.history()) == before:
            await asyncio.sleep(0.02)
        await end()
        await turns.ended()
        assert (ended.pop(), ended, turns.is_running) == (kind, [], False)


async def test_plans_name_datasets_and_no_conditions(store: Store) -> None:
    """A plan tells what would be done; measured, it tells rows and times."""
    planned = await store.explain(COUNT, new_id(), analyze=False)
    measured = await store.explain(COUNT, new_id(), analyze=True)

    assert planned.execution_ms is None
    assert measured.execution_ms is not None
    assert measured.plan.rows == 1


async def test_keeps_questions(store: Store) -> None:
    """Saved, renamed, shared, deleted and brought back: the list follows."""
    kept = await store.save(LATE, "Late", is_shared=False)
    assert (kept.values, kept.types, kept.is_own) == ({"late": "60"}, {"late": "text"}, True)

    changed = await store.change(kept.id, LATE, "Very late", shared=True)
    assert (changed.name, changed.is_shared) == ("Very late", True)
    await store.delete(kept.id)
    assert await store.saved() == []
    await store.restore(kept.id)
    assert [query.name for query in await store.saved()] == ["Very late"]


async def test_colleagues_run_what_is_shared(
    store: Store, database: Database, make_actor: MakeActor, tenant: Tenant
) -> None:
    """A colleague sees a shared query only, runs it, and cannot change it."""
    shared = await store.save(COUNT, "Count", is_shared=True)
    await store.save(LATE, "Late", is_shared=False)
    colleague = store_of(database, await make_actor(tenant, Role.ANALYST))

    [seen] = await colleague.saved()

    assert (seen.id, seen.is_own) == (shared.id, False)
    result = await colleague.run(Question(seen.sql), new_id(), 10, seen.id)
    assert result.rows == [[32]]
    with pytest.raises(Forbidden):
        await colleague.delete(seen.id)


async def test_another_tenant_sees_nothing_of_it(
    store: Store, database: Database, make_actor: MakeActor, other_tenant: Tenant
) -> None:
    """Neither a shared query nor what ran is another tenant's; its rows are its own."""
    shared = await store.save(COUNT, "Count", is_shared=True)
    await store.run(COUNT, new_id(), 10)
    stranger = store_of(database, await make_actor(other_tenant, Role.OWNER))

    assert (await stranger.saved(), await stranger.history()) == ([], [])
    with pytest.raises(SavedQueryNotFound):
        await stranger.delete(shared.id)
    assert (await stranger.run(COUNT, new_id(), 10)).rows == [[50]]


@pytest.mark.acts_as("viewer")
async def test_a_viewer_asks_nothing(store: Store) -> None:
    """Who may not ask in SQL is not offered to, and is refused when trying."""
    assert (store.may_ask, store.may_export) == (False, False)
    with pytest.raises(Forbidden):
        await store.run(COUNT, new_id(), 10)
    with pytest.raises(Forbidden):
        await store.save(COUNT, "Count", is_shared=True)
    with pytest.raises(Forbidden):
        await store.history()


async def test_an_analyst_is_offered_all(store: Store) -> None:
    """The twin: an analyst may ask and take files along, and the history knows what ran."""
    assert (store.may_ask, store.may_export) == (True, True)
    await store.run(COUNT, new_id(), 10)

    [ran] = await store.history()
    assert (ran.sql, ran.outcome, ran.rows) == (COUNT.sql, "succeeded", 1)


def test_the_operator_is_offered_nothing(database: Database, operator: Actor) -> None:
    """The platform has no rows of its own to ask."""
    assert not store_of(database, operator).may_ask


@pytest.mark.parametrize("sql", ["select :a" + " " * 20_000, "select :a, '\ud800'"])
def test_what_cannot_be_read_has_no_parameters(sql: str) -> None:
    """Too long a text, or halves of characters, offer no fields and break nothing."""
    assert names(sql) == []
