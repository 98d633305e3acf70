"""A purge leaves nothing of its tenant and everything of the others, whatever breaks off."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.exc import DBAPIError

from tests.isolation.conftest import made
from tests.isolation.world import APP, Side, World, attempt
from tests.support import people
from workbench.db import roles
from workbench.db.embedded import Embedded
from workbench.errors import NotFound
from workbench.permissions import Role
from workbench.proof import catalogue
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants import commands, purges
from workbench.tenants.models import Purge
from workbench.worker import purging

OPERATOR = purging.SYSTEM
DENIED = "42501"
# Tables that somebody forgot: no policy, no grant, one without a name that anybody expects.
FORGOTTEN = """
    create schema if not exists elsewhere authorization workbench_owner;
    set role workbench_owner;
    create table if not exists workbench.forgotten (tenant_id uuid not null, note text);
    create table if not exists elsewhere.guarded (tenant_id text not null, note text);
    alter table elsewhere.guarded enable row level security;
    alter table elsewhere.guarded force row level security;
    create table if not exists elsewhere.renamed
        (customer uuid not null references workbench.tenants, parent uuid, id uuid primary key,
        constraint tree foreign key (parent) references elsewhere.renamed);
    reset role;
"""


@pytest.fixture
async def doomed(settings: Settings, migrated: Embedded, storage: Storage) -> AsyncIterator[World]:
    """A database with two tenants, each with a row, a job and files wherever there can be one."""
    async with made(settings, migrated, f"doomed_{uuid4().hex[:8]}") as world:
        world.superuser.execute(FORGOTTEN)
        world.superuser.execute("set search_path = queue")  # its triggers name no schema
        for side in (world.a, world.b):
            _plant(world, side, storage)
        yield world


def _plant(world: World, side: Side, storage: Storage) -> None:
    run, mark = world.superuser.execute, side.mark
    run("update workbench.users set is_operator = false")
    run("insert into workbench.forgotten values (%s, 'x')", [side.tenant_id])
    run("insert into elsewhere.guarded values (%s, 'x')", [mark])
    top = uuid4()
    for row in ((side.tenant_id, None, top), (side.tenant_id, top, uuid4())):
        run("insert into elsewhere.renamed values (%s, %s, %s)", row)
    staging = f"i_{side.planted['workbench.imports']['id'].hex}"
    run(sql.SQL("create table {} (line int)").format(sql.Identifier("staging", staging)))
    run(
        sql.SQL("alter table {} owner to workbench_owner").format(
            sql.Identifier("staging", staging)
        )
    )
    run(
        "insert into queue.procrastinate_jobs (queue_name, task_name, args, lock) "
        "values ('runs', 'runs.execute', %s, %s)",
        [json.dumps({"tenant_id": mark, "run_id": str(uuid4())}), f"imports of {mark}"],
    )
    run(
        "insert into workbench.operator_keys (id, subject, key, request_hash, answer) "
        "values (%s, 'x', %s, 'x', %s)",
        [uuid4(), mark, json.dumps({"body": json.dumps({"id": mark})})],
    )
    for key in (f"{side.tenant_id.hex}/runs/1/report.html", f"elsewhere/{mark}.txt"):
        with storage.write(key) as file:
            file.write(b"bytes")


async def begin(world: World, side: Side) -> Purge:
    """Delete a tenant and order its purge."""
    async with world.database.session(OPERATOR) as session:
        await commands.delete(session, OPERATOR, side.tenant_id, reason="left us")
    async with world.database.session(OPERATOR) as session:
        return await purges.order(session, OPERATOR, side.tenant_id)


# What outlives a tenant: that it was purged, and where its audit ended.
RECORDS = ("workbench.purges", "workbench.audit_purges")


def traces(world: World, side: Side, *, records: bool = False) -> dict[str, int]:
    """How many rows of any table in the database hold the tenant's id, as the superuser sees."""
    found = {}
    for table in catalogue.rows(
        world.superuser,
        "select c.oid::regclass::text as name from pg_class c "
        "where relkind = 'r' and relnamespace not in ('pg_catalog'::regnamespace, "
        "'information_schema'::regnamespace) and relnamespace::regnamespace::text !~ '^pg_toast'",
    ):
        query = f"select count(*) from {table['name']} t where t::text like any (%s)"
        marks = [f"%{side.mark}%", f"%{side.tenant_id.hex}%"]
        count = world.superuser.execute(query, [marks]).fetchone()
        if count and count[0] and (records or table["name"] not in RECORDS):
            found[table["name"]] = count[0]
    return found


def people_of(world: World, side: Side) -> int:
    """How many people are members of a tenant."""
    query = "select count(distinct user_id) from workbench.memberships where tenant_id = %s"
    row = world.superuser.execute(query, [side.tenant_id]).fetchone()
    return int(row[0]) if row else 0


