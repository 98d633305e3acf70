"""A notebook's contract: title, typed parameters, needed permissions and limits.

It stands in the notebook's own metadata under the key `workbench`. Parameters are JSON Schema
properties, each with a default; one schema serves the form, the API and the check.
"""

import json
import keyword
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from jsonschema import Draft202012Validator, SchemaError
from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from workbench.errors import Detail, Invalid
from workbench.permissions import Permission

MAX_BYTES = 16_384
MAX_MESSAGE = 200
NAME = r"^[a-z][a-z0-9_]{0,62}$"
TYPES = frozenset({"string", "integer", "number", "boolean", "array"})


class InvalidParameters(Invalid):
    """The parameters do not fit the notebook."""

    code = "invalid_parameters"


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Notebook:
    """One job: a file on the shelf, and what it says about itself."""

    name: str = Field(pattern=NAME)
    path: Path
    title: str = Field(min_length=1, max_length=120)
    description: str = Field(default="", max_length=2000)
    permissions: tuple[Permission, ...] = ()
    parameters: dict[str, dict[str, Any]] = Field(default_factory=dict)
    sandbox: bool = False
    limit_seconds: int = Field(default=900, ge=1, le=3600)
    cell_limit_seconds: int = Field(default=600, ge=1, le=3600)

    def schema(self) -> dict[str, Any]:
        """The parameters as a JSON Schema."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "title": self.title,
            "properties": self.parameters,
            "additionalProperties": False,
        }

    def defaults(self) -> dict[str, Any]:
        """The parameters of a run that names none."""
        return {name: rule["default"] for name, rule in self.parameters.items()}

    def checked(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters as plain JSON data; raise InvalidParameters naming each wrong place."""
        given = _plain(parameters)
        details = list(self._wrong(given))
        if details:
            raise InvalidParameters(details=details)
        whole = {
            name: int(value)
            for name, value in given.items()
            if self.parameters[name]["type"] == "integer"
        }
        return self.defaults() | given | whole

    def titled(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters by the titles that people read, in the order in which they are declared."""
        return {rule.get("title", name): parameters[name] for name, rule in self.parameters.items()}

    def _wrong(self, given: dict[str, Any]) -> Iterator[Detail]:
        for name in given.keys() - self.parameters.keys():
            yield Detail(name[:MAX_MESSAGE], "There is no parameter of this name.")
        for error in Draft202012Validator(self.schema()).iter_errors(given):
            if error.absolute_path:
                place = ".".join(str(part) for part in error.absolute_path)
                yield Detail(place, error.message[:MAX_MESSAGE])

    @model_validator(mode="after")
    def _declares_well(self) -> Self:
        try:
            Draft202012Validator.check_schema(self.schema())
        except SchemaError as error:
            raise ValueError(error.message) from error
        for name, rule in self.parameters.items():
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
                message = f"{name} cannot name a parameter"
                raise ValueError(message)
            if rule.get("type") not in TYPES or "default" not in rule:
                message = f"{name} needs a default and one of the types {sorted(TYPES)}"
                raise ValueError(message)
        for detail in self._wrong(self.defaults()):
            message = f"the default of {detail.place}: {detail.message}"
            raise ValueError(message)
        return self


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(dict(parameters), allow_nan=False)
        plain: dict[str, Any] = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidParameters("Parameters are JSON: text, numbers, booleans, lists.") from error
    if len(text) > MAX_BYTES:
        raise InvalidParameters(f"Parameters take at most {MAX_BYTES:,} bytes.")
    details = [
        Detail(name[:MAX_MESSAGE], "This text holds a character that cannot be stored.")
        for name, value in plain.items()
        if not _is_storable([name, value])
    ]
    if details:
        raise InvalidParameters(details=details)
    return plain


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, list):
        return all(_is_storable(part) for part in value)
    if isinstance(value, dict):
        return all(_is_storable(part) for part in [*value, *value.values()])
    return True
