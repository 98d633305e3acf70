"""Which runs of the past somebody means."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from workbench.errors import Detail, Invalid
from workbench.notebooks.plain import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Runs by person, time of the order, commit and parameters; what is not named may be any.

    A commit may be shortened.
    """

    requested_by: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    commit: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


EVERY = History()


def parameters(pairs: Iterable[str]) -> dict[str, Any]:
    """Read `name=value` of each; a value is JSON where it is that, and else a text."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, sign, written = pair.partition("=")
        if not sign:
            raise Invalid(
                "A parameter is written name=value.", details=[Detail("parameter", pair[:200])]
            )
        try:
            found[name] = json.loads(written)
        except (ValueError, RecursionError):
            found[name] = written
    return plain(found)
