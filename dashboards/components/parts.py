"""What the browser's side of a component is put together from, and the wishes that it may send."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

HERE = Path(__file__).parent
MOST = 2000  # characters of a text that a browser may send


@dataclass(frozen=True, slots=True)
class Wish:
    """What a visitor wants of a component: its kind, the thing it is about, a text or a form."""

    kind: str
    id: UUID | None = None
    value: str = ""
    form: dict[str, Any] = field(default_factory=dict)


Hear = Callable[[Wish], Awaitable[None]]


def script(*files: Path) -> str:
    """The small pieces and some files as one module: a page loads a component as a single one."""
    return "\n".join(file.read_text() for file in (HERE / "parts.js", *files))


def style(*files: Path) -> str:
    """The small pieces and some files as one stylesheet."""
    return "\n".join(file.read_text() for file in (HERE / "parts.css", *files))


def hearing(kinds: frozenset[str], hear: Hear) -> Callable[[Any], Awaitable[None]]:
    """Pass on the wishes of some kinds; whatever else a browser sends is left unheard."""

    async def heard(message: Any) -> None:
        data = message.data if isinstance(message.data, dict) else {}
        kind, value, form = data.get("kind"), data.get("value"), data.get("form")
        if isinstance(kind, str) and kind in kinds:
            text = _clean(value[:MOST]) if isinstance(value, str) else ""
            await hear(Wish(kind, _id(data.get("id")), text, _form(form)))

    return heard


def _id(given: Any) -> UUID | None:
    try:
        return UUID(given)
    except (AttributeError, TypeError, ValueError):
        return None


def _form(given: Any) -> dict[str, Any]:
    return _clean(given) if isinstance(given, dict) else {}


def _clean(given: Any) -> Any:
    """The same without what PostgreSQL takes in no text: NUL, and halves of characters."""
    if isinstance(given, str):
        return given.replace("\0", "").encode(errors="replace").decode()
    if isinstance(given, list):
        return [_clean(each) for each in given]
    if isinstance(given, dict):
        return {_clean(str(name)): _clean(value) for name, value in given.items()}
    return given
