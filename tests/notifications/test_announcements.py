"""Outbox messages that somebody is written to about."""

from tests.support import mailbox
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.outbox import commands as outbox
from workbench.settings import Settings
from workbench.worker.relay import relay


async def test_a_reused_login_is_told(database: Database, settings: Settings, actor: Actor) -> None:
    """The relay writes to the user whom a message names, once, and passes over what names none."""
    assert actor.user_id is not None
    async with database.session(actor) as session:
        outbox.put(session, actor, "login.reused", user=actor.user_id)
        outbox.put(session, actor, "login.reused", user=new_id())
        outbox.put(session, actor, "login.reused", login=new_id())
        outbox.put(session, actor, "run.changed", user=actor.user_id)
    email = await mailbox.address(database, actor)
    while await relay(database):
        pass
    while await relay(database):
        pass
    (told,) = await mailbox.delivered(database, settings, email)
    assert told["Subject"] == "We ended one of your Workbench sign-ins"
