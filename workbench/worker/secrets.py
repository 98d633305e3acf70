"""Secrets that notebooks declare: a file each, which nobody but the worker's own user reads.

A tenant's lie in a folder of its slug; what lies beside those folders is every tenant's. They are
no environment variables, so that no notebook can ask for one of Workbench's own settings.
"""

import json
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workbench.errors import Unavailable
from workbench.settings import Settings

HIDDEN = "•••"
LEAST = 8  # characters; what is shorter stands in many a text by chance and cannot be hidden
MOST = 64 * 1024


class SecretMissing(Unavailable):
    """A secret that the notebook declares is not there."""

    code = "secret_missing"


def of(settings: Settings, tenant: str, names: Iterable[str]) -> dict[str, str]:
    """The values of a tenant's secrets; raise SecretMissing for one that cannot be had."""
    folder = settings.notebook_secrets
    return {name: _read(name, [folder / tenant / name, folder / name]) for name in names}


def forms(value: str) -> list[str]:
    """How a secret may stand in an output: as it is, escaped, in a URL, or line by line."""
    lines = [line.strip() for line in value.splitlines()]
    written = [value, json.dumps(value)[1:-1], repr(value)[1:-1], quote(value, safe=""), *lines]
    # An executed notebook is JSON, which escapes once more what is in an output.
    written += [json.dumps(form, ensure_ascii=False)[1:-1] for form in written]
    return sorted({form for form in written if len(form) >= LEAST}, key=len, reverse=True)


def hidden(text: str, secrets: Iterable[str]) -> str:
    """A text without secrets; the longest go first, for they may hold the others."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def hide(message: Any, secrets: Iterable[str]) -> Any:
    """What a kernel says, without secrets."""
    if isinstance(message, str):
        return hidden(message, secrets)
    if isinstance(message, dict):
        return {hide(name, secrets): hide(value, secrets) for name, value in message.items()}
    if isinstance(message, list):
        return [hide(value, secrets) for value in message]
    return message


def _read(name: str, paths: Iterable[Path]) -> str:
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise SecretMissing(
            f"This notebook needs the secret {name}, which is not there; "
            "ask who runs the worker to put it into WORKBENCH_SECRETS_FOLDER."
        )
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SecretMissing(f"Others may read the secret {name}; its file needs the mode 0600.")
    try:
        value = path.read_text().rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise SecretMissing(f"The secret {name} cannot be read.") from error
    if not LEAST <= len(value) <= MOST:
        raise SecretMissing(f"The secret {name} needs {LEAST} to {MOST:,} characters.")
    return value