def has_login(world: World, side: Side) -> bool:
    """Whether PostgreSQL knows the login of a tenant's notebooks."""
    query = "select 1 from pg_roles where rolname = %s"
    return bool(world.superuser.execute(query, [roles.tenant_login(side.tenant_id)]).fetchone())


def _private_rows(world: World, side: Side) -> str:
    """The table of a tenant's private dataset."""
    query = "select id from workbench.definitions where private_to = %s"
    row = world.superuser.execute(query, [side.tenant_id]).fetchone()
    assert row is not None
    return f"rows.d_{row[0].hex}"


class TestPurge:
    """What goes, and what stays."""

    async def test_nothing_is_left_of_one_and_all_of_the_other(
        self, doomed: World, storage: Storage
    ) -> None:
        """Every table, file, job, login and person of A is gone; every row of B is there."""
        before = traces(doomed, doomed.b)
        assert len(before) > 20
        assert set(before) <= set(traces(doomed, doomed.a))
        del before[_private_rows(doomed, doomed.a)]  # a table of A's own goes as a whole
        members = people_of(doomed, doomed.a)
        purge = await begin(doomed, doomed.a)

        ended = await purging.purge(doomed.database, storage, purge.id)

        assert ended.removed["users"] == members
        assert ended.removed["private datasets"] == 1
        assert traces(doomed, doomed.a) == {}
        assert traces(doomed, doomed.b) == before
        views = catalogue.private_views(doomed.superuser)
        assert [view.is_near(doomed.b.tenant_id) for view in views] == [True]
        assert list(storage.keys(doomed.a.tenant_id)) == []
        assert len(list(storage.keys(doomed.b.tenant_id))) == 2
        assert not has_login(doomed, doomed.a)
        assert has_login(doomed, doomed.b)
        self._proves(doomed, ended)

    def _proves(self, doomed: World, ended: Purge) -> None:
        tables = {str(t) for t in catalogue.tenant_tables(doomed.superuser)}
        tables |= {"elsewhere.guarded", "elsewhere.renamed", "workbench_private.live"}
        assert ended.proof is not None
        assert set(ended.proof) >= tables | {
            *("files", "queue", "PostgreSQL login", "staging tables", "private schema"),
            "workbench.definitions",
        }
        assert set(ended.proof.values()) == {0}
        assert ended.removed["workbench.forgotten"] == 1
        assert ended.removed["elsewhere.renamed"] == 2
        assert ended.removed["files"] == 2
        assert ended.audit_hash is not None
        assert len(ended.audit_hash) == 64
        assert ended.finished_at is not None
        left = doomed.superuser.execute("select user_ids, slug from workbench.purges").fetchall()
        assert left == [([], ended.slug)]

    async def test_a_purge_that_breaks_off_anywhere_goes_on(
        self, doomed: World, storage: Storage
    ) -> None:
        """Broken off after every single step, ordered again each time, it ends with nothing."""
        seen: set[str] = set()

        def tell(place: str, _removed: int) -> None:
            if place not in seen:
                seen.add(place)
                raise InterruptedError

        members = people_of(doomed, doomed.a)
        purge = await begin(doomed, doomed.a)
        ended = None
        while ended is None:
            assert (await self._order(doomed)).id == purge.id
            with suppress(InterruptedError):
                ended = await purging.purge(doomed.database, storage, purge.id, tell=tell)
        assert len(seen) >= 20
        assert ended.proof is not None
        assert traces(doomed, doomed.a) == {}
        assert ended.removed["users"] == members

    async def _order(self, doomed: World) -> Purge:
        async with doomed.database.session(OPERATOR) as session:
            return await purges.order(session, OPERATOR, doomed.a.tenant_id)

    async def test_a_person_whom_another_tenant_knows_stays(
        self, doomed: World, storage: Storage
    ) -> None:
        """He keeps his account and his log-in; the operator who was a member keeps hers, too."""
        shared = doomed.a.member.user_id
        assert shared is not None
        await people.join(doomed.database, doomed.b.tenant_id, shared, Role.VIEWER)
        operator = await people.make_user(doomed.database, is_operator=True)
        await people.join(doomed.database, doomed.a.tenant_id, operator.id, Role.VIEWER)
        await people.admit(doomed.database, shared, doomed.b.tenant_id)
        members = people_of(doomed, doomed.a)
        purge = await begin(doomed, doomed.a)

        ended = await purging.purge(doomed.database, storage, purge.id)

        query = "select id from workbench.users where id = any (%s)"
        kept = doomed.superuser.execute(query, [[shared, operator.id]]).fetchall()
        assert {row[0] for row in kept} == {shared, operator.id}
        assert ended.removed["users"] == members - 2
        logins = "select count(*) from workbench.logins where user_id = %s"
        assert doomed.superuser.execute(logins, [shared]).fetchone() == (2,)

    async def test_it_waits_for_work_that_is_under_way(
        self, doomed: World, storage: Storage
    ) -> None:
        """While a living worker has a job of the tenant, nothing is removed; afterwards all is."""
        run = doomed.superuser.execute
        run("insert into queue.procrastinate_workers default values")
        run(
            "update queue.procrastinate_jobs set status = 'doing', worker_id = "
            "(select id from queue.procrastinate_workers) where args ->> 'tenant_id' = %s",
            [doomed.a.mark],
        )
        purge = await begin(doomed, doomed.a)
        with pytest.raises(purges.StillAtWork):
            await purging.purge(doomed.database, storage, purge.id, patience=timedelta(seconds=-1))
        assert "workbench.runs" in traces(doomed, doomed.a)
        note = run("select error from workbench.purges").fetchone()
        assert note is not None
        assert "not ended" in note[0]

        run("update queue.procrastinate_workers set last_heartbeat = now() - interval '1 hour'")
        ended = await purging.purge(doomed.database, storage, purge.id)

        assert ended.error is None
        assert traces(doomed, doomed.a) == {}


