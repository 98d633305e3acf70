"""The mail round: takes what is due, each mail under a claim of its own, and sends it.

PostgreSQL and the mail server share no transaction. A worker that dies between the server's yes
and our note of it leaves a mail that is sent again when its claim has run out, with the same
Message-ID, by which mailboxes know it; everything else is sent exactly once.
"""

from dataclasses import dataclass
from uuid import UUID

import structlog

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.identity.mail_tokens import BadLink, MailTokens
from workbench.notifications import commands, letters, offers
from workbench.notifications.letters import Sender
from workbench.notifications.models import AnyMail
from workbench.permissions import Permission
from workbench.storage import Storage
from workbench.worker import attaching, post
from workbench.worker.parts import Parts, now

MOST = 50
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mailroom:
    """The database, the post, and what letters are made with."""

    database: Database
    tokens: MailTokens
    sender: Sender
    post: post.Post
    storage: Storage | None = None

    @classmethod
    def of(cls, parts: Parts) -> "Mailroom":
        """The mailroom of a worker."""
        settings = parts.settings
        sender = Sender.of(settings.mail_from, settings.address)
        return cls(parts.database, parts.tokens.mail, sender, post.of(settings), parts.storage)

    async def deliver(self) -> int:
        """Try every mail that is due, one after another, and answer how many were sent."""
        async with self.database.session(_task(None)) as session:
            due = await commands.due(session, now(), MOST)
        return sum([await self._one(_task(tenant), mail_id) for tenant, mail_id in due])

    async def _one(self, actor: Actor, mail_id: UUID) -> bool:
        async with self.database.session(actor) as session:
            taken = await commands.claim(session, actor, mail_id, now(), self.sender.domain)
        if taken is None:
            return False
        said = log.bind(mail=str(taken.id), template=taken.template, attempt=taken.attempts)
        try:
            await self._send(actor, taken)
        except BadLink:
            async with self.database.session(actor) as session:
                await commands.drop(session, actor, taken)
            return False
        except post.PutOff as error:
            async with self.database.session(actor) as session:
                later = await commands.put_off(session, actor, taken, str(error), now())
            said.warning("mail_put_off" if later else "mail_given_up", reason=str(error)[:200])
            return False
        except Exception as error:  # noqa: BLE001 (a mail that cannot be written stops no other)
            async with self.database.session(actor) as session:
                await commands.give_up(session, actor, taken, str(error))
            said.warning("mail_given_up", reason=str(error)[:200])
            return False
        async with self.database.session(actor) as session:
            await commands.mark_sent(session, actor, taken, now())
        said.info("mail_sent")
        return True

    async def _send(self, actor: Actor, taken: AnyMail) -> None:
        async with self.database.session(actor) as session:
            link = await offers.link(session, actor, taken, self.tokens, now())
        letter = letters.compose(taken, self.sender, link, now())
        if self.storage is not None:
            await attaching.attach(self.database, self.storage, actor.tenant_id, taken, letter)
        await self.post.send(letter)


def _task(tenant_id: UUID | None) -> Actor:
    held = [Permission.MAIL_SEND]
    if tenant_id is not None:
        held.append(Permission.MEMBER_READ)
    return Actor.of_system("mail", *held, tenant_id=tenant_id)
