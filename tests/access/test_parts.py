"""Grants on part of a dataset: filters and masks hold in every door, and nobody else's change."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from tests.support import people, samples
from workbench.access import grants, roles
from workbench.access.grants import BadPart
from workbench.access.models import Grant, TenantRole
from workbench.access.schemas import USUAL, Part, Target
from workbench.actor import Actor
from workbench.datasets import commands, queries
from workbench.datasets.schemas import RowsQuery
from workbench.datasets.sql_errors import SqlFailed
from workbench.db.session import Database
from workbench.errors import Forbidden
from workbench.permissions import Permission, Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

UNITED = {"column": "carrier", "op": "eq", "value": "UA"}
AMERICAN = {"column": "carrier", "op": "in", "value": ["AA"]}


@pytest.fixture(autouse=True)
async def trips(database: Database, storage: Storage, tenant: Tenant) -> None:
    """The tenant has six trips."""
    await samples.shared(database, samples.TRIPS)
    await commands.adopt_shared(database, tenant.id)
    await samples.fill(database, storage, tenant.id, "sample_trips", samples.TRIPS_CSV)


@pytest.fixture
async def owner(database: Database, tenant: Tenant) -> Actor:
    """The tenant's owner."""
    return await people.make_actor(database, tenant.id, Role.OWNER)


async def guest(database: Database, tenant: Tenant) -> tuple[UUID, UUID]:
    """A user who is a guest; the ids of the user and of the membership."""
    user = await people.make_user(database)
    return user.id, await people.join(database, tenant.id, user.id, Role.GUEST)


async def grant(
    database: Database,
    owner: Actor,
    part: dict[str, Any],
    permissions: Sequence[Permission] = USUAL["dataset"],
    **holder: UUID,
) -> UUID:
    """Let a holder see part of the trips."""
    async with database.session(owner) as session:
        dataset = (await session.scalars(queries.dataset(owner, "sample_trips"))).one()
        made = await grants.create(
            session,
            owner,
            Target(kind="dataset", dataset_id=dataset.id),
            definition_id=dataset.definition_id,
            permissions=permissions,
            part=Part.model_validate(part),
            **holder,
        )
        return made.id


async def seen(database: Database, actor: Actor) -> Sequence[Any]:
    """The trips that an actor sees through the API's session and the readers', which agree."""
    found = []
    for opened in (database.session(actor), database.reading(actor)):
        async with opened as session:
            dataset = (await session.scalars(queries.dataset(actor, "sample_trips"))).one()
            statement = queries.rows(actor, dataset, RowsQuery(limit=100))
            found.append([dict(row) for row in (await session.execute(statement)).mappings()])
    assert found[0] == found[1]
    return found[0]


async def test_a_filter_shows_its_rows(database: Database, tenant: Tenant, owner: Actor) -> None:
    """A guest sees nothing before the grant, the filtered rows after it, and never the others."""
    user, membership = await guest(database, tenant)
    actor = await people.admit(database, user, tenant.id)
    with pytest.raises(Forbidden):
        await seen(database, actor)
    await grant(database, owner, {"filter": UNITED}, membership_id=membership)
    actor = await people.admit(database, user, tenant.id)
    rows = await seen(database, actor)
    assert [row["carrier"] for row in rows] == ["UA", "UA"]
    assert len(await seen(database, owner)) == 6


async def desk(database: Database, owner: Actor, name: str, *permissions: Permission) -> TenantRole:
    """A role of the tenant's own."""
    async with database.session(owner) as session:
        return await roles.create(
            session, owner, name=name, description="A desk.", permissions=permissions
        )


async def seat(database: Database, owner: Actor, membership: UUID, role: TenantRole) -> None:
    """Give a member a role."""
    async with database.session(owner) as session:
        await roles.give(session, owner, membership, role)


