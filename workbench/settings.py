"""Every setting: read from the environment or a `.env` file by doors, and passed downward."""

import os
import re
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import ByteSize, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url

from workbench import secrecy
from workbench.errors import Invalid, Unavailable
from workbench.secrecy import KeyFile

ROOT = Path(__file__).resolve().parent.parent
SCHEDULER = r"(tls://[\w.{}-]+|tcp://(localhost|127\.0\.0\.1|\[::1\])):\d+"


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
    password_key: SecretStr | None = Field(
        default=None,
        description="Derives the roles' passwords; unset: generated (embedded), or the last key.",
    )
    host: str = Field(default="127.0.0.1", description="Address to serve on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to serve on.")
    storage_url: str | None = Field(
        default=None, description="Where files lie, `file://…` or `s3://…`; unset: in the home."
    )
    file_limit: ByteSize = Field(
        default=ByteSize(2 * 1024**3), description="How large a file may be, as `500MB` or `2GiB`."
    )
    file_quota: ByteSize = Field(
        default=ByteSize(20 * 1024**3),
        description="How much the files of a tenant may take that has no quota of its own.",
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
    mail_limit: str = Field(
        default="20/hour", description="Mails that one user, address or recipient may cause."
    )
    retention_days: int = Field(
        default=30, ge=1, description="Days after which what was deleted is removed for good."
    )
    message_days: int = Field(
        default=7, ge=1, description="Days that listeners have to resume from an event."
    )
    record_days: int = Field(
        default=90,
        ge=1,
        description="Days that notices, schedules' ticks, what runs printed and jobs that failed "
        "are kept.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description=(
            "Mail server, `smtp://user:password@host:port`, `smtp+starttls://…` or `smtps://…`; "
            "unset: mail goes to a folder in the home."
        ),
    )
    mail_from: str = Field(
        default="Workbench <workbench@localhost>", description="Address that mail is sent from."
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#@\s]+/?$",
        description="Where people reach Workbench, for links in mail; unset: host and port.",
    )
    sentry_dsn: SecretStr | None = Field(
        default=None, description="Where errors are reported; unset: nowhere."
    )
    hosts: str | None = Field(
        default=None,
        description="Names that the server answers to, separated by commas; unset: every name.",
    )
    trusted_proxies: str | None = Field(
        default=None,
        description="Networks of the proxies whose X-Forwarded-For and -Proto count, as CIDR, "
        "separated by commas; unset: nobody's.",
    )
    log: Literal["json", "console"] = Field(default="json", description="Form of the log lines.")
    kernel_user: str | None = Field(
        default=None, description="System user that notebooks run as when the worker is root."
    )
    secrets_folder: Path | None = Field(
        default=None,
        description="Folder of the secrets that notebooks declare; unset: `secrets` in the home.",
    )
    warm_kernels: int = Field(
        default=1,
        ge=0,
        le=64,
        description="Kernels that a worker starts ahead, each used once; 0: none.",
    )
    kernel_memory: ByteSize | None = Field(
        default=None,
        description="Memory that a run may use, as `4GiB`; unset: half of the machine's.",
    )
    kernel_processes: int = Field(
        default=256, ge=8, description="Processes that a run may have at once."
    )
    kernel_disk: ByteSize = Field(
        default=ByteSize(4 * 1024**3),
        description="How much a run may write into its folder, as `4GiB`.",
    )
    kernel_processors: float | None = Field(
        default=None,
        gt=0,
        description="Processors that a run may use at once, as `1.5`; needs control groups.",
    )
    kernel_groups: str | None = Field(
        default=None,
        description="Folders of control groups that the worker may write, separated by commas; "
        "unset: none.",
    )
    dask_scheduler: str | None = Field(
        default=None,
        description="Dask cluster that notebooks read large frames with, `tls://host:port`; "
        "`{tenant}` in it names one for each tenant; unset: the kernel's own threads.",
    )
    runs_at_once: int = Field(
        default=4, ge=1, description="Runs of one tenant that are at work at once."
    )
    runs_waiting: int = Field(
        default=1000, ge=1, description="Runs of one tenant that may wait at once."
    )
    runs_a_day: int = Field(
        default=10_000, ge=1, description="Runs that one tenant may order within 24 hours."
    )
    unsafe_kernels: bool = Field(
        default=False,
        description="Let notebooks run as the worker's own user outside the embedded mode.",
    )

    @field_validator("dask_scheduler")
    @classmethod
    def _is_safe(cls, address: str | None) -> str | None:
        if address and not re.fullmatch(SCHEDULER, address):
            message = (
                "write tls://host:port; tcp:// serves on this machine alone, "
                "for tokens and rows travel to the workers"
            )
            raise ValueError(message)
        return address or None

    def scheduler(self, tenant: str) -> str | None:
        """The address of a tenant's Dask cluster, if there is one."""
        return self.dask_scheduler and self.dask_scheduler.replace("{tenant}", tenant)

    @property
    def is_embedded(self) -> bool:
        """Whether Workbench starts a PostgreSQL of its own."""
        return self.database_url is None

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The names that the server answers to; none means every name."""
        return tuple(host.strip() for host in (self.hosts or "").split(",") if host.strip())

    @property
    def address(self) -> str:
        """Where people reach Workbench, without a slash at the end."""
        if self.public_url is not None:
            return self.public_url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{host}:{self.port}"

    @property
    def control_groups(self) -> tuple[Path, ...]:
        """The folders in which each kernel gets a control group."""
        given = (self.kernel_groups or "").split(",")
        return tuple(Path(folder.strip()) for folder in given if folder.strip())

    @property
    def proxies(self) -> tuple[str, ...]:
        """The networks of trusted proxies; raise Invalid for what is no network."""
        given = [text.strip() for text in (self.trusted_proxies or "").split(",") if text.strip()]
        try:
            return tuple(str(ip_network(text, strict=False)) for text in given)
        except ValueError as error:
            raise Invalid(
                f"WORKBENCH_TRUSTED_PROXIES: {error}; write networks as 10.0.0.0/8."
            ) from error

    @cached_property
    def secret_keys(self) -> tuple[str, ...]:
        """The secret keys as they were first read, the one that signs first."""
        return self.read_keys()

    def read_keys(self) -> tuple[str, ...]:
        """Read the secret keys anew; a rotation may have brought one since the start."""
        if self.secret_key is not None:
            return self._checked(self.secret_key.get_secret_value().split(","))
        if not self.is_embedded:
            raise Invalid("Set WORKBENCH_SECRET_KEY; outside the embedded mode none is generated.")
        if not self.key_file.path.exists():
            self.password_file.make(secrecy.new_key())
            self.key_file.make(secrecy.new_key())
        return self._checked(self.key_file.read())

    @cached_property
    def role_secret(self) -> str:
        """What the passwords of PostgreSQL's roles are derived from."""
        if self.password_key:  # a template may hand it on empty
            return self._checked([self.password_key.get_secret_value()])[0]
        oldest = self.secret_keys[-1]
        if not self.keeps_keys:
            return oldest
        self.password_file.make(oldest)  # in a home from before there was such a file
        return self._checked(self.password_file.read())[0]

    @property
    def keeps_keys(self) -> bool:
        """Whether the keys lie in the home, where Workbench itself may change them."""
        return self.is_embedded and self.secret_key is None

    @property
    def key_file(self) -> KeyFile:
        """Where the generated secret keys lie, newest first."""
        return KeyFile(self.prepared_home() / "secret_key")

    @property
    def password_file(self) -> KeyFile:
        """Where the secret lies that the roles' passwords are derived from."""
        return KeyFile(self.prepared_home() / "password_key")

    @cached_property
    def storage(self) -> str:
        """The URL where files lie."""
        return self.storage_url or (self.prepared_home() / "files").as_uri()

    @property
    def notebook_secrets(self) -> Path:
        """The folder of the secrets that notebooks declare."""
        return self.secrets_folder or self.home.expanduser().resolve() / "secrets"

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

    def _checked(self, keys: list[str]) -> tuple[str, ...]:
        stripped = tuple(key.strip() for key in keys if key.strip())
        if not stripped or any(len(key) < secrecy.LEAST_LENGTH for key in stripped):
            raise Invalid(f"A secret key needs {secrecy.LEAST_LENGTH} characters or more.")
        if len(set(stripped)) < len(stripped):
            raise Invalid("A secret key stands there twice.")
        weak = next(filter(None, map(secrecy.key_weakness, stripped)), None)
        if weak and not self.is_embedded:
            raise Invalid(f"A secret key {weak}; `openssl rand -hex 32` makes a good one.")
        return stripped


def driver_url(url: SecretStr) -> URL:
    """Read a PostgreSQL URL and name the driver that serves async and sync engines alike.

    Raise Invalid when its password is one that stands in everybody's documentation.
    """
    read = make_url(url.get_secret_value()).set(drivername="postgresql+psycopg")
    weak = read.password is not None and secrecy.password_weakness(read.password, read.username)
    if weak:
        raise Invalid(f"The database's password for {read.username} {weak}; give it another.")
    return read
