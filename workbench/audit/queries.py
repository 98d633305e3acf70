"""Statements about the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Label, Select, Text, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from workbench.actor import Actor
from workbench.audit.models import AuditEntry, AuditLink, AuditPurge, AuditSeal
from workbench.db.model import columns
from workbench.permissions import Permission

IS_LINKED = and_(AuditEntry.tenant_id == AuditLink.tenant_id, AuditEntry.id == AuditLink.entry_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries are asked for; what is None or empty leaves the choice open.

    `about` names beginnings of actions, such as `member`; `sought` is part of an action, of a
    target or of the details.
    """

    action: str | None = None
    subject: str | None = None
    target: str | None = None
    about: tuple[str, ...] = ()
    sought: str = ""
    run_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(actor: Actor, wanted: Wanted | None = None) -> Select[AuditEntry]:
    """What happened in the actor's tenant, the newest first; `until` is the first time left out."""
    actor.require(Permission.AUDIT_READ)
    statement = (
        select(AuditEntry)
        .where(AuditEntry.tenant_id == actor.require_tenant())
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    )
    wanted = wanted or Wanted()
    for name in ("action", "subject", "target", "run_id"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(AuditEntry, name) == value)
    if wanted.about:
        begun = (AuditEntry.action.startswith(f"{b}.", autoescape=True) for b in wanted.about)
        statement = statement.where(or_(*begun))
    if wanted.sought:
        texts = (AuditEntry.action, AuditEntry.target, cast(AuditEntry.details, Text))
        found = (each.icontains(wanted.sought, autoescape=True) for each in texts)
        statement = statement.where(or_(*found))
    return statement.where(*_between(wanted.since, wanted.until))


def entry(actor: Actor, entry_id: UUID) -> Select[AuditEntry]:
    """One entry of the actor's tenant."""
    return entries(actor).where(AuditEntry.id == entry_id)


def last_acts(actor: Actor, subjects: Sequence[str]) -> Select[str, datetime | None]:
    """When some subjects did something in the actor's tenant last; one look at an index for each.

    What they do elsewhere is not the tenant's to know.
    """
    actor.require(Permission.AUDIT_READ)
    named = func.unnest(cast(list(subjects), ARRAY(Text))).column_valued("named")
    last = (
        select(AuditEntry.at)
        .where(AuditEntry.tenant_id == actor.require_tenant(), AuditEntry.subject == named)
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(named, last)


def sealed(actor: Actor, *, after: int = 0, limit: int | None = None) -> Select[*tuple[Any, ...]]:
    """The chain from a position on: every link, with its entry's fields or None where it is gone.

    `details` is the very text that was hashed; `seal` is the hash of a seal at this position.
    """
    actor.require(Permission.AUDIT_READ)
    tenant_id = actor.require_tenant()
    columns = [
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.subject,
        AuditEntry.sid,
        AuditEntry.action,
        AuditEntry.target,
        AuditEntry.run_id,
        AuditEntry.rows,
        cast(AuditEntry.details, Text).label("details"),
    ]
    return (
        select(
            AuditLink.tenant_id,
            AuditLink.position,
            AuditLink.hash,
            AuditSeal.hash.label("seal"),
            *columns,
        )
        .outerjoin(AuditEntry, IS_LINKED)
        .outerjoin(
            AuditSeal,
            and_(
                AuditSeal.tenant_id == AuditLink.tenant_id,
                AuditSeal.position == AuditLink.position,
            ),
        )
        .where(AuditLink.tenant_id == tenant_id, AuditLink.position > after)
        .order_by(AuditLink.position)
        .limit(limit)
    )


def link_at(actor: Actor, position: int) -> Select[AuditLink]:
    """The link at a position."""
    actor.require(Permission.AUDIT_READ)
    return select(AuditLink).where(
        AuditLink.tenant_id == actor.require_tenant(), AuditLink.position == position
    )


def span(actor: Actor, since: datetime | None, until: datetime | None) -> Select[int, int, int]:
    """The first and the last position with an entry of that time, and how many there are."""
    actor.require(Permission.AUDIT_READ)
    first = func.coalesce(func.min(AuditLink.position), 1)
    last = func.coalesce(func.max(AuditLink.position), 0)
    return (
        select(first, last, last - first + 1)
        .join(AuditEntry, IS_LINKED)
        .where(AuditLink.tenant_id == actor.require_tenant(), *_between(since, until))
    )


def last_seal(actor: Actor) -> Select[AuditSeal]:
    """Where the chain of the actor's tenant ended at the last sealing."""
    actor.require(Permission.AUDIT_READ)
    return (
        select(AuditSeal)
        .where(AuditSeal.tenant_id == actor.require_tenant())
        .order_by(AuditSeal.position.desc())
        .limit(1)
    )


def last_purge(actor: Actor) -> Select[AuditPurge]:
    """Where the purged part of the chain of the actor's tenant ended."""
    actor.require(Permission.AUDIT_READ)
    return (
        select(AuditPurge)
        .where(AuditPurge.tenant == str(actor.require_tenant()))
        .order_by(AuditPurge.position.desc())
        .limit(1)
    )


def unsealed(actor: Actor) -> Select[UUID]:
    """The entries that have no place in the chain yet, the oldest first."""
    actor.require(Permission.AUDIT_READ)
    return (
        select(AuditEntry.id)
        .outerjoin(AuditLink, IS_LINKED)
        .where(AuditEntry.tenant_id == actor.require_tenant(), AuditLink.entry_id.is_(None))
        .order_by(AuditEntry.id)
    )


def _between(since: datetime | None, until: datetime | None) -> list[Any]:
    conditions = []
    if since is not None:
        conditions.append(AuditEntry.at >= since)
    if until is not None:
        conditions.append(AuditEntry.at < until)
    return conditions


def everything(actor: Actor) -> dict[str, Select[*tuple[Any, ...]]]:
    """What the room gives to an archive of the actor's tenant, by the name of the list."""
    actor.require(Permission.TENANT_EXPORT)
    tenant_id = actor.require_tenant()
    return {
        "audit_entries": select(*columns(AuditEntry))
        .where(AuditEntry.tenant_id == tenant_id)
        .order_by(AuditEntry.id),
        "audit_links": select(*columns(AuditLink, without={"hash"}), _hex(AuditLink.hash))
        .where(AuditLink.tenant_id == tenant_id)
        .order_by(AuditLink.position),
        "audit_seals": select(*columns(AuditSeal, without={"hash"}), _hex(AuditSeal.hash))
        .where(AuditSeal.tenant_id == tenant_id)
        .order_by(AuditSeal.position),
    }


def _hex(hash_: InstrumentedAttribute[bytes]) -> Label[str]:
    return func.encode(hash_, "hex").label("hash")
