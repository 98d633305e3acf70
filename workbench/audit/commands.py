"""Writing the audit."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit.models import AuditEntry


def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    target: str,
    *,
    tenant_id: UUID | None = None,
    **details: Any,
) -> None:
    """Note an action; it lands with the transaction or not at all.

    `tenant_id` names the tenant concerned when the actor is the platform's.
    """
    session.add(
        AuditEntry(
            tenant_id=tenant_id or actor.require_tenant(),
            subject=actor.subject,
            sid=actor.sid,
            action=action,
            target=target,
            details=details,
        )
    )
