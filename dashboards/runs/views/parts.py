"""What the browser's side of this dashboard is put together from, and what it may wish for."""

from pathlib import Path
from uuid import UUID

from dashboards.components import parts

HERE = Path(__file__).parent
FORM = str(parts.HERE / "form.css")  # how the fields of the component look
GO = "go"  # a link within the dashboard was followed; its value is the end of its address


def script(*names: str) -> str:
    """Some files as one module."""
    return parts.script(*(HERE / name for name in names))


def style(*names: str) -> str:
    """Some files as one stylesheet."""
    return parts.style(*(HERE / name for name in names))


def id_of(given: object) -> UUID | None:
    """The id that a text is; None when it is none."""
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None
