"""Statements about the audit."""

from typing import Any

from sqlalchemy import Select, select

from workbench.actor import Actor
from workbench.audit.models import AuditEntry
from workbench.db.model import columns
from workbench.permissions import Permission


def entries(actor: Actor) -> Select[AuditEntry]:
    """What happened in the actor's tenant, the newest first."""
    actor.require(Permission.AUDIT_READ)
    return (
        select(AuditEntry)
        .where(AuditEntry.tenant_id == actor.require_tenant())
        .order_by(AuditEntry.id.desc())
    )


def everything(actor: Actor) -> dict[str, Select[*tuple[Any, ...]]]:
    """What the room gives to an archive of the actor's tenant, by the name of the list."""
    actor.require(Permission.TENANT_EXPORT)
    found = select(*columns(AuditEntry)).where(AuditEntry.tenant_id == actor.require_tenant())
    return {"audit_entries": found.order_by(AuditEntry.id)}
