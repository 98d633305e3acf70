"""What the browser's side of this dashboard is put together from, and what it may wish for."""

from pathlib import Path
from uuid import UUID

from dashboards.components import pieces

HERE = Path(__file__).parent
GO = "go"  # a link within the dashboard was followed; `to` is the end of its address


def script(*names: str) -> str:
    """Some files as one module."""
    return pieces.script(*(HERE / name for name in names))


def style(*names: str) -> str:
    """Some files as one stylesheet."""
    return pieces.style(*(HERE / name for name in names))


def id_of(given: object) -> UUID | None:
    """The id that a text is; None when it is none."""
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None
