"""A notebook's contract: what it asks, takes, needs, keeps and may cost.

It stands in the notebook's own metadata under the key `workbench`. One declaration of the
parameters serves the form, the API, the shell and the check before any kernel starts.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ByteSize, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from workbench.notebooks.kinds import NAME, Name, Secret
from workbench.notebooks.parameters import parts
from workbench.notebooks.plain import InvalidParameters
from workbench.notebooks.terms import JSON_SCHEMA, TERMS, Budget, Terms
from workbench.permissions import Permission

__all__ = ["NAME", "InvalidParameters", "Notebook"]
MIB = 1024**2
Queue = Literal["interactive", "batch"]
Memory = Annotated[ByteSize, Field(ge=256 * MIB, le=1024**4)]  # a kernel itself holds 130
Output = Annotated[ByteSize, Field(ge=1024, le=1024**3)]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Notebook(Terms):
    """One job: a file on the shelf, and what it says about itself.

    `secrets` are the names of what it is handed beside rows, with a word about each.
    """

    name: str = Field(pattern=NAME)
    path: Path
    title: str = Field(min_length=1, max_length=120)
    question: str = Field(default="", max_length=300)
    description: str = Field(default="", max_length=2000)
    permissions: tuple[Permission, ...] = ()
    sandbox: bool = False
    keeps_outputs: bool = False
    limit_seconds: int = Field(default=900, ge=1, le=3600)
    cell_limit_seconds: int = Field(default=600, ge=1, le=3600)
    memory_limit: Memory | None = None
    output_limit: Output | None = None
    queue: Queue = "interactive"
    priority: int = Field(default=0, ge=-100, le=100)
    retries: int = Field(default=0, ge=0, le=10)
    budgets: dict[Name, Budget] = Field(default_factory=dict)
    secrets: dict[Name, str] = Field(default_factory=dict)

    def schema(self) -> dict[str, Any]:
        """The parameters as a JSON Schema."""
        return {
            "$schema": JSON_SCHEMA,
            "type": "object",
            "title": self.title,
            "properties": self.properties(),
            "additionalProperties": False,
        }

    @property
    def terms(self) -> dict[str, Any]:
        """What of the contract travels with a run, as plain data."""
        kept: dict[str, Any] = TERMS.dump_python(self, mode="json", warnings=False)
        return {name: kept[name] for name in ("parameters", "budgets")}

    @model_validator(mode="after")
    def _keeps_its_word(self) -> Self:
        if self.keeps_outputs and not self.sandbox:
            message = "only a notebook of the sandbox keeps outputs: others show a tenant's rows"
            raise ValueError(message)
        for name, kind in self.parameters.items():
            for part in parts(kind):
                if isinstance(part, Secret) and not self.secrets.keys() >= {*part.choices}:
                    message = f"{name} chooses a secret that the notebook does not declare"
                    raise ValueError(message)
        return self
