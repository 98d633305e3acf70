"""Letters: a mail as text and HTML, of templates and of words that can be nothing but words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from workbench.errors import Invalid
from workbench.notifications.models import AnyMail

FOLDER = Path(__file__).parent / "templates"
OPTIONS: dict[str, Any] = {
    "loader": FileSystemLoader(FOLDER),
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
}
TEXT = Environment(**OPTIONS)  # noqa: S701 (plain text has nothing to escape)
HTML = Environment(autoescape=True, **OPTIONS)
MAX_WORD = 80
ADDRESS = "address"  # the one detail that is an e-mail address, checked when it was taken


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, such as `Workbench <workbench@acme.example>`, and where its links lead."""

    address: Address
    url: str

    @classmethod
    def of(cls, address: str, url: str) -> "Sender":
        """Read an address; raise Invalid when it is none."""
        name, spec = parseaddr(address if address.isprintable() else "")
        try:
            return cls(Address(name, addr_spec=spec), url.rstrip("/"))
        except (ValueError, IndexError) as error:
            raise Invalid(f"{address!r} is no address to send mail from.") from error

    @property
    def domain(self) -> str:
        """What stands behind the @ of every Message-ID."""
        return self.address.domain


def compose(mail: AnyMail, sender: Sender, link: str, now: datetime) -> EmailMessage:
    """Write the message; its headers hold no more than one line each."""
    words = {
        name: str(value) if name == ADDRESS else plain(str(value))
        for name, value in mail.details.items()
    }
    values = {**words, "link": sender.url + link, "home": sender.url, "to": mail.recipient}
    subject, _, body = _rendered(TEXT, f"{mail.template}.txt", values).partition("\n\n")
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(subject.split())
    message["From"] = sender.address
    message["To"] = Address(addr_spec=mail.recipient)
    message["Date"] = now
    message["Message-ID"] = mail.message_id
    # Holiday replies to a machine help nobody (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.strip() + "\n")
    message.add_alternative(_rendered(HTML, f"{mail.template}.html", values), subtype="html")
    return message


def plain(words: str) -> str:
    """Words that somebody chose, as one short line that no mail program takes for an address."""
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    line = line.replace("://", " ")
    return re.sub(r"(?<=\w)\.(?=\w)", ". ", line)[:MAX_WORD]


def _rendered(environment: Environment, name: str, values: Mapping[str, str]) -> str:
    return environment.get_template(name).render(values)
