"""The pieces that components are put together from in the browser, and what they may ask for."""

from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

Hear = Callable[[str, dict[str, Any]], Awaitable[None]]


def script(*files: Path) -> str:
    """The pieces and some files as one module: a page loads a component as a single one."""
    return "\n".join(file.read_text() for file in (HERE / "pieces.js", *files))


def style(*files: Path) -> str:
    """The look of the pieces and some files as one stylesheet."""
    return "\n".join(file.read_text() for file in (HERE / "pieces.css", *files))


def hearing(kinds: Collection[str], hear: Hear) -> Callable[[Any], Awaitable[None]]:
    """Pass on the wishes of these kinds with what they hold; others are heard by nobody."""

    async def heard(message: Any) -> None:
        data = message.data if isinstance(message.data, dict) else {}
        if data.get("kind") in kinds:
            await hear(data["kind"], data)

    return heard
