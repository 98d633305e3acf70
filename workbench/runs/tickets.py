"""A ticket: what a kernel is handed so that it can act as one actor, and as nobody else.

The ticket is a file that only the kernel's system user reads; the environment names just its
path, so that a notebook which prints its environment shows no secret.
"""

import os
from contextlib import suppress
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
    site: str = ""  # where a browser reaches Workbench
    access_token: str = Field(repr=False)
    run_id: UUID | None = None
    order: int = 1  # of the run: what is ordered anew writes anew
    notebook: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    terms: dict[str, Any] = Field(default_factory=dict)  # of the notebook, as plain data
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)
    sandbox: SandboxTicket | None = None
    scale: ScaleTicket | None = None

    def write(self, path: Path, owner: int | None = None) -> None:
        """Keep the ticket where only its owner reads it, replacing an older one in one step.

        The folder may be the kernel's own, with links in it that lead elsewhere: none is followed,
        and the file is given away while it is held, never by its name.
        """
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        fresh = path.with_suffix(".new").name
        try:
            with suppress(FileNotFoundError):
                os.unlink(fresh, dir_fd=folder)
            file = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=folder)
            with os.fdopen(file, "w") as held:
                if owner is not None:
                    os.fchown(file, owner, -1)
                held.write(self.model_dump_json())
            os.replace(fresh, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            os.close(folder)

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

    def renewed(self) -> "Ticket":
        """The same with the youngest token of this process's own ticket, if that is of its run."""
        with suppress(KeyError, OSError, ValueError):
            own = Ticket.read(Path(os.environ[VARIABLE]))
            is_same = (own.tenant, own.run_id) == (self.tenant, self.run_id)
            if is_same and own.scale is None:
                return self.model_copy(update={"actor_token": own.actor_token})
        return self
