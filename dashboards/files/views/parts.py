"""What the browser's side of this dashboard is put together from, and what it may ask for."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from dashboards.components import parts

HERE = Path(__file__).parent
KINDS = frozenset({"started", "refresh", "open", "close", "cancel", "undo", "retry"})

Hear = Callable[[str, str], Awaitable[None]]


def script(*names: str) -> str:
    """Some files as one module: a page loads a component as a single one."""
    return parts.script(*(HERE / name for name in names))


def style(*names: str) -> str:
    """Some files as one stylesheet."""
    return parts.style(*(HERE / name for name in names))


def hearing(hear: Hear) -> Callable[[Any], Awaitable[None]]:
    """Pass on the wishes that are known, each with the id of an import or none."""

    async def heard(message: Any) -> None:
        data = message.data if isinstance(message.data, dict) else {}
        kind, import_id = data.get("kind"), _id(data.get("id"))
        if kind in KINDS and (import_id or kind in {"refresh", "close"}):
            await hear(kind, import_id)

    return heard


def _id(given: Any) -> str:
    try:
        return str(UUID(given))
    except (AttributeError, TypeError, ValueError):
        return ""
