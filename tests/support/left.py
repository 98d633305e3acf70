"""What a worker leaves of an attempt, without the kernel that would have made it."""

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.files.attached import Made
from workbench.runs import artifacts
from workbench.runs.attempts import Attempt
from workbench.storage import Storage


async def leave(
    session: AsyncSession,
    keeper: Actor,
    attempt: Attempt,
    name: str,
    *,
    storage: Storage | None = None,
    media_type: str = "text/plain",
    data: bytes = b"x",
) -> list[str]:
    """Keep a file of an attempt, and answer where the bytes lie that it replaces."""
    made = Made(storage or Storage("memory://left"), keeper.require_tenant())
    with made.begin() as file:
        file.write(data)
    return await artifacts.keep_made(
        session, keeper, attempt, made, name=name, media_type=media_type
    )
