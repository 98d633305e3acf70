"""Finding a member by e-mail address."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import queries
from workbench.actor import Actor
from workbench.errors import NotFound

MOST = 50  # addresses that may hold another one within


async def member_id(session: AsyncSession, actor: Actor, email: str) -> UUID:
    """The membership of an address; raise NotFound when no member has it."""
    wanted = email.strip().lower()
    if wanted:
        found = await session.execute(queries.members(actor, sought=wanted).limit(MOST))
        for membership, user in found:
            if user.email == wanted:
                return membership.id
    raise NotFound("No member has this e-mail address; take one that is offered.")
