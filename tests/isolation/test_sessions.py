"""What a session leaves behind, and what revoking a login does to one that is open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InvalidRequestError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.isolation.world import APP, READER, TENANT, Side, World, attempt, connect
from tests.support import people
from workbench.access import commands as access
from workbench.access import sign_in
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import Conflict
from workbench.identity import commands as identity
from workbench.permissions import Permission, Role
from workbench.tenants import commands as tenants

ROWS = text("select * from data.secrets")
PID = text("select pg_backend_pid()")
SLEEP = text("select pg_sleep(30)")


@pytest.fixture
async def narrow(world: World) -> AsyncIterator[Database]:
    """The world's database through pools of one connection each."""
    secret = world.database.key.secret
    database = Database(world.database.logins, secret, pool_size=1, max_overflow=0)
    yield database
    await database.close()


async def _shown(session: AsyncSession) -> str:
    return str((await session.execute(ROWS)).all())


class TestOneBackend:
    """A, then B, on one and the same connection (R13, R14)."""

    @pytest.mark.parametrize("ending", ["commit", "error", "cancel", "timeout", "rollback"])
    @pytest.mark.parametrize("kind", ["session", "reading"])
    async def test_the_next_actor_sees_its_own(
        self, world: World, narrow: Database, kind: str, ending: str
    ) -> None:
        """However A's transaction ended, B sees B's rows and none of A's."""
        pids = set()
        for mine, other in ((world.a, world.b), (world.b, world.a)):
            async with getattr(narrow, kind)(mine.member) as session:
                pids.add(await session.scalar(PID))
                seen = await _shown(session)
                assert mine.mark in seen
                assert other.mark not in seen
            await self._end(narrow, kind, ending, mine)
        assert len(pids) == 1

    async def _end(self, narrow: Database, kind: str, ending: str, side: Side) -> None:
        try:
            async with getattr(narrow, kind)(side.member) as session:
                await _shown(session)
                if ending == "error":
                    await session.execute(text("select 1 / 0"))
                if ending == "timeout":
                    await session.execute(text("set local statement_timeout = 50"))
                    await session.execute(SLEEP)
                if ending == "cancel":
                    sleeping = asyncio.ensure_future(session.execute(SLEEP))
                    await asyncio.sleep(0.1)
                    await narrow_cancel(narrow, side.member)
                    await sleeping
                if ending == "rollback":
                    await session.rollback()
        except DBAPIError:
            assert ending in ("error", "timeout", "cancel")

    @pytest.mark.parametrize("kind", ["session", "reading"])
    async def test_a_connection_without_an_actor_sees_nothing(
        self, world: World, narrow: Database, kind: str
    ) -> None:
        """After the commit the connection that A used knows nobody."""
        async with getattr(narrow, kind)(world.a.member) as session:
            assert world.a.mark in await _shown(session)
        engine = narrow.app if kind == "session" else narrow.reader
        async with engine.connect() as connection:
            assert (await connection.execute(ROWS)).all() == []

    async def test_a_commit_ends_the_session(self, world: World, narrow: Database) -> None:
        """After a commit in the middle no statement runs, with or without an actor (R14)."""
        async with narrow.session(world.a.member) as session:
            assert world.a.mark in await _shown(session)
            await session.commit()
            with pytest.raises(InvalidRequestError, match="closed transaction"):
                await session.execute(ROWS)


async def narrow_cancel(narrow: Database, actor: Actor) -> None:
    """Cancel through a second pool, since the first one's only connection is at work."""
    other = Database(narrow.logins, narrow.key.secret)
    await other.cancel_statements(actor.sid)
    await other.close()


