"""Access that ends, ends in every door at once: whatever ends it, and whatever is open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import psycopg
import pytest
import websockets
from psycopg.errors import AdminShutdown
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from dashboards.guard import SIGNED_OUT
from tests.conftest import MakeActor
from tests.dashboards.conftest import Site
from tests.support import people
from workbench.access import queries
from workbench.actor import Actor
from workbench.db import connect, roles
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.identity import commands as identity
from workbench.identity.models import User
from workbench.identity.tokens import Claims
from workbench.permissions import Permission, Role
from workbench.settings import Settings
from workbench.tenants import logins
from workbench.tenants.models import Tenant

PASSWORD = "correct horse battery staple"
ANOTHER = "wrong donkey capacitor paperclip"
API = "/api/v1"
TELL = "select set_config('workbench.actor_token', %s, false)"
SLEEP = "select pg_sleep(60)"
MAY_SQL = "select workbench.tenant_with('sql:run') is not null"
MAY_READ = "select workbench.tenant_with('row:read') is not null"
ENDED = ("42501", "57014", "57P01")  # refused, cancelled, cut off
BOUND = 5  # seconds until a statement is cancelled
GUARDED = 1.0  # seconds; the guard of sockets looks every 0.4


@dataclass
class Person:
    """A member with two log-ins: `here` acts, `there` is watched; and with a run."""

    user: User
    membership: UUID
    tenant: Tenant
    here: httpx.AsyncClient
    there: httpx.AsyncClient
    refresh_token: str
    actor: Actor
    run: Actor


@dataclass
class Open:
    """What is open at the moment of the event: statements that run, and what they run on."""

    socket: websockets.ClientConnection
    session: AsyncSession
    kernel: psycopg.AsyncConnection
    connect: Callable[[], AbstractAsyncContextManager[psycopg.AsyncConnection]]
    statements: dict[str, "asyncio.Future[object]"]


@pytest.fixture
async def person(site: Site, database: Database, tenant: Tenant) -> AsyncIterator[Person]:
    """An analyst who is signed in twice, and has started a run."""
    user = await people.make_user(database, password=PASSWORD)
    membership = await people.join(database, tenant.id, user.id, Role.ANALYST)
    async with (
        httpx.AsyncClient(base_url=site.url) as here,
        httpx.AsyncClient(base_url=site.url) as there,
    ):
        order = {"email": user.email, "password": PASSWORD}
        answers = [(await c.post(f"{API}/auth/login", json=order)).json() for c in (here, there)]
        for client, answer in zip((here, there), answers, strict=True):
            client.cookies.clear()
            client.headers["Authorization"] = f"Bearer {answer['access_token']}"
        watched = answers[1]
        claims = site.tokens.read_access(watched["access_token"], datetime.now(UTC))
        actor = await queries.actor_of(database, claims)
        keeper = Actor.of_system("test", tenant_id=tenant.id)
        async with database.session(keeper) as session:
            until = datetime.now(UTC) + timedelta(hours=1)
            run = await queries.admit(session, Claims(new_id(), user.id, tenant.id), until)
        assert run is not None
        yield Person(user, membership, tenant, here, there, watched["refresh_token"], actor, run)


@asynccontextmanager
async def everything_open(
    site: Site, settings: Settings, database: Database, person: Person
) -> AsyncIterator[Open]:
    """Open a dashboard, a reader's statement, a transaction and a kernel's statement."""
    url = connect.login_url(settings, roles.tenant_login(person.tenant.id))
    async with database.session(person.run) as session:
        await logins.ensure(session, person.run, str(url.password))

    @asynccontextmanager
    async def connected() -> AsyncIterator[psycopg.AsyncConnection]:
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        name = f"workbench {person.run.sid}"
        async with await psycopg.AsyncConnection.connect(
            address, autocommit=True, application_name=name
        ) as connection:
            await connection.execute(TELL, [database.key.mint(person.run)])
            yield connection

    socket = site.connect(await site.token(person.actor), site.cookie(person.actor))
    async with (
        socket as opened,
        database.reading(person.actor) as reading,
        database.session(person.actor) as session,
        connected() as kernel,
        connected() as working,
    ):
        statements: dict[str, asyncio.Future[object]] = {
            "reader": asyncio.ensure_future(reading.execute(text(SLEEP))),
            "kernel": asyncio.ensure_future(working.execute(SLEEP)),
        }
        await asyncio.sleep(0.3)
        try:
            yield Open(opened, session, kernel, connected, statements)
        finally:
            working.cancel()
            for statement in statements.values():
                statement.cancel()
                with suppress(DBAPIError, psycopg.Error, asyncio.CancelledError):
                    await statement
            for left in (reading, session):
                await left.invalidate()


async def _api(_: Site, person: Person, __: Open) -> bool:
    return (await person.there.get(f"{API}/auth/me")).status_code == 200


async def _page(site: Site, person: Person, _: Open) -> bool:
    return (await site.get("/dashboards/home", person.actor)).status_code == 200


async def _socket(_: Site, __: Person, opened: Open) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(GUARDED):
            await opened.socket.wait_closed()
    return opened.socket.close_code != SIGNED_OUT


async def _transaction(_: Site, __: Person, opened: Open) -> bool:
    try:
        return bool(await opened.session.scalar(text(MAY_READ)))
    except DBAPIError as error:
        return getattr(error.orig, "sqlstate", None) not in ENDED


async def _kernel(_: Site, __: Person, opened: Open) -> bool:
    """Who is cut off may come again: what counts is whether it is let in."""
    try:
        with suppress(AdminShutdown):
            return await _may_read(opened.kernel)
        async with opened.connect() as again:
            return await _may_read(again)
    except psycopg.Error as error:
        return error.sqlstate not in ENDED


async def _may_read(kernel: psycopg.AsyncConnection) -> bool:
    row = await (await kernel.execute(MAY_READ)).fetchone()
    return row == (True,)


@dataclass(frozen=True)
class House:
    """Who else can end a person's access."""

    database: Database
    owner: httpx.AsyncClient
    operator: httpx.AsyncClient


