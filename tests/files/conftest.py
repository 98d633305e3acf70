"""A tenant's engineer, storage in a folder and in S3, and what lies there."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.storage.conftest import storage
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.files import quotas
from workbench.files.schemas import Bounds

BOUNDS = Bounds(file=10_000, tenant=50_000)
Used = Callable[[], Awaitable[int]]

__all__ = ["storage"]


async def pieces(content: bytes, size: int = 100) -> AsyncIterator[bytes]:
    """Content as it comes over a wire."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.fixture
def used(database: Database, actor: Actor) -> Used:
    """How many bytes the tenant's files take, with what is reserved."""

    async def ask() -> int:
        async with database.session(actor) as session:
            found = await session.scalar(quotas.quota(actor))
        return 0 if found is None else found.used

    return ask
