"""The post: how a message leaves the house, by SMTP or into a folder."""

import asyncio
import ipaddress
import os
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib

from workbench.errors import Invalid
from workbench.settings import Settings

SECONDS = 60  # for all of one attempt; a claim's lease is longer
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
PERMANENT = 500
ABOUT_THE_MAIL = (
    aiosmtplib.SMTPDataError,
    aiosmtplib.SMTPRecipientRefused,
    aiosmtplib.SMTPSenderRefused,
)
FOLDER = "mail"


class PutOff(Exception):
    """The message was not taken this time; another try may succeed."""


class Refused(Exception):
    """The message will never be taken."""


class Post(Protocol):
    """Takes messages away."""

    async def send(self, message: EmailMessage) -> None:
        """Return once the message was accepted; raise PutOff or Refused otherwise."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """Writes each message as a file of its own that nobody else on the machine can read."""

    path: Path

    async def send(self, message: EmailMessage) -> None:
        """Write the file; a second try writes the same one."""
        await asyncio.to_thread(self._write, message)

    def _write(self, message: EmailMessage) -> None:
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        try:
            self.path.mkdir(mode=0o700, exist_ok=True)
            started = self.path / f".{name}"
            started.unlink(missing_ok=True)
            with os.fdopen(
                os.open(started, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"
            ) as file:
                file.write(message.as_bytes())
            started.replace(self.path / f"{name}.eml")
        except OSError as error:
            raise PutOff(f"{self.path}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server; without TLS no password is sent, but to this very machine."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    use_tls: bool = False
    start_tls: bool | None = None

    @classmethod
    def of(cls, url: str) -> "Smtp":
        """Read `smtp://`, `smtp+starttls://` or `smtps://`; raise Invalid when it is none."""
        parts = _split(url)
        username = unquote(parts.username) if parts.username else None
        host = parts.hostname or ""
        must_start = parts.scheme == "smtp+starttls" or (username and not _is_here(host))
        return cls(
            host,
            parts.port or PORTS[parts.scheme],
            username,
            unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            start_tls=False if parts.scheme == "smtps" else (True if must_start else None),
        )

    @property
    def name(self) -> str:
        """The server as people may see it."""
        return f"{self.host}:{self.port}"

    async def send(self, message: EmailMessage) -> None:
        """Hand the message to the server; how the connection ends after its yes is no matter."""
        is_accepted = False
        try:
            async with asyncio.timeout(SECONDS), self._client() as client:
                await client.send_message(message)
                is_accepted = True
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            if not is_accepted:
                raise _understood(error) from error

    async def greet(self) -> None:
        """Connect and sign in, and send nothing; raise PutOff when that does not work."""
        try:
            async with asyncio.timeout(SECONDS), self._client() as client:
                await client.noop()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise PutOff(_reason(error)) from error

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            use_tls=self.use_tls,
            start_tls=self.start_tls,
            timeout=SECONDS / 2,
        )


def of(settings: Settings) -> Smtp | Folder:
    """The post of these settings."""
    if settings.smtp_url is not None:
        return Smtp.of(settings.smtp_url.get_secret_value())
    return Folder(settings.prepared_home() / FOLDER)


def _split(url: str) -> SplitResult:
    wrong = Invalid("WORKBENCH_SMTP_URL is no mail server; write smtp://user:password@host:port.")
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        raise wrong from None  # the cause would quote the password
    if not is_good:
        raise wrong
    return parts


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _understood(error: Exception) -> PutOff | Refused:
    """A refusal of sender, recipient or content with a 5xx is final; all else may pass."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _understood(error.recipients[0])
    if isinstance(error, ABOUT_THE_MAIL):
        return (Refused if error.code >= PERMANENT else PutOff)(_reason(error))
    is_final = isinstance(error, ValueError | aiosmtplib.SMTPNotSupported)
    return (Refused if is_final else PutOff)(_reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return f"{type(error).__name__}: {error}"
