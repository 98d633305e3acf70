"""What has been written to somebody, as the worker would send it."""

from dataclasses import dataclass, field
from email.message import EmailMessage

from sqlalchemy import text

from tests.support import people
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.identity import queries as identities
from workbench.identity.tokens import Tokens
from workbench.notifications.letters import Sender
from workbench.permissions import Permission
from workbench.settings import Settings
from workbench.worker.mail import Mailroom

URL = "https://workbench.example"
_taken: list[EmailMessage] = []


@dataclass(frozen=True, slots=True)
class Box:
    """A post that keeps what it is given."""

    messages: list[EmailMessage] = field(default_factory=lambda: _taken)

    async def send(self, message: EmailMessage) -> None:
        """Keep the message."""
        self.messages.append(message)


async def delivered(database: Database, settings: Settings, email: str) -> list[EmailMessage]:
    """Send what waits, and answer all that ever went to an address, the oldest first."""
    sender = Sender.of("Workbench <post@workbench.example>", URL)
    while await Mailroom(database, Tokens(settings.secret_keys).mail, sender, Box()).deliver():
        pass
    return [message for message in _taken if message["To"] == email]


async def latest(database: Database, settings: Settings, email: str) -> EmailMessage:
    """The newest message to an address."""
    return (await delivered(database, settings, email))[-1]


async def token(database: Database, settings: Settings, email: str) -> str:
    """The token in the newest message to an address."""
    body = (await latest(database, settings, email)).get_body(("plain",))
    assert body is not None
    link = next(line for line in body.get_content().splitlines() if line.startswith(URL))
    return str(link.partition("#")[2])


async def address(database: Database, actor: Actor) -> str:
    """The e-mail address of an actor."""
    async with database.session(actor) as session:
        return (await session.scalars(identities.myself(actor))).one().email


async def rows_with(database: Database, words: str) -> int:
    """How many mails of any tenant hold some words anywhere, as the mail task would see them."""
    found = 0
    async with database.session(people.FOUNDER) as session:
        tenants = (await session.scalars(text("select id from workbench.tenants"))).all()
    for tenant_id in (None, *tenants):
        task = Actor.of_system("test", Permission.MAIL_SEND, tenant_id=tenant_id)
        table = "account_mails" if tenant_id is None else "mails"
        async with database.session(task) as session:
            query = text(f"select count(*) from {table} m where m::text like '%' || :words || '%'")
            found += await session.scalar(query, {"words": words}) or 0
    return found
