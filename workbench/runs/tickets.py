"""A ticket: what a kernel is handed so that it can act as one actor, and as nobody else.

The ticket is a file that only the kernel's system user reads; the environment names just its
path, so that a notebook which prints its environment shows no secret.
"""

import os
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

VARIABLE = "WORKBENCH_TICKET"


class SandboxTicket(BaseModel):
    """A disposable database: an address for each of its roles, and the key of its actors."""

    model_config = ConfigDict(frozen=True)

    urls: dict[str, str] = Field(repr=False)
    secret: str = Field(repr=False)


class Ticket(BaseModel):
    """Where the data lie and the tokens that open them; `run_id` is None in JupyterLab."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    tenant_name: str
    database_url: str = Field(repr=False)
    search_path: str = "data, views"
    actor_token: str = Field(repr=False)
    api_url: str
    access_token: str = Field(repr=False)
    run_id: UUID | None = None
    notebook: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    sandbox: SandboxTicket | None = None

    def write(self, path: Path) -> None:
        """Keep the ticket where only its owner reads it, replacing an older one in one step."""
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(self.model_dump_json())
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Ticket":
        """Read a ticket."""
        return cls.model_validate_json(path.read_text())
