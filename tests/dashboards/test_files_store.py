"""What the dashboard of files asks and orders."""

import io
from pathlib import Path
from uuid import UUID

import pytest

from dashboards.files.store import SHOWN_IMPORTS, Store
from dashboards.visits import House, Screen, Visit
from tests.conftest import MakeActor
from tests.support import samples
from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.errors import ImportNotFound
from workbench.datasets.schemas import ImportOrder
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.files import writing
from workbench.permissions import Permission, Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

CSV = b"code;amount\na;1,5\nb;2,5\nc;many\n"
TYPED = {
    "decimal": ",",
    "columns": [
        {"source": "code", "name": "code", "type": "text"},
        {"source": "amount", "name": "amount", "type": "number"},
    ],
}


def store_of(database: Database, actor: Actor) -> Store:
    """The store of an actor's visit."""
    return Store(Visit(actor, House(database, Path("notebooks")), Screen()))


async def bring(database: Database, storage: Storage, actor: Actor, name: str = "sales") -> UUID:
    """Have a file make a private dataset; a worker has not begun yet."""
    order = ImportOrder.model_validate({"mode": "create", "reading": TYPED, "title": "Sales"})
    made = await commands.send_import(
        *(database, storage, samples.BOUNDS, actor, name, writing.blocks(io.BytesIO(CSV))),
        file_name="sales.csv",
        order=order,
    )
    return made.id


async def load(database: Database, storage: Storage, actor: Actor, import_id: UUID) -> None:
    """Load an import as the worker does."""
    loader = samples.loader(actor.require_tenant())
    async with database.session(loader) as session:
        await commands.load(session, loader, storage, import_id)


@pytest.fixture
async def brought(database: Database, storage: Storage, actor: Actor) -> UUID:
    """An import that has loaded two rows of an analyst's own dataset, and refused one."""
    import_id = await bring(database, storage, actor)
    await load(database, storage, actor, import_id)
    return import_id


async def test_shows_the_tenants_own(
    database: Database, actor: Actor, brought: UUID, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """Datasets come with rows and columns, imports with their counts; a stranger sees neither."""
    store = store_of(database, actor)
    await store.renew()
    [known] = [known for known in await store.datasets() if known.name == "sales"]
    [order] = await store.imports()

    assert (known.title, known.rows, known.is_private) == ("Sales", 2, True)
    assert known.columns == [("code", "text"), ("amount", "number")]
    assert (order.id, order.status, order.who, order.is_live) == (brought, "partial", "you", False)
    assert (order.rows_loaded, order.rows_rejected, order.has_rejects) == (2, 1, True)
    assert order.reading["decimal"] == ","
    stranger = store_of(database, await make_actor(other_tenant, Role.OWNER))
    assert await stranger.imports() == []
    assert "sales" not in {known.name for known in await stranger.datasets()}


async def test_shows_the_last_imports(database: Database, storage: Storage, actor: Actor) -> None:
    """The newest come first, and no more than fit."""
    made = [await bring(database, storage, actor, f"sales_{n}") for n in range(SHOWN_IMPORTS + 1)]

    shown = [order.id for order in await store_of(database, actor).imports()]

    assert shown == made[:0:-1]


async def test_shows_what_was_refused(
    database: Database, actor: Actor, brought: UUID, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """A refused row has its line, column and value; a stranger gets none of another tenant."""
    [refused] = await store_of(database, actor).rejects(brought)
    stranger = store_of(database, await make_actor(other_tenant, Role.OWNER))

    assert (refused.line, refused.column, refused.value) == (4, "amount", "many")
    assert await stranger.rejects(brought) == []


async def test_who_made_a_dataset_may_change_it_at_once(
    database: Database, storage: Storage, actor: Actor
) -> None:
    """A visit that began before the dataset was made learns that it is its visitor's own."""
    store = store_of(database, actor)
    import_id = await bring(database, storage, actor)
    assert [order.may_change for order in await store.imports()] == [False]

    await store.renew()

    assert [order.may_change for order in await store.imports()] == [True]
    assert [known.may_load for known in await store.datasets() if known.name == "sales"] == [True]
    await store.cancel(import_id)
    assert [order.status for order in await store.imports()] == ["cancelled"]
    await store.retry(import_id)
    assert [order.status for order in await store.imports()] == ["queued"]


async def test_undoes(
    database: Database, actor: Actor, brought: UUID, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """Undoing takes the rows away; to another tenant there is no such import."""
    stranger = store_of(database, await make_actor(other_tenant, Role.OWNER))
    with pytest.raises(ImportNotFound):
        await stranger.undo(brought)
    store = store_of(database, actor)
    await store.undo(brought)

    assert [order.is_undone for order in await store.imports()] == [True]
    assert [known.rows for known in await store.datasets() if known.name == "sales"] == [0]


@pytest.mark.acts_as("viewer")
async def test_a_viewer_looks(
    database: Database, storage: Storage, actor: Actor, tenant: Tenant, make_actor: MakeActor
) -> None:
    """A viewer sees datasets, no imports, and neither loads nor undoes; an analyst may load."""
    analyst = await make_actor(tenant, Role.ANALYST)
    import_id = await bring(database, storage, analyst)
    await load(database, storage, analyst, import_id)
    store = store_of(database, actor)

    assert (store.may_load, store.may_create, store.sees_imports) == (False, False, False)
    assert await store.imports() == []
    assert {known.name for known in await store.datasets()} >= {"sales"}
    with pytest.raises(Forbidden):
        await store.undo(import_id)
    offered = store_of(database, analyst)
    assert (offered.may_load, offered.may_create, offered.sees_imports) == (True, True, True)


@pytest.mark.acts_as("engineer")
async def test_a_colleagues_import_can_be_changed(
    database: Database, storage: Storage, actor: Actor, tenant: Tenant, make_actor: MakeActor
) -> None:
    """An engineer may undo what an analyst has loaded; another analyst may not."""
    maker = await make_actor(tenant, Role.ANALYST)
    import_id = await bring(database, storage, maker)
    await load(database, storage, maker, import_id)
    other = store_of(database, await make_actor(tenant, Role.ANALYST))
    assert [(o.who, o.may_change) for o in await other.imports()] == [("a colleague", False)]
    with pytest.raises(Forbidden):
        await other.undo(import_id)

    store = store_of(database, actor)
    assert [(o.who, o.may_change) for o in await store.imports()] == [("a colleague", True)]
    await store.undo(import_id)


async def test_knows_its_visitor(database: Database, actor: Actor) -> None:
    """What is refused of rights is not offered."""
    store = store_of(database, actor)

    assert store.may_explore
    assert store.most_bytes == 2 * 1024**3


async def test_reads_no_rows_that_it_may_not(
    database: Database, storage: Storage, tenant: Tenant, make_actor: MakeActor
) -> None:
    """Who may see that a dataset is there, and not its rows, sees no count of them."""
    maker = await make_actor(tenant, Role.ENGINEER)
    await bring(database, storage, maker, f"s_{new_id().hex[-12:]}")
    limited = maker.narrowed(maker.permissions - {Permission.ROW_READ})
    shown = [
        [known.rows for known in await store_of(database, who).datasets() if known.is_private]
        for who in (limited, maker)
    ]

    assert shown == [[None], [0]]