LEFT = {
    "a setting": ("set search_path = pg_catalog", "show search_path", "data, views"),
    "a time limit": ("set statement_timeout = 1", "show statement_timeout", "0"),
    "a switch": ("set row_security = off", "show row_security", "on"),
    "a token": (
        "select set_config('workbench.actor_token', 'left behind', false)",
        "select current_setting('workbench.actor_token', true)",
        "",
    ),
    "a role": ("set role workbench_readers", "select current_user::text", "workbench_reader"),
    "a prepared statement": (
        "prepare left_behind as select 1",
        "select count(*)::text from pg_prepared_statements where name = 'left_behind'",
        "0",
    ),
    "a cursor": (
        "declare left_behind cursor with hold for select * from data.secrets",
        "select count(*)::text from pg_cursors where name = 'left_behind'",
        "0",
    ),
    "a channel": ("listen left_behind", "select count(*)::text from pg_listening_channels()", "0"),
}


class TestLeftBehind:
    """What people's SQL changes on a reader's connection is gone for the next one (R16)."""

    @pytest.mark.parametrize("name", LEFT)
    async def test_it_is_gone(self, world: World, narrow: Database, name: str) -> None:
        """B finds the connection as new, although A changed it beyond its transaction."""
        leave, look, expected = LEFT[name]
        async with narrow.reading(world.a.member) as session:
            pid = await session.scalar(PID)
            await session.execute(text(leave))
            await session.commit()
        async with narrow.reader.connect() as connection:
            assert await connection.scalar(PID) == pid
            assert await connection.scalar(text(look)) == expected

    async def test_the_connection_is_the_same_and_works(
        self, world: World, narrow: Database
    ) -> None:
        """Twenty visits through one connection, with statements that the driver prepares."""
        for side in (world.a, world.b) * 10:
            async with narrow.reading(side.member) as session:
                for _ in range(7):
                    assert side.mark in await _shown(session)


Revoke = Callable[[World, Actor], Awaitable[None]]


async def _log_out(world: World, actor: Actor) -> None:
    await sign_in.sign_out(world.database, actor, datetime.now(UTC))


async def _remove(world: World, actor: Actor) -> None:
    await _as_manager(world, actor, access.remove_member)


async def _as_manager(world: World, actor: Actor, command: Any, *values: Any) -> None:
    manager = Actor.of_system("test", *Permission, tenant_id=actor.tenant_id)
    async with world.database.session(manager) as session:
        query = text("select id from memberships where user_id = :user")
        membership = await session.scalar(query, {"user": actor.user_id})
        await command(session, manager, membership, *values)


async def _disable(world: World, actor: Actor) -> None:
    async with world.database.session(people.FOUNDER) as session:
        assert actor.user_id is not None
        await identity.disable_user(session, people.FOUNDER, actor.user_id, datetime.now(UTC))


async def _suspend(world: World, actor: Actor) -> None:
    async with world.database.session(people.FOUNDER) as session:
        assert actor.tenant_id is not None
        await tenants.suspend(session, people.FOUNDER, actor.tenant_id, datetime.now(UTC))


async def _hand_over(world: World, actor: Actor) -> None:
    other = await people.make_user(world.database)
    query = "update workbench.memberships set user_id = %s where user_id = %s"
    world.superuser.execute(query, [other.id, actor.user_id])


REVOKING: dict[str, Revoke] = {
    "log-out": _log_out,
    "membership removed": _remove,
    "user disabled": _disable,
    "tenant suspended": _suspend,
    "membership handed over": _hand_over,
}


@pytest.fixture
async def guest(world: World) -> Actor:
    """A member of a tenant of this test alone, whose access will be taken away."""
    tenant = await people.make_tenant(world.database)
    return await people.make_actor(world.database, tenant.id, Role.ANALYST)


