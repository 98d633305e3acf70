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


class ScaleTicket(BaseModel):
    """A Dask cluster, and the token that its workers read with: it reads rows and does no more."""

    model_config = ConfigDict(frozen=True)

    scheduler: str
    actor_token: str = Field(repr=False)


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
    terms: dict[str, Any] = Field(default_factory=dict)  # of the notebook, as plain data
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)
    sandbox: SandboxTicket | None = None
    scale: ScaleTicket | None = None

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

    def carried(self) -> "Ticket":
        """What of the ticket travels to where partitions are read: the way to the rows alone."""
        token = self.scale.actor_token if self.scale is not None else self.actor_token
        return Ticket(
            tenant=self.tenant,
            tenant_name=self.tenant_name,
            database_url=self.database_url,
            search_path=self.search_path,
            actor_token=token,
            api_url="",
            access_token="",
            run_id=self.run_id,
        )
