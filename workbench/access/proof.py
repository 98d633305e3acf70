"""Which log-in stands behind an actor: some things are done by people only."""

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.errors import Forbidden
from workbench.identity import queries as identities
from workbench.identity.models import Login


class NoLogin(Forbidden):
    """This is for people who are signed in, not for a run or an API token."""

    code = "no_login"


async def require_login(session: AsyncSession, actor: Actor) -> Login:
    """The log-in that the actor acts through; raise NoLogin for whatever acts in its place."""
    login = await session.scalar(identities.logins(actor).where(Login.id == actor.sid))
    if login is None:
        raise NoLogin
    return login
