"""Changes to single rows, and what PostgreSQL lets nobody do to another tenant's."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import CursorResult, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.datasets import commands, queries, tables
from workbench.datasets.commands.rows import BY_HAND
from workbench.datasets.errors import DatasetNotFound, RowNotFound
from workbench.datasets.models import Definition
from workbench.datasets.schemas import Condition, RowsQuery
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid, Stale
from workbench.permissions import Role
from workbench.tenants.models import Tenant

pytestmark = [pytest.mark.usefixtures("empty"), pytest.mark.acts_as("engineer")]


async def definition_of(database: Database, actor: Actor) -> Definition:
    """The definition of `sample_trips`."""
    async with database.session(actor) as session:
        dataset = await session.scalar(queries.dataset(actor, "sample_trips"))
    assert dataset is not None
    return dataset.definition


async def visible(database: Database, actor: Actor) -> list[tuple[int, str | None]]:
    """The ids and carriers of the actor's rows, as readers see them."""
    async with database.reading(actor) as session:
        dataset = await session.scalar(queries.dataset(actor, "sample_trips"))
        assert dataset is not None
        found = await session.execute(queries.rows(actor, dataset, RowsQuery()))
        return [(row["row_id"], row["carrier"]) for row in found.mappings()]


async def add(database: Database, actor: Actor, *carriers: str) -> list[int]:
    """Add a row for each carrier."""
    async with database.session(actor) as session:
        rows = [{"carrier": carrier} for carrier in carriers]
        return await commands.add_rows(session, actor, "sample_trips", rows)


