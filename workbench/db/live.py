"""Who is live: logins and runs whose access a transaction ends, and what they still run.

PostgreSQL refuses their next statement by itself; the one that runs has passed its check, so it is
cancelled, as soon as the transaction has committed.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.db.session import ENDED

SIDS = text("select workbench.live_sids(:member, :inside)")
REVOKE = text("select workbench.revoke(sid) from unnest(cast(:sids as uuid[])) sid")


async def sids(
    session: AsyncSession, *, user_id: UUID | None = None, tenant_id: UUID | None = None
) -> list[UUID]:
    """The live logins and runs of a user, of a tenant, or of a user in a tenant."""
    values = {"member": user_id, "inside": tenant_id}
    return list((await session.scalars(SIDS, values)).all())


def cancel(session: AsyncSession, *ended: UUID) -> None:
    """Have the running statements of logins and runs cancelled once the session has committed."""
    session.info.setdefault(ENDED, set()).update(ended)


async def revoke(session: AsyncSession, *ended: UUID) -> None:
    """End the access of logins and runs, and have their running statements cancelled."""
    await session.execute(REVOKE, {"sids": list(ended)})
    cancel(session, *ended)