class TestRefused:
    """Who purges what is not to be purged."""

    async def test_a_living_tenant_is_not_purged(self, world: World) -> None:
        """Neither the command nor any function touches a tenant that is not deleted."""
        async with world.database.session(OPERATOR) as session:
            with pytest.raises(purges.NotDeleted):
                await purges.order(session, OPERATOR, world.a.tenant_id)
            with pytest.raises(NotFound):
                await purges.order(session, OPERATOR, uuid4())
        token = world.database.key.mint(OPERATOR)
        with world.connect(APP, world.a, token) as connection:
            for call in _calls(world.a.tenant_id):
                seen = attempt(connection, call)
                assert seen.error == DENIED, call

    async def test_a_record_cannot_be_forged(self, world: World) -> None:
        """No living tenant gets a record, and none lets go of people that a caller chooses."""
        token = world.database.key.mint(OPERATOR)
        insert = (
            "insert into workbench.purges (id, purged_id, slug, requested_by, removed, user_ids) "
            f"values (gen_random_uuid(), '{world.a.tenant_id}', 'x', 'x', '{{}}', "
            f"array['{world.b.member.user_id}'::uuid])"
        )
        with world.connect(APP, world.a, token) as connection:
            assert attempt(connection, insert).error == DENIED
            assert (
                attempt(connection, "update workbench.purges set user_ids = '{}'").error == DENIED
            )
            assert attempt(connection, "delete from workbench.purges").error == DENIED

    @pytest.mark.parametrize("side", ["a", "b"])
    async def test_an_owner_purges_nobody(self, world: World, side: str) -> None:
        """With the mightiest token of a tenant every function refuses, for oneself and others."""
        with world.connect(APP, world.a) as connection:
            for call in _calls(getattr(world, side).tenant_id):
                assert attempt(connection, call).error == DENIED, call

    async def test_the_steward_cannot_remove_a_living_tenants_row(self, world: World) -> None:
        """Even as the role that owns the purge, PostgreSQL removes none and counts all."""
        for table in catalogue.tenant_tables(world.superuser):
            _as_steward(world.superuser, table.sql)

    async def test_an_owner_deletes_no_tenant(self, world: World) -> None:
        """Deleting is the platform's; the owner's token is refused by PostgreSQL, too."""
        actor = world.a.system
        async with world.database.session(actor) as session:
            with pytest.raises((NotFound, DBAPIError)):
                await commands.delete(session, actor, world.b.tenant_id)
            await session.rollback()


def _calls(tenant_id: UUID) -> list[str]:
    return [
        f"select workbench.purge_rows('{tenant_id}', 'workbench.runs', 10)",
        f"select workbench.purge_answers('{tenant_id}')",
        f"select workbench.purge_jobs('{tenant_id}')",
        f"select workbench.drop_tenant_login('{tenant_id}')",
        f"select workbench.purge_private('{tenant_id}')",
        f"select workbench.purge_user('{uuid4()}', '{uuid4()}')",
        f"select workbench.refuse_living('{tenant_id}')",
        "select workbench_private.open_to_steward()",
    ]


def _as_steward(superuser: psycopg.Connection, table: sql.Composed) -> None:
    with superuser.transaction(force_rollback=True):
        superuser.execute("select workbench_private.open_to_steward()")
        superuser.execute("set local role workbench_steward")
        counted = superuser.execute(sql.SQL("select count(*) from {}").format(table)).fetchone()
        assert counted is not None
        assert counted[0] >= 2
        assert superuser.execute(sql.SQL("delete from {}").format(table)).rowcount == 0
