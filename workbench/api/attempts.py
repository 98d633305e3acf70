"""Tries of a password, counted for the account.

Whoever tries one account, from wherever, shares its count. An address from which the account has
signed in of late has a count of its own beside it, so that strangers shut nobody out for ever.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from workbench.access import sign_in
from workbench.api import credentials, limits
from workbench.api.limits import OverLimit
from workbench.api.parts import Parts


@asynccontextmanager
async def counted(request: Request, parts: Parts, email: str) -> AsyncIterator[None]:
    """Count a try before it is made, and forget the count once it has succeeded."""
    who = [limits.account(email)]
    try:
        await parts.limiter.hit(limits.ACCOUNT, *who)
    except OverLimit:
        address = credentials.address(request)
        if not await sign_in.is_familiar(parts.database, email, address, parts.clock()):
            raise
        who.append(address)
        await parts.limiter.hit(limits.ACCOUNT, *who)
    yield
    await parts.limiter.forget(limits.ACCOUNT, *who)
