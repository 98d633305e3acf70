"""Private datasets: who makes them, who sees them, and by which doors."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.datasets.test_definitions import names, new
from tests.support import people
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.errors import Busy, NameTaken
from workbench.datasets.models import Dataset, Definition
from workbench.datasets.schemas import NewDataset, RowsQuery
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid
from workbench.permissions import MAKER, Permission, Role
from workbench.tenants.models import Tenant


async def make(database: Database, actor: Actor, order: NewDataset) -> Actor:
    """Make a private dataset, and answer its maker as he is from then on."""
    async with database.session(actor) as session:
        made = await commands.define_private(session, actor, order)
        assert made.definition.private_to == actor.tenant_id
        assert made.definition.made_by == actor.user_id
        return commands.as_maker(actor, made.definition)


class TestMaking:
    """Analysts and up make datasets of the tenant's own."""

    @pytest.mark.parametrize("role", [Role.ANALYST, Role.ENGINEER, Role.OWNER])
    async def test_its_tenant_has_it(
        self, database: Database, tenant: Tenant, make_actor: MakeActor, role: Role
    ) -> None:
        """Whoever may read datasets sees it, empty."""
        order = new()
        await make(database, await make_actor(tenant, role), order)
        viewer = await make_actor(tenant, Role.VIEWER)
        assert order.name in await names(database, viewer)
        async with database.reading(viewer) as session:
            found = (await session.scalars(queries.dataset(viewer, order.name))).one()
            assert (await session.execute(queries.rows(viewer, found, RowsQuery()))).all() == []

    async def test_a_viewer_makes_none(
        self, database: Database, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Neither the room lets him nor PostgreSQL."""
        viewer = await make_actor(tenant, Role.VIEWER)
        with pytest.raises(Forbidden):
            await make(database, viewer, new())
        with pytest.raises(DBAPIError, match="dataset:create"):
            async with database.session(viewer) as session:
                await session.execute(
                    text(
                        "select workbench.define_private(gen_random_uuid(), gen_random_uuid(), "
                        "'mine', '', '', '[]')"
                    )
                )

    async def test_the_maker_fills_it_at_once(self, database: Database, actor: Actor) -> None:
        """In the same transaction, in the next, and for as long as he may make datasets."""
        order = new()
        async with database.session(actor) as session:
            made = await commands.define_private(session, actor, order)
            maker = commands.as_maker(actor, made.definition)
            assert await commands.add_rows(session, maker, order.name, [{"size": 1}])
        async with database.session(maker) as session:
            await commands.add_rows(session, maker, order.name, [{"size": 2}])

    async def test_what_the_maker_holds(self, database: Database, actor: Actor) -> None:
        """PostgreSQL gives him what `MAKER` names, on this dataset, in a new sign-in too."""
        maker = await make(database, actor, new())
        assert actor.user_id is not None
        again = await people.admit(database, actor.user_id, actor.tenant_id)
        assert again.grants == maker.grants
        target = next(iter(maker.grants))[1]
        assert {p for p in Permission if again.may(p, target)} == actor.permissions | MAKER

    async def test_another_analyst_reads_it_and_no_more(
        self, database: Database, tenant: Tenant, actor: Actor, make_actor: MakeActor
    ) -> None:
        """Writing and changing are the maker's and the engineers'."""
        order = new()
        await make(database, actor, order)
        other = await make_actor(tenant, Role.ANALYST)
        with pytest.raises(Forbidden):
            async with database.session(other) as session:
                await commands.add_rows(session, other, order.name, [{"size": 1}])
        engineer = await make_actor(tenant, Role.ENGINEER)
        async with database.session(engineer) as session:
            await commands.add_rows(session, engineer, order.name, [{"size": 1}])
            rows = await session.execute(
                text(f"select size from workbench_tenant_{tenant.id.hex}.{order.name}")
            )
            assert rows.all() == [(1,)]


class TestNames:
    """Whose name it may be."""

    async def test_two_tenants_use_the_same(
        self, database: Database, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Nothing tells that another tenant has it already (R26)."""
        order = new()
        await make(database, actor, order)
        there = await make_actor(other_tenant, Role.ANALYST)
        await make(database, there, order)
        for reader in (actor, there):
            async with database.session(reader) as session:
                found = (await session.scalars(queries.datasets(reader))).all()
                assert [d.definition.private_to for d in found] == [reader.tenant_id]

    async def test_a_tenant_uses_it_once(self, database: Database, actor: Actor) -> None:
        """The second is refused."""
        order = new()
        await make(database, actor, order)
        with pytest.raises(NameTaken):
            await make(database, actor, order)

    async def test_a_shared_name_is_taken(
        self, database: Database, actor: Actor, operator: Actor
    ) -> None:
        """A private dataset never hides a shared one."""
        order = new()
        async with database.session(operator) as session:
            await commands.define(session, operator, order)
        with pytest.raises(NameTaken):
            await make(database, actor, order)

    async def test_a_private_name_is_not_shared(
        self, database: Database, actor: Actor, operator: Actor
    ) -> None:
        """Nor is a shared one hidden; the operator is told, and no tenant is named."""
        order = new()
        await make(database, actor, order)
        with pytest.raises(NameTaken, match="A private dataset") as refused:
            async with database.session(operator) as session:
                await commands.define(session, operator, order)
        assert str(actor.tenant_id) not in str(refused.value)
        free = new()
        async with database.session(operator) as session:
            await commands.define(session, operator, free)
            with pytest.raises(NameTaken, match="A private dataset"):
                await commands.rename(session, operator, free.name, order.name)

    async def test_both_at_once(self, database: Database, actor: Actor, operator: Actor) -> None:
        """Of a private and a shared dataset of one name that come together, one is made."""

        async def share(order: NewDataset) -> None:
            async with database.session(operator) as session:
                await commands.define(session, operator, order)

        for _ in range(5):
            order = new()
            both = (make(database, actor, order), share(order))
            answers = await asyncio.gather(*both, return_exceptions=True)
            assert [isinstance(a, NameTaken | Busy) for a in answers].count(True) == 1
            assert order.name in await names(database, actor)

    @pytest.mark.parametrize("name", ["datasets", "runs", "pg_things"])
    async def test_reserved_names_are_refused(
        self, database: Database, actor: Actor, name: str
    ) -> None:
        """As for shared ones."""
        with pytest.raises(Invalid, match="name"):
            await make(database, actor, new(name))


class TestIsolation:
    """Another tenant neither sees nor touches it."""

    async def test_another_tenant_sees_nothing(
        self,
        database: Database,
        actor: Actor,
        operator: Actor,
        other_tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:
        """No definition and no column, nor does the platform; its own tenant sees one of each."""
        order = new()
        await make(database, actor, order)
        there = await make_actor(other_tenant, Role.OWNER)
        counts = text(
            "select (select count(*) from definitions where name = :name), "
            "(select count(*) from columns c where exists (select from definitions d "
            "where d.id = c.definition_id and d.name = :name))"
        )
        for looker, expected in ((actor, (1, 1)), (there, (0, 0)), (operator, (0, 0))):
            async with database.session(looker) as session:
                found = (await session.execute(counts, {"name": order.name})).one()
                assert tuple(found) == expected

    async def test_another_tenants_definition_is_as_absent_as_none(
        self, database: Database, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Each function that changes one refuses a foreign id and a random one alike."""
        async with database.session(actor) as session:
            made = await commands.define_private(session, actor, new())
        there = await make_actor(other_tenant, Role.OWNER)
        said = set()
        for call in CHANGES:
            for target in (f"'{made.definition_id}'", "gen_random_uuid()"):
                with pytest.raises(DBAPIError) as refused:
                    async with database.session(there) as session:
                        await session.execute(text(f"select workbench.{call.format(target)}"))
                said.add(str(refused.value.orig).splitlines()[0])
        assert said == {"this needs the permission dataset:define"}
        async with database.session(actor) as session:
            assert await session.get(Definition, made.definition_id)
            assert await session.get(Dataset, (actor.tenant_id, made.id))


CHANGES = (
    "rename_dataset({}, 'other')",
    "add_column({}, '{{}}')",
    "rename_column({}, 'size', 'other')",
    "count_losses({}, 'size', 'text')",
    "retype_column({}, 'size', 'text', true)",
    "drop_column({}, 'size', 'me')",
    "restore_column({}, 'size')",
    "delete_dataset({}, 'me')",
    "restore_dataset({})",
    "note_description({})",
    "purge_definition({})",
    "purge_columns({}, now())",
)
