"""Every setting: read from the environment or a `.env` file by doors, and passed downward."""

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url

from workbench.errors import Invalid, Unavailable

ROOT = Path(__file__).resolve().parent.parent
SECRET_BYTES = 32


class Settings(BaseSettings):
    """What an installation can choose, each as `WORKBENCH_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="WORKBENCH_", env_file=".env", extra="ignore", frozen=True
    )

    home: Path = Field(
        default_factory=lambda: Path.cwd() / ".workbench",
        description="Folder of the embedded database, files and the generated key; mode 0700.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Server, database and app role of a PostgreSQL 16 or newer; unset: embedded.",
    )
    owner_url: SecretStr | None = Field(
        default=None, description="The role that owns the tables; only `migrate` needs it."
    )
    reader_url: SecretStr | None = Field(
        default=None, description="The readers' login; unset: its password is derived."
    )
    worker_url: SecretStr | None = Field(
        default=None, description="The queue's login; unset: its password is derived."
    )
    sandbox_url: SecretStr | None = Field(
        default=None,
        description="A superuser of a PostgreSQL without tenants, for disposable databases; "
        "unset: a server is started for each.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Secret keys, newest first, separated by commas; unset: generated (embedded).",
    )
    host: str = Field(default="127.0.0.1", description="Address to serve on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to serve on.")
    storage_url: str | None = Field(
        default=None, description="Where files lie, `file://…` or `s3://…`; unset: in the home."
    )
    rate_limit_url: str = Field(
        default="memory://", description="Where request counts lie: memory, or Redis."
    )
    rate_limit: str = Field(
        default="600/minute", description="Requests allowed to one user or address on one route."
    )
    login_limit: str = Field(
        default="10/minute", description="Log-ins allowed to one account and one address."
    )
    sentry_dsn: SecretStr | None = Field(
        default=None, description="Where errors are reported; unset: nowhere."
    )
    hosts: str | None = Field(
        default=None,
        description="Names that the server answers to, separated by commas; unset: every name.",
    )
    log: Literal["json", "console"] = Field(default="json", description="Form of the log lines.")
    kernel_user: str | None = Field(
        default=None, description="System user that notebooks run as when the worker is root."
    )
    unsafe_kernels: bool = Field(
        default=False,
        description="Let notebooks run as the worker's own user outside the embedded mode.",
    )

    @property
    def is_embedded(self) -> bool:
        """Whether Workbench starts a PostgreSQL of its own."""
        return self.database_url is None

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The names that the server answers to; none means every name."""
        return tuple(host.strip() for host in (self.hosts or "").split(",") if host.strip())

    @cached_property
    def secret_keys(self) -> tuple[str, ...]:
        """The secret keys, the one that signs first."""
        if self.secret_key is not None:
            return _checked(self.secret_key.get_secret_value().split(","))
        if not self.is_embedded:
            raise Invalid("Set WORKBENCH_SECRET_KEY; outside the embedded mode none is generated.")
        return _checked(self._generated_keys().splitlines())

    @cached_property
    def storage(self) -> str:
        """The URL where files lie."""
        return self.storage_url or (self.prepared_home() / "files").as_uri()

    def prepared_home(self) -> Path:
        """The home as an absolute path, of mode 0700; raise Unavailable when it cannot be made."""
        home = self.home.expanduser().resolve()
        try:
            home.mkdir(parents=True, exist_ok=True)
            home.chmod(0o700)
        except OSError as error:
            raise Unavailable(
                f"The home {home} cannot be written ({error.strerror}); "
                "set WORKBENCH_HOME to a folder of yours."
            ) from error
        if not os.access(home, os.W_OK):
            raise Unavailable(
                f"The home {home} is read-only; set WORKBENCH_HOME to a folder of yours."
            )
        return home

    def _generated_keys(self) -> str:
        path = self.prepared_home() / "secret_key"
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(SECRET_BYTES))
        except FileExistsError:
            pass
        return path.read_text()


def driver_url(url: SecretStr) -> URL:
    """Read a PostgreSQL URL and name the driver that serves async and sync engines alike."""
    return make_url(url.get_secret_value()).set(drivername="postgresql+psycopg")


def _checked(keys: list[str]) -> tuple[str, ...]:
    stripped = tuple(key.strip() for key in keys if key.strip())
    if not stripped or any(len(key) < SECRET_BYTES for key in stripped):
        raise Invalid(f"A secret key needs {SECRET_BYTES} characters or more.")
    return stripped
