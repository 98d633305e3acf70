"""Parameters as plain JSON that PostgreSQL can keep, before anything is made of them."""

import json
from collections.abc import Mapping
from typing import Any

from workbench.errors import Detail, Invalid

MAX_BYTES = 16_384
MAX_MESSAGE = 200


class InvalidParameters(Invalid):
    """The parameters do not fit the notebook."""

    code = "invalid_parameters"


def plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as JSON knows them; raise InvalidParameters for what it does not."""
    try:
        text = json.dumps(dict(parameters), allow_nan=False)
        found: dict[str, Any] = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidParameters("Parameters are JSON: text, numbers, booleans, lists.") from error
    if len(text) > MAX_BYTES:
        raise InvalidParameters(f"Parameters take at most {MAX_BYTES:,} bytes.")
    details = [
        Detail(name[:MAX_MESSAGE], "This text holds a character that cannot be stored.")
        for name, value in found.items()
        if not _is_storable([name, value])
    ]
    if details:
        raise InvalidParameters(details=details)
    return found


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, list):
        return all(_is_storable(part) for part in value)
    if isinstance(value, dict):
        return all(_is_storable(part) for part in [*value, *value.values()])
    return True
