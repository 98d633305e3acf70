"""The terms of a run: the parameters that it takes, and the budgets that its figures keep.

They travel with the run's ticket, so that a kernel reads parameters and budgets as declared.
"""

import keyword
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.dataclasses import dataclass
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import SchemaError, to_json
from pydantic_core.core_schema import NullableSchema

from workbench.errors import Detail
from workbench.notebooks.kinds import Column, Dataset, Kind
from workbench.notebooks.parameters import Parameter, parts
from workbench.notebooks.plain import MAX_MESSAGE, InvalidParameters, plain

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
FIELD = "given_"  # no parameter can stand in the way of what a model has of its own


class Budget(BaseModel):
    """The most that a metric should be, and its unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    most: FiniteFloat
    unit: str | None = Field(default=None, max_length=20)


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Terms:
    """Typed parameters, each with a default, and budgets by the name of the metric."""

    parameters: dict[str, Parameter] = Field(default_factory=dict)
    budgets: dict[str, Budget] = Field(default_factory=dict)

    @cached_property
    def model(self) -> type[BaseModel]:
        """The check: a model with a field for each parameter."""
        fields: dict[str, Any] = {
            FIELD + name: (_annotation(kind), _field(name, kind))
            for name, kind in self.parameters.items()
        }
        return create_model(
            "Parameters", __config__=ConfigDict(extra="forbid", strict=True), **fields
        )

    def properties(self) -> dict[str, dict[str, Any]]:
        """Each parameter as JSON Schema."""
        schema = self.model.model_json_schema(schema_generator=_Schema)
        found: dict[str, dict[str, Any]] = schema["properties"]
        return found

    def defaults(self) -> dict[str, Any]:
        """The parameters of a run that names none."""
        return self.checked({})

    def checked(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters as plain JSON data; raise InvalidParameters naming each wrong place."""
        model = self._validated(plain(parameters))
        return model.model_dump(mode="json", by_alias=True)

    def typed(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters as Python knows them: days are `datetime.date`, and so on."""
        return self._validated(plain(parameters)).model_dump(by_alias=True)

    def read(self, name: str, text: str) -> Any:
        """The value that a text in a shell stands for, by what is declared of the parameter."""
        return self.parameters[name].read(text) if name in self.parameters else text

    def titled(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters by the titles that people read, in the order in which they are declared."""
        return {title(name, kind): parameters[name] for name, kind in self.parameters.items()}

    def _validated(self, given: Mapping[str, Any]) -> BaseModel:
        whole = {name: kind.default for name, kind in self.parameters.items()} | {**given}
        try:
            return self.model.model_validate_json(to_json(whole))
        except ValidationError as error:
            raise InvalidParameters(details=list(self._wrong(error))) from error

    def _wrong(self, error: ValidationError) -> Iterator[Detail]:
        for found in error.errors(include_url=False):
            place = ".".join(str(part) for part in found["loc"])
            said = found["msg"].removeprefix("Value error, ")
            if found["type"] == "extra_forbidden":
                known = ", ".join(self.parameters) or "none"
                said = f"There is no parameter of this name; the notebook has: {known}."
            yield Detail(place[:MAX_MESSAGE], said[:MAX_MESSAGE])

    @model_validator(mode="after")
    def _declares_well(self) -> Self:
        for name, kind in self.parameters.items():
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
                message = f"{name} cannot name a parameter"
                raise ValueError(message)
            self._refer(name, kind)
        titles = [title(name, kind) for name, kind in self.parameters.items()]
        if len(set(titles)) < len(titles):
            message = "two parameters have the same title"
            raise ValueError(message)
        try:
            self.checked({})
        except SchemaError as error:  # such as a pattern that is none
            raise ValueError(str(error)) from error
        except InvalidParameters as error:
            wrong = "; ".join(f"{detail.place}: {detail.message}" for detail in error.details)
            message = f"the default of {wrong}"
            raise ValueError(message) from error
        return self

    def _refer(self, name: str, kind: Kind) -> None:
        for part in parts(kind):
            if isinstance(part, Column):
                named = self.parameters.get(part.dataset)
                if not isinstance(named, Dataset) or (named.optional and not kind.optional):
                    message = f"{name}: {part.dataset} is no parameter that names a dataset"
                    raise ValueError(message)


TERMS: TypeAdapter[Terms] = TypeAdapter(Terms)


class _Schema(GenerateJsonSchema):
    """JSON Schema in which what may be null has two types, so that forms find the other."""

    def nullable_schema(self, schema: NullableSchema) -> dict[str, Any]:
        inner = self.generate_inner(schema["schema"])
        if "enum" in inner:
            inner["enum"] = [*inner["enum"], None]
        if "type" in inner:
            inner["type"] = [inner["type"], "null"]
        return inner


def title(name: str, kind: Kind) -> str:
    """What people read of a parameter."""
    return kind.title or name.replace("_", " ").capitalize()


def _annotation(kind: Kind) -> Any:
    return kind.annotation() | None if kind.optional else kind.annotation()


def _field(name: str, kind: Kind) -> Any:
    return Field(
        alias=name,
        default=kind.default,
        title=title(name, kind),
        description=kind.description or None,
        json_schema_extra={"x-workbench": kind.hints()},
    )