async def asking(database: Database, tenant: Tenant, owner: Actor, *parts: dict[str, Any]) -> Actor:
    """A guest with a role for each part, all of which may ask in SQL."""
    user, membership = await guest(database, tenant)
    for number, part in enumerate(parts):
        role = await desk(database, owner, f"desk-{number}-{user.hex[-12:]}", Permission.SQL_RUN)
        await grant(database, owner, part, role_id=role.id)
        await seat(database, owner, membership, role)
    return await people.admit(database, user, tenant.id)


async def sql(database: Database, actor: Actor, statement: str) -> list[list[Any]]:
    """What ad-hoc SQL answers."""
    return (await commands.run_sql(database, actor, statement)).rows


class TestFilters:
    """Some rows of a dataset."""

    async def test_sql_obeys(self, database: Database, tenant: Tenant, owner: Actor) -> None:
        """Ad-hoc SQL sees the same rows, and says why it does not see the whole dataset."""
        actor = await asking(database, tenant, owner, {"filter": UNITED})
        assert await sql(database, actor, "select carrier from sample_trips") == [["UA"], ["UA"]]
        with pytest.raises(Forbidden, match="part of this dataset"):
            await sql(database, actor, "select carrier from data.sample_trips")
        assert len(await sql(database, owner, "select carrier from data.sample_trips")) == 6

    async def test_filters_of_several_roles_add_up(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """Who holds two parts sees the rows of both, each once."""
        both = {"any": [UNITED, {"column": "dest", "op": "eq", "value": "MIA"}]}
        actor = await asking(database, tenant, owner, {"filter": AMERICAN}, {"filter": both})
        assert [row["carrier"] for row in await seen(database, actor)] == ["UA", "UA", "AA", "AA"]

    async def test_a_part_adds_nothing_to_the_whole(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """An analyst, who sees every row, keeps seeing every row."""
        user = await people.make_user(database)
        membership = await people.join(database, tenant.id, user.id, Role.ANALYST)
        await grant(database, owner, {"filter": UNITED}, membership_id=membership)
        actor = await people.admit(database, user.id, tenant.id)
        assert actor.lens is None
        assert len(await seen(database, actor)) == 6

    @pytest.mark.parametrize(
        ("tree", "count"),
        [
            ({"column": "delay", "op": "gt", "value": 0}, 2),
            ({"column": "delay", "op": "le", "value": -1}, 2),
            ({"column": "delay", "op": "is_null"}, 1),
            ({"not": {"column": "carrier", "op": "ne", "value": "UA"}}, 2),
            ({"not": {"column": "dest", "op": "eq", "value": "MIA"}}, 4),
            ({"column": "cancelled", "op": "eq", "value": True}, 1),
            ({"column": "distance", "op": "eq", "value": 719.5}, 1),
            ({"column": "flown_on", "op": "ge", "value": "2026-02-10"}, 2),
            ({"column": "departed", "op": "lt", "value": "2026-01-01T11:00:00Z"}, 1),
            ({"all": [UNITED, {"column": "dest", "op": "in", "value": ["IAH", "MIA"]}]}, 1),
            ({"column": "carrier", "op": "eq", "value": "' or true --"}, 0),
            ({"column": "carrier", "op": "eq", "value": "%1$I {} \\"}, 0),
        ],
    )
    async def test_every_operator(
        self, database: Database, tenant: Tenant, owner: Actor, tree: dict[str, Any], count: int
    ) -> None:
        """Each operator on each type shows just its rows; what looks like SQL is a value."""
        actor = await asking(database, tenant, owner, {"filter": tree})
        assert len(await seen(database, actor)) == count

    @pytest.mark.parametrize(
        "part",
        [
            {"filter": {"column": "no_such", "op": "eq", "value": 1}},
            {"filter": {"column": "tenant_id", "op": "eq", "value": "x"}},
            {"filter": {"column": "delay", "op": "eq", "value": "many"}},
            {"filter": {"all": [UNITED, {"column": "nothing", "op": "is_null"}]}},
            {"masks": {"no_such": "null"}},
            {"masks": {"delay": "hash"}},
            {"masks": {"delay": "partial"}},
        ],
    )
    async def test_what_the_dataset_lacks_is_refused(
        self, database: Database, tenant: Tenant, owner: Actor, part: dict[str, Any]
    ) -> None:
        """A column that is not there, a value of another type, a mask that does not fit."""
        _, membership = await guest(database, tenant)
        with pytest.raises(BadPart):
            await grant(database, owner, part, membership_id=membership)
        await grant(database, owner, {"filter": UNITED}, membership_id=membership)

    async def test_hidden_rows_meet_no_condition(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """A condition that fails on a hidden row does not fail: it never sees it (R28)."""
        actor = await asking(database, tenant, owner, {"filter": UNITED})
        trap = (
            "select count(*) from sample_trips "
            "where 1 / (case carrier when '{}' then 0 else 1 end) = 1"
        )
        assert await sql(database, actor, trap.format("AA")) == [[2]]
        with pytest.raises(SqlFailed, match="zero"):
            await sql(database, actor, trap.format("UA"))


class TestMasks:
    """Columns that show less than they hold."""

    async def test_each_mask(self, database: Database, tenant: Tenant, owner: Actor) -> None:
        """Null, hash and partial, each on the types that have it; other columns stay."""
        masks = {
            "carrier": "hash",
            "dest": "null",
            "flown_on": "partial",
            "departed": "partial",
            "distance": "null",
        }
        rows = await seen(database, await asking(database, tenant, owner, {"masks": masks}))
        assert [row["delay"] for row in rows] == [2, -5, 33, None, -1, 0]
        assert {row["dest"] for row in rows} == {row["distance"] for row in rows} == {None}
        hashes = [row["carrier"] for row in rows]
        assert [len(value) for value in hashes] == [64] * 6
        assert len(set(hashes)) == 3
        assert hashlib.sha256(b"UA").hexdigest() not in hashes
        assert [str(row["flown_on"]) for row in rows[:4]] == ["2026-01-01"] * 3 + ["2026-02-01"]

    async def test_a_short_text_tells_nothing(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """A partial text shows two characters of a long one and none of a short one."""
        rows = await seen(
            database, await asking(database, tenant, owner, {"masks": {"dest": "partial"}})
        )
        assert [row["dest"] for row in rows] == ["…"] * 5 + [None]

    async def test_hashes_of_two_tenants_differ(
        self, database: Database, storage: Storage, tenant: Tenant, owner: Actor
    ) -> None:
        """The same value has another hash in another tenant."""
        other = await people.make_tenant(database)
        boss = await people.make_actor(database, other.id, Role.OWNER)
        await commands.adopt_shared(database, other.id)
        await samples.fill(database, storage, other.id, "sample_trips", samples.TRIPS_CSV)
        masked = {"masks": {"carrier": "hash"}}
        here = await seen(database, await asking(database, tenant, owner, masked))
        there = await seen(database, await asking(database, other, boss, masked))
        assert not {row["carrier"] for row in here} & {row["carrier"] for row in there}

    async def test_a_masked_column_is_masked_in_conditions(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """Whoever guesses a value finds nothing; an owner finds it."""
        actor = await asking(database, tenant, owner, {"masks": {"carrier": "hash"}})
        question = "select count(*) from sample_trips where carrier = 'UA'"
        assert await sql(database, actor, question) == [[0]]
        assert await sql(database, owner, question) == [[2]]

    async def test_the_least_mask_wins_where_it_applies(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """Of two parts each shows its rows its way; a row of both shows more."""
        masked = {"masks": {"dest": "null"}}
        actor = await asking(database, tenant, owner, masked, {"filter": UNITED})
        shown = [row["dest"] for row in await seen(database, actor)]
        assert shown == ["IAH", "ORD", None, None, None, None]


class TestLenses:
    """The schemas that parts are seen through."""

    async def test_another_lens_is_closed(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """Who names a lens that is not his is refused, by PostgreSQL itself."""
        united, american = [
            await asking(database, tenant, owner, {"filter": tree}) for tree in (UNITED, AMERICAN)
        ]
        count = "select count(*) from {}.sample_trips"
        for actor, expected in ((united, 2), (american, 2)):
            async with database.reading(actor) as session:
                assert await session.scalar(text(count.format(actor.lens))) == expected
        async with database.reading(united) as session:
            with pytest.raises(ProgrammingError, match="has changed"):
                await session.scalar(text(count.format(american.lens)))

    async def test_a_changed_part_counts_at_once(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """After a change the old lens is closed, and the new one shows the new part."""
        user, membership = await guest(database, tenant)
        made = await grant(database, owner, {"filter": UNITED}, membership_id=membership)
        before = await people.admit(database, user, tenant.id)
        assert len(await seen(database, before)) == 2
        async with database.session(owner) as session:
            kept = (await session.scalars(select(Grant).where(Grant.id == made))).one()
            tree = {"column": "carrier", "op": "eq", "value": "B6"}
            await grants.change(session, owner, kept, Part.model_validate({"filter": tree}))
        with pytest.raises(ProgrammingError, match="has changed"):
            await seen(database, before)
        after = await people.admit(database, user, tenant.id)
        assert {row["carrier"] for row in await seen(database, after)} == {"B6"}

    async def test_a_revoked_grant_ends_at_the_next_statement(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """Within an open transaction the next question is refused."""
        user, membership = await guest(database, tenant)
        made = await grant(database, owner, {"filter": UNITED}, membership_id=membership)
        actor = await people.admit(database, user, tenant.id)
        count = text(f"select count(*) from {actor.lens}.sample_trips")
        async with database.reading(actor) as session:
            assert await session.scalar(count) == 2
            async with database.session(owner) as other:
                kept = (await other.scalars(select(Grant).where(Grant.id == made))).one()
                await grants.revoke(other, owner, kept)
            with pytest.raises(ProgrammingError, match="has changed"):
                await session.scalar(count)

    async def test_equal_parts_share_a_lens(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """Two members who see the same look through the same views."""
        first, second = [
            await asking(database, tenant, owner, {"filter": UNITED}) for _ in range(2)
        ]
        assert first.lens == second.lens

    async def test_values_stand_in_no_definition(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """The catalogue, which everybody reads, shows the form of a filter and never its values."""
        tree = {"column": "dest", "op": "eq", "value": "a-secret-place"}
        actor = await asking(database, tenant, owner, {"filter": tree})
        async with database.reading(actor) as session:
            query = f"select pg_get_viewdef('{actor.lens}.sample_trips'::regclass)"
            definition = await session.scalar(text(query))
        assert "dest = " in definition
        assert "secret" not in definition

    async def test_idle_lenses_are_swept(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """A lens goes when nobody who is signed in needs it; one in use stays."""
        gone, stays = [
            await asking(database, tenant, owner, {"filter": tree}) for tree in (UNITED, AMERICAN)
        ]
        async with database.session(owner) as session:
            await session.execute(text("select workbench.revoke(:sid)"), {"sid": gone.sid})
            assert await session.scalar(text("select workbench.sweep_lenses()")) >= 1
            known = text("select to_regnamespace(:lens) is not null")
            assert not await session.scalar(known, {"lens": gone.lens})
            assert await session.scalar(known, {"lens": stays.lens})
        assert len(await seen(database, stays)) == 2

    async def test_who_sees_a_part_changes_none_of_it(
        self, database: Database, tenant: Tenant, owner: Actor
    ) -> None:
        """Deleting a row asks for the whole dataset; who has it may."""
        user, membership = await guest(database, tenant)
        allowed = (*USUAL["dataset"], Permission.ROW_WRITE)
        await grant(database, owner, {"filter": UNITED}, allowed, membership_id=membership)
        actor = await people.admit(database, user, tenant.id)
        row = (await seen(database, actor))[0]["row_id"]
        async with database.session(actor) as session:
            with pytest.raises(ProgrammingError, match="part of this dataset"):
                await commands.delete_row(session, actor, "sample_trips", row)
            await session.rollback()
        async with database.session(owner) as session:
            await commands.delete_row(session, owner, "sample_trips", row)