@pytest.fixture
async def house(
    site: Site, database: Database, tenant: Tenant, make_actor: MakeActor, operator: Actor
) -> AsyncIterator[House]:
    """The tenant's owner and the platform's operator, signed in."""
    owner = await make_actor(tenant, Role.OWNER)
    async with (
        httpx.AsyncClient(base_url=f"{site.url}{API}") as first,
        httpx.AsyncClient(base_url=f"{site.url}{API}") as second,
    ):
        for client, actor in ((first, owner), (second, operator)):
            client.headers["Authorization"] = f"Bearer {site.cookie(actor)}"
        yield House(database, first, second)


async def _log_out(_: House, person: Person) -> httpx.Response:
    return await person.there.post(f"{API}/auth/logout")


async def _log_out_there(_: House, person: Person) -> httpx.Response:
    return await person.here.delete(f"{API}/auth/logins/{person.actor.sid}")


async def _log_out_everywhere(_: House, person: Person) -> httpx.Response:
    return await person.here.post(f"{API}/auth/logout-everywhere", json={"keep_current": True})


async def _change_password(_: House, person: Person) -> httpx.Response:
    order = {"current_password": PASSWORD, "new_password": ANOTHER}
    return await person.here.post(f"{API}/auth/password", json=order)


async def _disable(house: House, person: Person) -> None:
    async with house.database.session(people.FOUNDER) as session:
        await identity.disable_user(session, people.FOUNDER, person.user.id, datetime.now(UTC))


async def _leave(_: House, person: Person) -> httpx.Response:
    return await person.here.delete(f"{API}/members/me")


async def _remove(house: House, person: Person) -> httpx.Response:
    return await house.owner.delete(f"/members/{person.membership}")


async def _suspend(house: House, person: Person) -> httpx.Response:
    return await house.operator.post(f"/tenants/{person.tenant.slug}/suspend")


async def _lessen(house: House, person: Person) -> httpx.Response:
    return await house.owner.patch(f"/members/{person.membership}", json={"role": "viewer"})


