"""Statements about mails."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, text

from workbench.actor import Actor
from workbench.notifications.models import AccountMail, Mail, Status
from workbench.permissions import Permission

DUE = text("select tenant_id, id from workbench.mails_due(:at, :most)")


def kind(actor: Actor) -> type[Mail] | type[AccountMail]:
    """The table of the actor's mails: its tenant's, or the accounts' on the platform."""
    return AccountMail if actor.tenant_id is None else Mail


def one(actor: Actor, mail_id: UUID) -> list[ColumnElement[bool]]:
    """The conditions that name one of the actor's mails."""
    if actor.tenant_id is None:
        return [AccountMail.id == mail_id]
    return [Mail.tenant_id == actor.tenant_id, Mail.id == mail_id]


def due_mail(actor: Actor, mail_id: UUID, now: datetime) -> Select[Any]:
    """A mail that waits and may be tried now, locked; nothing while another worker has it."""
    actor.require(Permission.MAIL_SEND)
    model = kind(actor)
    return (
        select(model)
        .where(*one(actor, mail_id), model.status == Status.QUEUED, model.next_attempt_at <= now)
        .with_for_update(skip_locked=True)
    )
