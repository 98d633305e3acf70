"""Statements about the audit."""

from sqlalchemy import Select, select

from workbench.actor import Actor
from workbench.audit.models import AuditEntry
from workbench.permissions import Permission


def entries(actor: Actor) -> Select[AuditEntry]:
    """What happened in the actor's tenant, the newest first."""
    actor.require(Permission.AUDIT_READ)
    return (
        select(AuditEntry)
        .where(AuditEntry.tenant_id == actor.require_tenant())
        .order_by(AuditEntry.id.desc())
    )
