"""The PostgreSQL login that a tenant's notebooks use."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.db import roles

LOCK = text("select pg_advisory_xact_lock(hashtextextended(:login, 0))")
SET = text("select workbench.set_tenant_login(:tenant, :verifier)")


async def ensure(session: AsyncSession, actor: Actor, password: str) -> str:
    """Make the login of the actor's tenant, or give it its password back, and answer its name.

    A kernel can change the password of its own login: it is set again before each run.
    """
    tenant_id = actor.require_tenant()
    login = roles.tenant_login(tenant_id)
    pooled = await (await session.connection()).get_raw_connection()
    driver: Any = pooled.driver_connection
    verifier: bytes = driver.pgconn.encrypt_password(
        password.encode(), login.encode(), b"scram-sha-256"
    )
    await session.execute(LOCK, {"login": login})
    await session.execute(SET, {"tenant": tenant_id, "verifier": verifier.decode()})
    return login
