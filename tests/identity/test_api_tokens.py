"""API tokens as PostgreSQL sees them: the second gate, whatever the rooms would let pass."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from tests.conftest import MakeActor
from workbench.access import api_tokens as access
from workbench.access import queries
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Forbidden, NotFound
from workbench.identity import api_tokens
from workbench.identity.api_tokens import BadApiToken
from workbench.identity.models import ApiToken
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

pytestmark = pytest.mark.acts_as("engineer")
HOLDS = text("select workbench.tenant_with(:permission)")


async def made(database: Database, actor: Actor, *scope: Permission) -> tuple[UUID, Actor]:
    """A token of an actor's, and the actor that a program is with it."""
    now = datetime.now(UTC)
    async with database.session(actor) as session:
        token, shown = await access.create(
            session, actor, name="x", scope=scope, expires_at=now + timedelta(days=1), now=now
        )
    claims = await access.claims_of(database, shown, now)
    return token.id, await queries.actor_of(database, claims)


def row(actor: Actor, **changed: Any) -> dict[str, Any]:
    """A row that the actor might write without the room."""
    return {
        "tenant_id": actor.tenant_id, "id": new_id(), "user_id": actor.user_id, "name": "x",
        "secret_hash": "0", "scope": ["row:read"],
        "expires_at": datetime.now(UTC) + timedelta(days=1),
    } | changed  # fmt: skip


async def writes(database: Database, actor: Actor, **changed: Any) -> None:
    """Write a row without the room."""
    async with database.session(actor) as session:
        await session.execute(insert(ApiToken).values(row(actor, **changed)))


def test_a_text_is_read_as_it_was_made() -> None:
    """The id is in it, and the same secret never comes twice."""
    token_id = new_id()
    made_twice = {api_tokens.make(token_id) for _ in range(2)}
    assert len(made_twice) == 2
    for shown, secret in made_twice:
        assert api_tokens.read(shown) == secret
        assert secret.token_id == token_id
        assert secret.hash not in shown
        assert repr(shown.rpartition("_")[2]) not in repr(secret)
    with pytest.raises(BadApiToken):
        api_tokens.read(shown + "\n")


class TestSecondGate:
    """What PostgreSQL refuses by itself."""

    async def test_a_wide_claim_is_cut_to_the_scope(
        self, database: Database, actor: Actor, tenant: Tenant
    ) -> None:
        """An actor token that names every permission holds those of the scope alone."""
        token_id, program = await made(database, actor, Permission.ROW_READ)
        assert program.permissions == {Permission.ROW_READ}
        assert program.sid == token_id
        wide = Actor.of_user(
            program.user_id or new_id(), sid=token_id, tenant_id=tenant.id, permissions=Permission
        )
        async with database.session(wide) as session:
            held = [
                p for p in Permission if await session.scalar(HOLDS, {"permission": p}) == tenant.id
            ]
        assert held == [Permission.ROW_READ]
        with pytest.raises(ProgrammingError, match="row-level security"):
            await writes(database, wide)
        await writes(database, actor)

    async def test_nobody_makes_one_for_somebody_else(
        self, database: Database, actor: Actor, make_actor: MakeActor, tenant: Tenant,
        other_tenant: Tenant,
    ) -> None:  # fmt: skip
        """Not for a colleague, not as an owner, and not in another tenant."""
        owner = await make_actor(tenant, Role.OWNER)
        for maker, other in ((actor, owner), (owner, actor)):
            with pytest.raises(ProgrammingError, match="row-level security"):
                await writes(database, maker, user_id=other.user_id)
            await writes(database, maker)
        with pytest.raises(ProgrammingError, match="row-level security"):
            await writes(database, actor, tenant_id=other_tenant.id)

    @pytest.mark.parametrize("permission", ["member:manage", "role:manage", "token:manage"])
    async def test_no_scope_holds_what_is_for_people(
        self, database: Database, make_actor: MakeActor, tenant: Tenant, permission: str
    ) -> None:
        """The table itself refuses it, from an owner too."""
        owner = await make_actor(tenant, Role.OWNER)
        with pytest.raises(IntegrityError, match="ck_api_tokens_scope"):
            await writes(database, owner, scope=["row:read", permission])

    async def test_a_row_alone_lets_nobody_in(self, database: Database, actor: Actor) -> None:
        """A row that was written or brought back without the room is not live."""
        shown, secret = api_tokens.make(new_id())
        await writes(database, actor, id=secret.token_id, secret_hash=secret.hash)
        with pytest.raises(BadApiToken):
            await access.claims_of(database, shown, datetime.now(UTC))

    async def test_a_revoked_one_is_not_brought_back(
        self, database: Database, actor: Actor
    ) -> None:
        """Taking the mark of deletion away does not wake it."""
        now = datetime.now(UTC)
        async with database.session(actor) as session:
            token, shown = await access.create(
                session, actor, name="x", scope={Permission.ROW_READ}, now=now,
                expires_at=now + timedelta(days=1),
            )  # fmt: skip
        assert (await access.claims_of(database, shown, now)).sid == token.id
        await access.revoke(database, actor, token.id)
        async with database.session(actor) as session:
            await session.execute(
                update(ApiToken)
                .where(ApiToken.id == token.id)
                .values(deleted_at=None)
                .execution_options(include_deleted=True)
            )
            assert await session.scalar(select(ApiToken.id).where(ApiToken.id == token.id))
        with pytest.raises(queries.SignedOut):
            await queries.actor_of(database, await access.claims_of(database, shown, now))
        with pytest.raises(BadApiToken):
            await access.claims_of(database, shown, now + access.NOTED_EVERY)


class TestRooms:
    """What the commands refuse."""

    async def test_a_task_makes_none(self, database: Database, tenant: Tenant) -> None:
        """A token has a person behind it."""
        task = Actor.of_system("test", *Permission, tenant_id=tenant.id)
        with pytest.raises(Forbidden, match="person"):
            await made(database, task, Permission.ROW_READ)

    async def test_the_operator_makes_none(self, database: Database, operator: Actor) -> None:
        """It acts in no tenant, and holds no permission for it."""
        with pytest.raises(Forbidden):
            await made(database, operator, Permission.TENANT_MANAGE)

    async def test_a_lesser_role_revokes_nothing(
        self, database: Database, actor: Actor, make_actor: MakeActor, tenant: Tenant
    ) -> None:
        """An analyst is told that the role does not allow it; the maker may."""
        token_id, _ = await made(database, actor, Permission.ROW_READ)
        with pytest.raises(Forbidden):
            await access.revoke(database, await make_actor(tenant, Role.ANALYST), token_id)
        with pytest.raises(NotFound):
            await access.revoke(database, await make_actor(tenant, Role.ENGINEER), token_id)
        await access.revoke(database, actor, token_id)


async def test_revoking_cancels_what_runs(database: Database, actor: Actor) -> None:
    """A statement that would go on for a minute ends at once; another token's goes on."""
    token_id, program = await made(database, actor, Permission.ROW_READ)
    _, other = await made(database, actor, Permission.ROW_READ)

    async def work(who: Actor, seconds: float) -> None:
        async with database.session(who) as session:
            await session.execute(text("select pg_sleep(:seconds)"), {"seconds": seconds})

    running, going_on = asyncio.create_task(work(program, 60)), asyncio.create_task(work(other, 3))
    await asyncio.sleep(1)
    began = time.monotonic()
    await access.revoke(database, actor, token_id)
    with pytest.raises((OperationalError, DBAPIError), match="cancel"):
        await running
    assert time.monotonic() - began < 2
    await going_on
