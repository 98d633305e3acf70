"""Every setting is documented as it is."""

import re
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from workbench.settings import ROOT, Settings

PAGE = ROOT / "docs" / "settings.md"


def line(name: str, field: Any) -> str:
    """How the page shows a setting."""
    default = field.default
    shown = {None: "", PydanticUndefined: "`.workbench`"}.get(default, f"`{default}`")
    return f"| `WORKBENCH_{name.upper()}` | {shown} | {field.description} |"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_it_is_documented(name: str) -> None:
    """Its line says name, default and meaning as the code does."""
    assert line(name, Settings.model_fields[name]) in PAGE.read_text().splitlines()


def test_nothing_else_is() -> None:
    """The page names no setting that there is not."""
    named = set(re.findall(r"^\| `WORKBENCH_([A-Z_]+)`", PAGE.read_text(), re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}


def test_secrets_are_not_shown() -> None:
    """What holds a password or a key prints as stars."""
    secret = {n for n, f in Settings.model_fields.items() if "SecretStr" in str(f.annotation)}
    hiding = {n for n in Settings.model_fields if re.search(r"_key$|_dsn$|(base|er|or)_url$", n)}
    assert hiding - {"rate_limit_url", "storage_url"} <= secret
