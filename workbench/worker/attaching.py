"""The report that goes with a mail, read when the mail is sent."""

import asyncio
from email.message import EmailMessage
from uuid import UUID

from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import NotFound
from workbench.identity.mail_tokens import BadLink
from workbench.notifications.models import AnyMail, Template
from workbench.permissions import Permission
from workbench.runs import artifacts, queries
from workbench.storage import Storage

REPORT = "report.html"
LARGEST = 5 * 1024 * 1024  # what mail servers commonly take; a larger one is behind the link


async def attach(
    database: Database, storage: Storage, tenant_id: UUID | None, mail: AnyMail, to: EmailMessage
) -> None:
    """Attach the report that a mail is about, if there is one and it is not too large.

    Raise BadLink when the run is not the person's any more: somebody else has repeated it since,
    and what it shows now is for that one.
    """
    if mail.template != Template.REPORT or tenant_id is None:
        return
    held = (Permission.RUN_READ, Permission.FILE_READ)
    actor = Actor.of_system("mail", *held, tenant_id=tenant_id)
    async with database.session(actor) as session:
        run = await session.scalar(queries.run(actor, UUID(mail.details["run"])))
        if run is None or run.requested_by != mail.user_id:
            raise BadLink
        found = await session.scalar(queries.artifact(actor, run.id, REPORT))
        if found is None or found.size > LARGEST:
            return
        key = await artifacts.place(session, actor, found)
    try:
        data = await asyncio.to_thread(_read, storage, key)
    except NotFound:
        return
    to.add_attachment(
        data, maintype="text", subtype="html", filename=REPORT, params={"charset": "utf-8"}
    )


def _read(storage: Storage, key: str) -> bytes:
    with storage.read(key) as file:
        return file.read()