class TestRevoked:
    """Access that ends, ends inside an open transaction (R15c, R38)."""

    @pytest.mark.parametrize("how", REVOKING)
    @pytest.mark.parametrize("kind", ["session", "reading"])
    async def test_the_next_statement_fails(
        self, world: World, guest: Actor, kind: str, how: str
    ) -> None:
        """Before it the transaction reads; after it every statement is refused."""
        async with getattr(world.database, kind)(guest) as session:
            await session.execute(ROWS)
            await REVOKING[how](world, guest)
            with pytest.raises((ProgrammingError, OperationalError)) as refused:
                await session.execute(ROWS)
            assert getattr(refused.value.orig, "sqlstate", None) in ("42501", "57P01")
            await session.rollback()
        assert world.a.member.sid is not None
        async with world.database.reading(world.a.member) as session:
            assert world.a.mark in await _shown(session)

    async def test_a_lesser_role_holds_at_once(self, world: World, guest: Actor) -> None:
        """The old token keeps naming what the new role does not hold, and it is worth nothing."""
        ask = text("select workbench.tenant_with('sql:run') is not null")
        async with world.database.session(guest) as session:
            assert await session.scalar(ask) is True
            await _as_manager(world, guest, access.change_role, Role.VIEWER)
            assert await session.scalar(ask) is False
            assert await session.scalar(
                text("select workbench.tenant_with('row:read') is not null")
            )

    async def test_a_removed_member_cannot_be_the_last_owner(self, world: World) -> None:
        """The twin of a removal: the last owner stays, and so does the access."""
        with pytest.raises(Conflict, match="owner"):
            await _remove(world, world.a.member)
        async with world.database.reading(world.a.member) as session:
            assert world.a.mark in await _shown(session)

    @pytest.mark.parametrize("kind", ["session", "reading"])
    async def test_a_running_statement_is_cancelled(
        self, world: World, guest: Actor, kind: str
    ) -> None:
        """What still runs for a login that ends is stopped, and nobody else's statement is."""
        async with (
            getattr(world.database, kind)(guest) as session,
            getattr(world.database, kind)(world.a.member) as other,
        ):
            sleeping = asyncio.ensure_future(session.execute(SLEEP))
            unharmed = asyncio.ensure_future(other.execute(text("select pg_sleep(1)")))
            await asyncio.sleep(0.2)
            await _log_out(world, guest)
            with pytest.raises(OperationalError, match="canceling statement"):
                await asyncio.wait_for(sleeping, 5)
            await unharmed
            await session.rollback()

    async def test_an_open_cursor_is_closed(self, world: World, guest: Actor) -> None:
        """A reader between two fetches of a cursor is cut off, too."""
        async with world.database.reading(guest) as session:
            await session.execute(text("declare looking cursor for select 1"))
            await _log_out(world, guest)
            with pytest.raises(OperationalError):
                await session.execute(text("fetch all from looking"))
            await session.invalidate()

    async def test_a_borrowed_name_disturbs_nobody(self, world: World, guest: Actor) -> None:
        """A kernel that calls itself like another login is not within reach, nor an obstacle."""
        url = world.database.logins.worker
        with connect(url, application_name=f"workbench {guest.sid}") as borrower:
            await world.database.cancel_statements(guest.sid)
            assert attempt(borrower, "select 1").rows == [(1,)]

    def test_a_kernel_is_within_reach(self, world: World) -> None:
        """The application may cancel what a tenant's login runs, and not become it."""
        query = (
            "select pg_has_role('workbench_app', %s, 'usage'), "
            "pg_has_role('workbench_app', %s, 'set')"
        )
        for login in (READER, TENANT):
            role = world.url(login, world.a).username
            assert world.superuser.execute(query, [role, role]).fetchone() == (True, False)

    def test_a_live_row_cannot_be_made(self, world: World) -> None:
        """Readers cannot admit themselves; the application does, and answers what is held."""
        sid = world.a.planted["workbench.runs"]["id"]
        admit = "select workbench.admit(%s, %s, %s, now() + interval '1 minute')"
        values = (sid, world.a.member.user_id, world.a.tenant_id)
        for login in (READER, TENANT):
            with world.connect(login, world.a) as connection:
                assert attempt(connection, admit, *values).error == "42501"
        with world.connect(APP, world.a) as connection:
            held = attempt(connection, admit, *values).rows
            assert set(held[0][0]) == set(world.a.member.permissions)
            stranger = attempt(connection, admit, sid, world.a.member.user_id, world.b.tenant_id)
            assert stranger.rows == [(None,)]
