"""A request sent twice under one key is done once (A5)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import MakeActor
from workbench.actor import Actor
from workbench.db import idempotency
from workbench.db.idempotency import KEPT, KeyReused
from workbench.db.session import Database
from workbench.tenants.models import Tenant

NOW = datetime.now(UTC)


async def ask(database: Database, actor: Actor, key: str = "k", *, body: str = "hash") -> object:
    """Send a request: do it, or answer what was kept."""
    async with database.session(actor) as session:
        kept = await idempotency.begin(session, actor, key, body, NOW)
        if kept is not None:
            return kept.status, kept.answer
        await idempotency.finish(session, actor, key, 201, {"made": True})
        return "done"


@pytest.mark.parametrize("who", ["member", "operator"])
async def test_the_second_gets_the_first_ones_answer(
    database: Database, actor: Actor, operator: Actor, who: str
) -> None:
    """Member or operator: done once, answered twice; another body under the key is a conflict."""
    sender = actor if who == "member" else operator
    assert await ask(database, sender) == "done"
    assert await ask(database, sender) == (201, {"made": True})
    with pytest.raises(KeyReused):
        await ask(database, sender, body="another")
    assert await ask(database, sender, "another key") == "done"


async def test_two_at_once_are_done_once(database: Database, actor: Actor) -> None:
    """Of ten parallel requests one is done, and nine wait for its answer."""
    answers = await asyncio.gather(*(ask(database, actor) for _ in range(10)))
    assert answers.count("done") == 1
    assert answers.count((201, {"made": True})) == 9


async def test_a_key_is_its_senders_own(
    database: Database, tenant: Tenant, other_tenant: Tenant, make_actor: MakeActor
) -> None:
    """Another member and another tenant may use the same key for something else."""
    senders = [await make_actor(place, "analyst") for place in (tenant, tenant, other_tenant)]
    assert [await ask(database, sender, body=sender.subject) for sender in senders] == ["done"] * 3


async def test_an_error_frees_the_key(database: Database, actor: Actor) -> None:
    """What failed was not done, and can be sent again."""

    async def fail() -> None:
        async with database.session(actor) as session:
            await idempotency.begin(session, actor, "k", "hash", NOW)
            raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        await fail()
    assert await ask(database, actor) == "done"


async def test_a_key_is_kept_for_a_day(database: Database, actor: Actor) -> None:
    """A day later the same key begins anew, whatever was asked under it."""
    assert await ask(database, actor) == "done"
    async with database.session(actor) as session:
        later = NOW + KEPT + timedelta(minutes=1)
        assert await idempotency.begin(session, actor, "k", "another", later) is None
