"""Defining shared datasets."""

import asyncio

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.support import people
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.errors import NameTaken
from workbench.datasets.schemas import DatasetView, NewColumn, NewDataset, RowsQuery
from workbench.datasets.tables import RESERVED
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid
from workbench.permissions import Role
from workbench.tenants.models import Tenant

TYPES = ("text", "integer", "number", "boolean", "date", "timestamp")


def new(name: str | None = None, *columns: NewColumn) -> NewDataset:
    """A dataset with a name of its own."""
    return NewDataset(
        name=f"t_{new_id().hex[:30]}" if name is None else name,
        title="Things",
        columns=list(columns) or [NewColumn(name="size", type="integer")],
    )


async def define(database: Database, operator: Actor, dataset: NewDataset) -> str:
    """Define it as the operator and answer its name."""
    async with database.session(operator) as session:
        definition = await commands.define(session, operator, dataset)
        view = DatasetView.of_definition(definition)
    assert len(view.columns) == len(dataset.columns)
    return view.name


async def names(database: Database, actor: Actor) -> list[str]:
    """The names of a tenant's datasets."""
    async with database.reading(actor) as session:
        return [d.definition.name for d in await session.scalars(queries.datasets(actor))]


class TestDefine:
    """One definition, each tenant its own rows."""

    async def test_every_tenant_has_it(
        self,
        database: Database,
        operator: Actor,
        actor: Actor,
        other_tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:
        """It is there and empty for all tenants, with its columns."""
        columns = [NewColumn(name=f"a_{type_}", type=type_, unit="°") for type_ in TYPES]
        name = await define(database, operator, new(None, *columns))
        for reader in (actor, await make_actor(other_tenant, Role.VIEWER)):
            async with database.reading(reader) as session:
                dataset = await session.scalar(queries.dataset(reader, name))
                assert dataset is not None
                view = DatasetView.of(dataset)
                assert [column.type for column in view.columns] == list(TYPES)
                found = await session.execute(queries.rows(reader, dataset, RowsQuery()))
                assert found.all() == []

    async def test_a_later_tenant_adopts_it(self, database: Database, operator: Actor) -> None:
        """As often as it is asked to."""
        name = await define(database, operator, new())
        tenant = await people.make_tenant(database)
        member = await people.make_actor(database, tenant.id, Role.ANALYST)
        assert name not in await names(database, member)
        for _ in range(2):
            await commands.adopt_shared(database, tenant.id)
        assert (await names(database, member)).count(name) == 1

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.ENGINEER, Role.OWNER])
    async def test_a_tenants_members_may_not(
        self, database: Database, tenant: Tenant, make_actor: MakeActor, role: Role
    ) -> None:
        """A shared dataset concerns all tenants, so the platform defines it."""
        member = await make_actor(tenant, role)
        with pytest.raises(Forbidden):
            await define(database, member, new())

    async def test_a_name_is_taken_once(self, database: Database, operator: Actor) -> None:
        """The second definition is refused, also when both come at once."""
        dataset = new()
        both = [define(database, operator, dataset) for _ in range(2)]
        answers = await asyncio.gather(*both, return_exceptions=True)
        assert dataset.name in answers
        assert any(isinstance(answer, NameTaken | DBAPIError) for answer in answers)
        with pytest.raises(NameTaken):
            await define(database, operator, dataset)

    @pytest.mark.parametrize("name", sorted(RESERVED))
    async def test_reserved_columns_are_refused(
        self, database: Database, operator: Actor, name: str
    ) -> None:
        """Names that rows or PostgreSQL use already."""
        with pytest.raises(Invalid, match="reserved"):
            await define(database, operator, new(None, NewColumn(name=name, type="text")))

    @pytest.mark.parametrize("name", ["datasets", "runs", "tenants", "pg_class", "pg_things"])
    async def test_reserved_names_are_refused(
        self, database: Database, operator: Actor, name: str
    ) -> None:
        """Names of readers' views, and those of PostgreSQL."""
        with pytest.raises(Invalid, match="name"):
            await define(database, operator, new(name))

    async def test_a_column_is_there_once(self, database: Database, operator: Actor) -> None:
        """Two columns of a name are refused, by place."""
        twice = NewColumn(name="size", type="text")
        with pytest.raises(Invalid, match=r"columns\[1\].name"):
            await define(database, operator, new(None, twice, twice))

    async def test_words_of_sql_are_names_like_others(
        self, database: Database, operator: Actor, actor: Actor
    ) -> None:
        """Quoted wherever they stand."""
        words = ("select", "table", "user", "order", "all")
        columns = [NewColumn(name=word, type="text") for word in words]
        name = await define(database, operator, new(None, *columns))
        async with database.reading(actor) as session:
            dataset = await session.scalar(queries.dataset(actor, name))
            assert dataset is not None
            query = RowsQuery.model_validate({"sort": [{"column": word} for word in words]})
            assert (await session.execute(queries.rows(actor, dataset, query))).all() == []

    async def test_a_thousand_columns_are_enough(self, database: Database, operator: Actor) -> None:
        """As many as PostgreSQL can hold in one row, and no more."""
        columns = [NewColumn(name=f"c{number}", type="integer") for number in range(1000)]
        assert await define(database, operator, new(None, *columns))
        with pytest.raises(ValidationError):
            new(None, *columns, NewColumn(name="more", type="integer"))

    @pytest.mark.parametrize("name", ["", "A", "1a", "a-b", 'a"b', "a b", "é", "a" * 64, "a\n"])
    def test_a_name_is_a_plain_word(self, name: str) -> None:
        """Small letters, digits and underscores, up to 63."""
        with pytest.raises(ValidationError):
            new(name)
        with pytest.raises(ValidationError):
            NewColumn(name=name, type="text")

    async def test_the_operator_sees_no_rows(self, database: Database, operator: Actor) -> None:
        """Defining a dataset is not reading it."""
        name = await define(database, operator, new())
        async with database.session(operator) as session:
            assert await session.scalar(text(f"select count(*) from data.{name}")) == 0
            found = await session.scalars(queries.definitions(operator))
            assert name in [definition.name for definition in found]
            with pytest.raises(Forbidden):
                queries.datasets(operator)

    async def test_a_tenants_own_actor_cannot_adopt(
        self, database: Database, actor: Actor, shared: None
    ) -> None:
        """PostgreSQL refuses it where the application would not ask."""
        del shared
        with pytest.raises(DBAPIError, match="row-level security"):
            async with database.session(actor) as session:
                await session.execute(
                    text(
                        "insert into datasets (tenant_id, id, definition_id) "
                        "select :tenant, gen_random_uuid(), gen_random_uuid()"
                    ),
                    {"tenant": actor.tenant_id},
                )