# Each door, and whether it lets the person in now.
DOORS: dict[str, Callable[[Site, Person, Open], Awaitable[bool]]] = {
    "api": _api,
    "page": _page,
    "socket": _socket,
    "transaction": _transaction,
    "kernel": _kernel,
}
ALL = set(DOORS)
SIGNED_IN_DOORS = ALL - {"kernel"}
Event = Callable[[House, Person], Awaitable[httpx.Response | None]]
# What ends access, the doors that it shuts, and the running statements that it cancels.
EVENTS: dict[str, tuple[Event, set[str], set[str]]] = {
    "log-out": (_log_out, SIGNED_IN_DOORS, {"reader"}),
    "log-out there": (_log_out_there, SIGNED_IN_DOORS, {"reader"}),
    "log-out everywhere": (_log_out_everywhere, SIGNED_IN_DOORS, {"reader"}),
    "password changed": (_change_password, ALL, {"reader", "kernel"}),
    "user disabled": (_disable, ALL, {"reader", "kernel"}),
    "tenant left": (_leave, ALL, {"reader", "kernel"}),
    "membership removed": (_remove, ALL, {"reader", "kernel"}),
    "tenant suspended": (_suspend, ALL, {"reader", "kernel"}),
    "lesser role": (_lessen, set(), {"reader", "kernel"}),
}


@pytest.mark.parametrize("event", EVENTS)
async def test_it_ends_in_every_door(
    site: Site, settings: Settings, database: Database, person: Person, house: House, event: str
) -> None:
    """Before the event each door is open; after it the shut ones refuse, and only they (T6, T7)."""
    end, shut, cancelled = EVENTS[event]
    async with everything_open(site, settings, database, person) as opened:
        for door, is_open in DOORS.items():
            assert await is_open(site, person, opened), door
        assert not any(statement.done() for statement in opened.statements.values())

        answer = await end(house, person)
        assert answer is None or answer.status_code in {200, 204}, answer.text

        if cancelled:
            waiting = [opened.statements[name] for name in cancelled]
            done, _ = await asyncio.wait(waiting, timeout=BOUND)
            assert len(done) == len(cancelled)
            assert all(isinstance(one.exception(), DBAPIError | psycopg.Error) for one in done)
        for name in opened.statements.keys() - cancelled:
            assert not opened.statements[name].done(), name
        for door, is_open in DOORS.items():
            assert await is_open(site, person, opened) is (door not in shut), door
        order = {"refresh_token": person.refresh_token}
        refreshed = await person.there.post(f"{API}/auth/refresh", json=order)
        assert refreshed.status_code == (401 if shut else 200)


async def test_a_lesser_role_holds_in_every_door(
    site: Site, settings: Settings, database: Database, person: Person, house: House
) -> None:
    """What the new role does not hold is refused at the next statement; what it holds is not."""
    async with everything_open(site, settings, database, person) as opened:
        asked = {"sql": "select 1"}
        assert (await person.there.post(f"{API}/sql", json=asked)).status_code == 200
        assert await opened.session.scalar(text(MAY_SQL)) is True

        await _lessen(house, person)

        assert (await person.there.post(f"{API}/sql", json=asked)).status_code == 403
        me = (await person.there.get(f"{API}/auth/me")).json()
        assert Permission.SQL_RUN not in me["permissions"]
        assert Permission.ROW_READ in me["permissions"]
        assert await opened.session.scalar(text(MAY_SQL)) is False
        async with opened.connect() as kernel:
            assert await (await kernel.execute(MAY_SQL)).fetchone() == (False,)
            assert await (await kernel.execute(MAY_READ)).fetchone() == (True,)


async def test_here_goes_on(site: Site, person: Person, house: House) -> None:
    """The log-in that changes the password, or leaves all others, stays signed in."""
    for event in (_log_out_everywhere, _change_password):
        await event(house, person)
        assert (await person.here.get(f"{API}/auth/me")).status_code == 200
    assert (await person.there.get(f"{API}/auth/me")).status_code == 401
    order = {"email": person.user.email, "password": ANOTHER}
    again = await person.there.post(f"{API}/auth/login", json=order)
    assert again.status_code == 200
    del site