class TestAdd:
    """Rows without a file."""

    async def test_values_are_typed(self, database: Database, actor: Actor) -> None:
        """Columns that are not named stay empty."""
        row = {"delay": 5, "distance": 1, "cancelled": False, "flown_on": "2026-01-01"}
        async with database.session(actor) as session:
            ids = await commands.add_rows(
                session, actor, "sample_trips", [row, {"departed": "2026-01-01T00:00:00+02:00"}]
            )
            assert len(set(ids)) == 2
        async with database.reading(actor) as session:
            dataset = await session.scalar(queries.dataset(actor, "sample_trips"))
            assert dataset is not None
            query = queries.rows(actor, dataset, RowsQuery())
            first, second = (await session.execute(query)).mappings()
        assert (first["delay"], first["distance"], first["cancelled"]) == (5, 1.0, False)
        assert (first["carrier"], second["delay"]) == (None, None)
        assert str(second["departed"]) == "2025-12-31 22:00:00+00:00"

    @pytest.mark.parametrize(
        ("row", "place"),
        [
            ({"tenant_id": "x"}, r"rows\[1\].tenant_id"),
            ({"row_id": 1}, r"rows\[1\].row_id"),
            ({"deleted_at": None}, r"rows\[1\].deleted_at"),
            ({'carrier"': "x"}, r"rows\[1\]"),
            ({"delay": "many"}, r"rows\[1\].delay: must be a whole number"),
            ({"delay": 2**63}, r"rows\[1\].delay"),
            ({"distance": float("nan")}, r"rows\[1\].distance"),
            ({"carrier": "\0"}, r"rows\[1\].carrier"),
            ({"flown_on": "0000-00-00"}, r"rows\[1\].flown_on"),
        ],
    )
    async def test_one_wrong_row_refuses_all(
        self, database: Database, actor: Actor, row: dict[str, Any], place: str
    ) -> None:
        """The place is named and nothing is written."""
        with pytest.raises(Invalid, match=place):
            async with database.session(actor) as session:
                await commands.add_rows(session, actor, "sample_trips", [{"carrier": "UA"}, row])
        assert await visible(database, actor) == []

    async def test_the_number_of_rows_has_limits(self, database: Database, actor: Actor) -> None:
        """One to a thousand."""
        async with database.session(actor) as session:
            for rows in ([], [{"carrier": "UA"}] * 1001):
                with pytest.raises(Invalid, match="rows"):
                    await commands.add_rows(session, actor, "sample_trips", rows)
            assert len(await commands.add_rows(session, actor, "sample_trips", rows[:1000])) == 1000

    async def test_an_analyst_may_not(
        self, database: Database, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Writing rows begins with the engineer."""
        analyst = await make_actor(tenant, Role.ANALYST)
        async with database.session(analyst) as session:
            with pytest.raises(Forbidden):
                await commands.add_rows(session, analyst, "sample_trips", [{"carrier": "UA"}])
            with pytest.raises(Forbidden):
                await commands.delete_row(session, analyst, "sample_trips", 1)
            with pytest.raises(Forbidden):
                await commands.restore_row(session, analyst, "sample_trips", 1)

    async def test_an_unknown_dataset_is_not_found(self, database: Database, actor: Actor) -> None:
        """A name that is no dataset of the tenant."""
        async with database.session(actor) as session:
            with pytest.raises(DatasetNotFound):
                await commands.add_rows(session, actor, "no_such", [{"a": 1}])


class TestDelete:
    """A deleted row is gone for readers and can come back."""

    async def test_a_row_goes_and_comes_back(self, database: Database, actor: Actor) -> None:
        """Deleting hides it, restoring shows it again with the same id."""
        first, second = await add(database, actor, "UA", "AA")
        async with database.session(actor) as session:
            await commands.delete_row(session, actor, "sample_trips", first)
        assert await visible(database, actor) == [(second, "AA")]
        async with database.session(actor) as session:
            await commands.restore_row(session, actor, "sample_trips", first)
        assert await visible(database, actor) == [(first, "UA"), (second, "AA")]

    async def test_a_deleted_row_is_not_there_twice(self, database: Database, actor: Actor) -> None:
        """Deleting it again or restoring a live one finds nothing."""
        (row,) = await add(database, actor, "UA")
        async with database.session(actor) as session:
            with pytest.raises(RowNotFound):
                await commands.restore_row(session, actor, "sample_trips", row)
            await commands.delete_row(session, actor, "sample_trips", row)
            with pytest.raises(RowNotFound):
                await commands.delete_row(session, actor, "sample_trips", row)

    @pytest.mark.parametrize("row_id", [0, -1, 2**63, 10**30, 2**62])
    async def test_an_unknown_row_is_not_found(
        self, database: Database, actor: Actor, row_id: int
    ) -> None:
        """Whatever number is sent."""
        async with database.session(actor) as session:
            with pytest.raises(RowNotFound):
                await commands.delete_row(session, actor, "sample_trips", row_id)

    async def test_another_tenants_row_is_not_found(
        self, database: Database, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """The answer is that of an unknown row, and the row stays."""
        other = await make_actor(other_tenant, Role.ENGINEER)
        (theirs,) = await add(database, other, "ZZ")
        async with database.session(actor) as session:
            with pytest.raises(RowNotFound):
                await commands.delete_row(session, actor, "sample_trips", theirs)
        assert await visible(database, other) == [(theirs, "ZZ")]
        async with database.session(other) as session:
            await commands.delete_row(session, other, "sample_trips", theirs)
        async with database.session(actor) as session:
            with pytest.raises(RowNotFound):
                await commands.restore_row(session, actor, "sample_trips", theirs)
        assert await visible(database, other) == []

    async def test_changes_are_audited(
        self, database: Database, actor: Actor, tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """Who did what to which row."""
        (row,) = await add(database, actor, "UA")
        async with database.session(actor) as session:
            await commands.delete_row(session, actor, "sample_trips", row)
            await commands.restore_row(session, actor, "sample_trips", row)
        owner = await make_actor(tenant, Role.OWNER)
        async with database.session(owner) as session:
            noted = await session.execute(
                text("select action from audit_entries where subject = :who order by at"),
                {"who": actor.subject},
            )
            assert [entry.action for entry in noted] == ["row.add", "row.delete", "row.restore"]


class TestBoundary:
    """What policies hold when the application does not."""

    async def test_a_batch_with_a_foreign_row_writes_nothing(
        self, database: Database, actor: Actor, tenant: Tenant, other_tenant: Tenant
    ) -> None:
        """One row of another tenant refuses the whole statement; its twin without is written."""
        target = tables.rows(await definition_of(database, actor))
        mine = {"tenant_id": tenant.id, "import_id": BY_HAND, "carrier": "UA"}
        theirs = mine | {"tenant_id": other_tenant.id}
        with pytest.raises(DBAPIError, match="row-level security"):
            async with database.session(actor) as session:
                await session.execute(insert(target).values([mine] * 99 + [theirs]))
        assert await visible(database, actor) == []
        async with database.session(actor) as session:
            await session.execute(insert(target).values([mine] * 3))
        assert len(await visible(database, actor)) == 3

    async def test_rows_cannot_be_given_away(
        self, database: Database, actor: Actor, other_tenant: Tenant
    ) -> None:
        """An UPDATE of `tenant_id` is refused; one of a value works."""
        await add(database, actor, "UA")
        target = tables.rows(await definition_of(database, actor))
        with pytest.raises(DBAPIError, match="row-level security"):
            async with database.session(actor) as session:
                await session.execute(update(target).values(tenant_id=other_tenant.id))
        async with database.session(actor) as session:
            await session.execute(update(target).values(carrier="AA"))
        assert [carrier for _, carrier in await visible(database, actor)] == ["AA"]

    async def test_a_statement_without_condition_touches_own_rows_only(
        self, database: Database, actor: Actor, other_tenant: Tenant, make_actor: MakeActor
    ) -> None:
        """UPDATE and DELETE of everything change nothing of others."""
        other = await make_actor(other_tenant, Role.ENGINEER)
        await add(database, other, "ZZ", "ZZ")
        await add(database, actor, "UA")
        target = tables.rows(await definition_of(database, actor))
        async with database.session(actor) as session:
            changed = await session.execute(update(target).values(carrier="XX"))
            assert isinstance(changed, CursorResult)
            assert changed.rowcount == 1
            await session.execute(text(f"delete from rows.{target.name}"))
        assert [carrier for _, carrier in await visible(database, other)] == ["ZZ", "ZZ"]
        assert await visible(database, actor) == []

    async def test_an_upsert_on_anothers_key_neither_changes_nor_tells(
        self,
        database: Database,
        actor: Actor,
        tenant: Tenant,
        other_tenant: Tenant,
        make_actor: MakeActor,
    ) -> None:
        """Keys begin with the tenant, so the same number is another key."""
        other = await make_actor(other_tenant, Role.ENGINEER)
        (theirs,) = await add(database, other, "ZZ")
        target = tables.rows(await definition_of(database, actor))
        columns = f"insert into rows.{target.name} (tenant_id, row_id, import_id, carrier)"
        values = "overriding system value values (:tenant, :row, :import, 'UA')"
        conflict = "on conflict (tenant_id, row_id) do update set carrier = 'XX'"
        numbers = {"row": theirs, "import": BY_HAND}
        async with database.session(actor) as session:
            statement = text(f"{columns} {values} {conflict}")
            await session.execute(statement, numbers | {"tenant": tenant.id})
            with pytest.raises(DBAPIError, match="row-level security"):
                await session.execute(statement, numbers | {"tenant": other_tenant.id})
            await session.rollback()
        assert await visible(database, other) == [(theirs, "ZZ")]

    async def test_deleted_rows_are_hidden_by_the_view_not_by_the_policy(
        self, database: Database, actor: Actor
    ) -> None:
        """A policy that hid them would refuse the UPDATE that deletes, with or without WHERE."""
        await add(database, actor, "UA", "AA")
        target = tables.rows(await definition_of(database, actor))
        async with database.session(actor) as session:
            await session.execute(update(target).values(deleted_at=text("now()")))
            assert len((await session.execute(select(target.c.row_id))).all()) == 2
        assert await visible(database, actor) == []


class TestMeanwhile:
    """What somebody else does between looking and changing."""

    async def test_a_row_that_stopped_matching_stays(
        self, database: Database, actor: Actor
    ) -> None:
        """A deletion by filter that waits for another change judges the row as it is then."""
        await add(database, actor, "UA", "AA")
        filters = [Condition(column="carrier", op="eq", value="UA")]
        ids = [row for row, _ in await visible(database, actor)]

        async def delete() -> int:
            async with database.session(actor) as session:
                _, count = await commands.delete_rows(session, actor, "sample_trips", filters)
                return count

        async with database.session(actor) as session:
            await commands.change_row(session, actor, "sample_trips", ids[0], {"carrier": "B6"})
            deleting = asyncio.create_task(delete())
            await asyncio.sleep(0.3)  # until it waits for the row
            assert not deleting.done()

        assert await deleting == 0
        assert [carrier for _, carrier in await visible(database, actor)] == ["B6", "AA"]

    async def test_a_row_that_was_another_stays(self, database: Database, actor: Actor) -> None:
        """Neither changed nor deleted by whoever has seen it as it was."""
        (row,) = await add(database, actor, "UA")
        async with database.session(actor) as session:
            dataset = await session.scalar(queries.dataset(actor, "sample_trips"))
            assert dataset is not None
            found = await session.execute(queries.row(actor, dataset, row))
            was = found.mappings().one()
        async with database.session(actor) as session:
            await commands.change_row(
                session, actor, "sample_trips", row, {"carrier": "B6"}, was=was
            )
        for change in (commands.delete_row, partial(commands.change_row, values={"delay": 1})):
            with pytest.raises(Stale):
                async with database.session(actor) as session:
                    await change(session, actor, "sample_trips", row, was=was)
        assert await visible(database, actor) == [(row, "B6")]
