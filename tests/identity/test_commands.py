"""Making, finding and disabling users."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.support import people
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid, NotFound
from workbench.identity import commands, queries
from workbench.identity.commands import EmailTaken
from workbench.identity.passwords import BadPassword

FOUNDER = people.FOUNDER
NOW = datetime(2026, 11, 23, tzinfo=UTC)


async def test_a_user_is_found_by_email(database: Database) -> None:
    """The address is kept in lower case, and found in any."""
    address = f"Ada.{new_id().hex}@Workbench.Example"
    async with database.session(FOUNDER) as session:
        user = await commands.create_user(
            session, FOUNDER, email=address, name="Ada", password="correct horse battery"
        )
        assert user.email == address.lower()
        found = await session.scalars(queries.user_with_email(FOUNDER, address.upper()))
        assert found.one() is user


async def test_an_address_serves_once(database: Database) -> None:
    """A second user with it is a conflict, and the session goes on."""
    user = await people.make_user(database)
    async with database.session(FOUNDER) as session:
        for address in (user.email, user.email.upper()):
            with pytest.raises(EmailTaken):
                await commands.create_user(
                    session, FOUNDER, email=address, name="Again", password=None
                )
        assert (await session.scalars(queries.users(FOUNDER))).all()


@pytest.mark.parametrize("email", ["", "nobody", "a@", "a b@c.example", "a@b@c.example", "a\0@b.c"])
async def test_what_is_no_address_is_refused(database: Database, email: str) -> None:
    """The error names the place."""
    async with database.session(FOUNDER) as session:
        with pytest.raises(Invalid) as refused:
            await commands.create_user(session, FOUNDER, email=email, name="A", password=None)
        assert refused.value.details[0].place == "email"


async def test_a_bad_password_makes_no_user(database: Database) -> None:
    """Nothing of the user is there afterwards."""
    address = f"{new_id().hex}@workbench.example"
    async with database.session(FOUNDER) as session:
        with pytest.raises(BadPassword):
            await commands.create_user(session, FOUNDER, email=address, name="A", password="x" * 80)
        found = await session.scalars(queries.user_with_email(FOUNDER, address))
        assert found.one_or_none() is None


@pytest.mark.acts_as("owner")
async def test_a_tenants_owner_makes_no_users(database: Database, actor: Actor) -> None:
    """Users belong to the platform: refused in the room, and by the policy behind it."""
    async with database.session(actor) as session:
        with pytest.raises(Forbidden):
            await commands.create_user(session, actor, email="a@b.example", name="A", password=None)
        with pytest.raises(Forbidden):
            await commands.disable_user(session, actor, new_id(), NOW)
        with pytest.raises(Forbidden):
            queries.users(actor)
        insert = text("insert into users (id, email, name) values (:id, 'a@b.example', 'A')")
        with pytest.raises(ProgrammingError, match="row-level security"):
            await session.execute(insert, {"id": new_id()})
        await session.rollback()


async def test_one_sees_oneself(database: Database, actor: Actor) -> None:
    """Whoever is signed in can read the own row and the own hash, and nobody else's."""
    stranger = await people.make_user(database)
    async with database.session(actor) as session:
        assert (await session.scalars(queries.myself(actor))).one().id == actor.user_id
        shown = await session.scalars(text("select id from users"))
        assert stranger.id not in shown.all()
        assert await session.scalar(queries.password_hash(stranger.id)) is None


async def test_a_user_who_is_not_there_cannot_be_disabled(database: Database) -> None:
    """An unknown id is NotFound; a known one is disabled."""
    user = await people.make_user(database)
    async with database.session(FOUNDER) as session:
        with pytest.raises(NotFound):
            await commands.disable_user(session, FOUNDER, new_id(), NOW)
        await commands.disable_user(session, FOUNDER, user.id, NOW)
        found = await session.scalars(queries.user_with_email(FOUNDER, user.email))
        assert found.one().disabled_at == NOW
