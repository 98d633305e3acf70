"""Datasets that are renamed, described, deleted, restored and purged; and the grants on them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from tests.datasets.test_definitions import names, new
from tests.datasets.test_private import make
from tests.support import granting, people
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.answers import Answers
from workbench.datasets.errors import DatasetNotFound, NameTaken
from workbench.datasets.schemas import (
    Aggregation,
    ColumnChange,
    DatasetChange,
    NewColumn,
    NewRelation,
    RowsQuery,
)
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.errors import Conflict, Forbidden
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

NAME = "of_mine"
COLUMNS = [NewColumn(name="code", type="text"), NewColumn(name="size", type="integer")]
ROWS = [{"code": "a", "size": 1}, {"code": "b", "size": 2}]
ADD = "insert into columns (definition_id, position, name, type, title) "
STRUCTURAL = (
    "update definitions set name = 'x'",
    "update definitions set private_to = null",
    "update columns set type = 'text'",
    "update columns set deleted_at = now()",
    "delete from definitions",
    f"{ADD} select id, 9, 'x', 'text', '' from definitions",
)
pytestmark = pytest.mark.acts_as(Role.OWNER)


@pytest.fixture
async def maker(database: Database, actor: Actor) -> Actor:
    """An owner with a private dataset of two rows."""
    maker = await make(database, actor, new(NAME, *COLUMNS))
    async with database.session(maker) as session:
        await commands.add_rows(session, maker, NAME, ROWS)
    return maker


async def codes(database: Database, actor: Actor, name: str = NAME) -> list[object]:
    """What the actor sees of the column `code`, through both of its sessions."""
    seen = []
    for opened in (database.session, database.reading):
        async with opened(actor) as session:
            dataset = await session.scalar(queries.dataset(actor, name))
            if dataset is None:
                raise DatasetNotFound
            rows = await session.execute(queries.rows(actor, dataset, RowsQuery()))
            seen.append([row["code"] for row in rows.mappings()])
    assert seen[0] == seen[1]
    return seen[0]


class TestRename:
    """Another name."""

    async def test_rows_stay(self, database: Database, maker: Actor) -> None:
        """Under the new name; the old one is free again."""
        async with database.session(maker) as session:
            await commands.rename(session, maker, NAME, "other_name")
        assert await codes(database, maker, "other_name") == ["a", "b"]
        with pytest.raises(DatasetNotFound):
            await codes(database, maker)
        await make(database, maker, new(NAME))

    async def test_a_taken_name_is_refused(self, database: Database, maker: Actor) -> None:
        """And it keeps its own."""
        await make(database, maker, new("taken_here"))
        async with database.session(maker) as session:
            with pytest.raises(NameTaken):
                await commands.rename(session, maker, NAME, "taken_here")
        assert await codes(database, maker) == ["a", "b"]


class TestDescribe:
    """Title and description."""

    async def test_the_version_rises(self, database: Database, maker: Actor) -> None:
        """And what is left out stays."""
        async with database.session(maker) as session:
            dataset = (await session.scalars(queries.dataset(maker, NAME))).one()
            before = dataset.version
            await commands.describe(session, maker, NAME, DatasetChange(description="Sizes."))
        async with database.session(maker) as session:
            dataset = (await session.scalars(queries.dataset(maker, NAME))).one()
            assert (dataset.definition.title, dataset.definition.description) == (
                *("Things", "Sizes."),
            )
            assert dataset.version > before

    async def test_structure_is_not_the_applications(
        self, database: Database, maker: Actor
    ) -> None:
        """Names and types change by the functions that change the table, and in no other way."""
        for statement in STRUCTURAL:
            with pytest.raises(DBAPIError, match=r"permission denied|row-level security"):
                async with database.session(maker) as session:
                    await session.execute(text(statement))


class TestDelete:
    """It goes, and comes back."""

    async def test_it_comes_back_with_its_rows(
        self, database: Database, maker: Actor, migrated: Embedded
    ) -> None:
        """Meanwhile nobody has it, not even the catalogue's view."""
        view = f"workbench_tenant_{maker.require_tenant().hex}.{NAME}"
        is_there = f"select to_regclass('{view}') is not null"
        async with database.session(maker) as session:
            await commands.delete_dataset(session, maker, NAME)
        assert NAME not in await names(database, maker)
        with migrated.superuser("workbench") as superuser:
            assert superuser.execute(is_there).fetchone() == (False,)
        async with database.session(maker) as session:
            await commands.restore_dataset(session, maker, NAME)
        assert await codes(database, maker) == ["a", "b"]

    async def test_its_name_is_free(self, database: Database, maker: Actor) -> None:
        """Whoever takes it meanwhile keeps it."""
        async with database.session(maker) as session:
            await commands.delete_dataset(session, maker, NAME)
        await make(database, maker, new(NAME))
        async with database.session(maker) as session:
            with pytest.raises(NameTaken):
                await commands.restore_dataset(session, maker, NAME)

    async def test_only_what_is_deleted_comes_back(self, database: Database, maker: Actor) -> None:
        """A live dataset has nothing to restore."""
        async with database.session(maker) as session:
            with pytest.raises(DatasetNotFound):
                await commands.restore_dataset(session, maker, NAME)

    async def test_who_did_not_make_it_needs_the_permission(
        self, database: Database, tenant: Tenant, maker: Actor, make_actor: MakeActor
    ) -> None:
        """An analyst deletes none of others; an engineer does."""
        analyst = await make_actor(tenant, Role.ANALYST)
        engineer = await make_actor(tenant, Role.ENGINEER)
        async with database.session(analyst) as session:
            with pytest.raises(Forbidden):
                await commands.delete_dataset(session, analyst, NAME)
        async with database.session(engineer) as session:
            await commands.delete_dataset(session, engineer, NAME)
        del maker

    async def test_a_maker_restores_his_own(
        self, database: Database, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Also as an analyst, in a sign-in of its own."""
        analyst = await make_actor(tenant, Role.ANALYST)
        await make(database, analyst, new("analysts_own"))
        assert analyst.user_id is not None
        for command in (commands.delete_dataset, commands.restore_dataset):
            again = await people.admit(database, analyst.user_id, analyst.tenant_id)
            async with database.session(again) as session:
                await command(session, again, "analysts_own")
        assert "analysts_own" in await names(database, analyst)

    async def test_a_maker_who_may_make_none_any_more(
        self, database: Database, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """A viewer keeps nothing of what he held as an analyst; a guest sees nothing at all."""
        analyst = await make_actor(tenant, Role.ANALYST)
        maker = await make(database, analyst, new("analysts_own"))
        async with database.session(maker) as session:
            await commands.add_column(
                session, maker, "analysts_own", NewColumn(name="more", type="text")
            )
        seater = Actor.of_system(
            "test", Permission.MEMBER_MANAGE, Permission.MEMBER_READ, tenant_id=tenant.id
        )
        async with database.session(seater) as session:
            await session.execute(
                text("update memberships set role = 'viewer' where user_id = :user"),
                {"user": analyst.user_id},
            )
        with pytest.raises(DBAPIError, match="dataset:define"):
            async with database.session(maker) as session:
                await commands.add_column(
                    session, maker, "analysts_own", NewColumn(name="again", type="text")
                )


class TestParts:
    """Grants that show a part, and changes of what the part is made of."""

    async def _guest(self, database: Database, maker: Actor) -> tuple[UUID, Actor]:
        user, place = await granting.guest(database, maker.require_tenant())
        part = {
            "filter": {"column": "code", "op": "eq", "value": "a"},
            "masks": {"size": "null"},
        }
        await granting.grant(database, maker, place, "dataset", NAME, **part)
        return user, await people.admit(database, user, maker.tenant_id)

    async def test_a_part_of_a_private_dataset(self, database: Database, maker: Actor) -> None:
        """It shows its rows, in the application and to readers."""
        _, guest = await self._guest(database, maker)
        assert await codes(database, guest) == ["a"]

    async def test_it_survives_what_does_not_concern_it(
        self, database: Database, maker: Actor
    ) -> None:
        """The lens is made anew in the same transaction, for who is signed in."""
        _, guest = await self._guest(database, maker)
        async with database.session(maker) as session:
            new_column = NewColumn(name="more", type="text")
            await commands.add_column(session, maker, NAME, new_column)
            await commands.rename_column(session, maker, NAME, "more", "further")
            change = ColumnChange(type="integer")
            await commands.change_column(session, maker, NAME, "further", change)
            await commands.rename(session, maker, NAME, "renamed_part")
        assert await codes(database, guest, "renamed_part") == ["a"]

    @pytest.mark.parametrize("column", ["code", "size"])
    async def test_a_column_that_it_is_made_of_stays(
        self, database: Database, maker: Actor, column: str
    ) -> None:
        """A filter's column and a masked one are neither renamed nor retyped nor dropped."""
        _, guest = await self._guest(database, maker)
        for change in ({"name": "other"}, {"type": "text" if column == "size" else "boolean"}):
            async with database.session(maker) as session:
                order = ColumnChange.model_validate({"losing": True} | change)
                with pytest.raises(Conflict, match="grant"):
                    await commands.change_column(session, maker, NAME, column, order)
        async with database.session(maker) as session:
            with pytest.raises(Conflict, match="grant"):
                await commands.drop_column(session, maker, NAME, column)
        assert await codes(database, guest) == ["a"]

    async def test_it_goes_and_comes_with_the_dataset(
        self, database: Database, maker: Actor
    ) -> None:
        """A sign-in of then and one of now see nothing, and the part again."""
        user, guest = await self._guest(database, maker)
        async with database.session(maker) as session:
            await commands.delete_dataset(session, maker, NAME)
        again = await people.admit(database, user, maker.tenant_id)
        assert again.grants == frozenset()
        with pytest.raises(DatasetNotFound):
            await codes(database, guest)
        async with database.session(maker) as session:
            await commands.restore_dataset(session, maker, NAME)
        assert await codes(database, guest) == ["a"]


class TestAnswers:
    """Kept answers."""

    async def test_a_change_makes_them_old(self, database: Database, maker: Actor) -> None:
        """The same question is asked anew after each change of the definition."""
        answers = Answers()
        question = Aggregation.model_validate({"measures": [{"function": "count"}]})

        async def asked() -> bool:
            async with database.session(maker) as session:
                dataset = (await session.scalars(queries.dataset(maker, NAME))).one()
                return (await answers.answer(session, maker, dataset, question)).is_kept

        assert [await asked(), await asked()] == [False, True]
        async with database.session(maker) as session:
            await commands.rename_column(session, maker, NAME, "size", "length")
        assert [await asked(), await asked()] == [False, True]
        for command in (commands.delete_dataset, commands.restore_dataset):
            async with database.session(maker) as session:
                await command(session, maker, NAME)
        assert [await asked(), await asked()] == [False, True]


class TestPurge:
    """What was deleted long ago."""

    async def test_nothing_of_it_is_left(
        self, database: Database, maker: Actor, migrated: Embedded
    ) -> None:
        """Neither table nor rows nor definition; a live dataset is not purged."""
        async with database.session(maker) as session:
            dataset = (await session.scalars(queries.dataset(maker, NAME))).one()
        purger = commands.purger(maker.tenant_id)
        with pytest.raises(DBAPIError, match="Only a deleted"):
            async with database.session(purger) as session:
                await session.execute(
                    text("select workbench.purge_definition(:id)"), {"id": dataset.definition_id}
                )
        await self._grant(database, maker)
        same: Any = {"columns": ["size"], "target_columns": ["size"]}
        async with database.session(maker) as session:
            await commands.declare(
                session, maker, NAME, NewRelation(name="itself", target=NAME, **same)
            )
            await commands.delete_dataset(session, maker, NAME)
        later = datetime.now(UTC) + timedelta(seconds=5)
        async with database.session(purger) as session:
            due = commands.Due(maker.tenant_id, dataset.definition_id, is_deleted=True)
            assert due in await commands.due(session, later)
            assert due not in await commands.due(session, later - timedelta(days=1))
            assert await commands.purge_dataset(session, purger, dataset.definition_id) == []
        with migrated.superuser("workbench") as superuser:
            for query in (
                f"select from pg_class where relname = 'd_{dataset.definition_id.hex}'",
                f"select from workbench.definitions where id = '{dataset.definition_id}'",
                f"select from workbench.columns where definition_id = '{dataset.definition_id}'",
                f"select from workbench.datasets where id = '{dataset.id}'",
                f"select from workbench.relations where target_id = '{dataset.definition_id}'",
                f"select from workbench.grants where dataset_id = '{dataset.id}'",
            ):
                assert superuser.execute(query).fetchall() == [], query

    async def _grant(self, database: Database, maker: Actor) -> None:
        _, place = await granting.guest(database, maker.require_tenant())
        await granting.grant(database, maker, place, "dataset", NAME)

    async def test_dropped_columns_lose_their_values(
        self, database: Database, maker: Actor, migrated: Embedded
    ) -> None:
        """And cannot be restored any more; the others stay."""
        async with database.session(maker) as session:
            dataset = (await session.scalars(queries.dataset(maker, NAME))).one()
            await commands.drop_column(session, maker, NAME, "size")
        purger = commands.purger(maker.tenant_id)
        later = datetime.now(UTC) + timedelta(seconds=5)
        async with database.session(purger) as session:
            assert await commands.purge_columns(session, purger, dataset.definition_id, later) == 1
        assert await codes(database, maker) == ["a", "b"]
        with migrated.superuser("workbench") as superuser:
            query = (
                "select attname from pg_attribute where attnum > 0 and not attisdropped "
                f"and attrelid = 'rows.d_{dataset.definition_id.hex}'::regclass"
            )
            assert "dropped 1" not in {row[0] for row in superuser.execute(query)}


async def test_the_operator_takes_a_shared_dataset_away(
    database: Database, operator: Actor, actor: Actor
) -> None:
    """From every tenant; it comes back with each one's rows, to younger tenants too."""
    order = new(None, *COLUMNS)
    async with database.session(operator) as session:
        await commands.define(session, operator, order)
    async with database.session(actor) as session:
        await commands.add_rows(session, actor, order.name, ROWS)
    async with database.session(operator) as session:
        await commands.delete_dataset(session, operator, order.name)
    assert order.name not in await names(database, actor)
    younger = await people.make_tenant(database)
    member = await people.make_actor(database, younger.id, Role.VIEWER)
    async with database.session(operator) as session:
        await commands.restore_dataset(session, operator, order.name)
        await commands.describe(session, operator, order.name, DatasetChange(title="Anew"))
    assert await codes(database, actor, order.name) == ["a", "b"]
    assert await codes(database, member, order.name) == []


async def test_columns_of_shared_datasets_lose_their_values_too(
    database: Database, operator: Actor, actor: Actor
) -> None:
    """As the platform, without a tenant; what is left can be read."""
    order = new(None, *COLUMNS)
    async with database.session(operator) as session:
        made = await commands.define(session, operator, order)
        await commands.drop_column(session, operator, order.name, "size")
    later = datetime.now(UTC) + timedelta(seconds=5)
    purger = commands.purger(None)
    async with database.session(purger) as session:
        assert commands.Due(None, made.id, is_deleted=False) in await commands.due(session, later)
        assert await commands.purge_columns(session, purger, made.id, later) == 1
    assert await codes(database, actor, order.name) == []
