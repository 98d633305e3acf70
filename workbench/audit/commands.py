"""Writing the audit, sealing it, and purging what is old."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import (
    FromClause,
    Insert,
    Text,
    Uuid,
    bindparam,
    cast,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit.models import AuditEntry
from workbench.db.ids import new_id
from workbench.permissions import Permission

MAX_TEXT = 4000  # characters of a statement or a question that an entry keeps
BATCH = 1000
SEAL = text("select workbench.seal_audit(:most)")
DUE = text("select tenant_id from workbench.audit_due(:most)")
PURGE = text("select workbench.purge_audit(:tenant, :upto)")


def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    target: str,
    *,
    tenant_id: UUID | None = None,
    rows: int | None = None,
    run_id: UUID | None = None,
    **details: Any,
) -> None:
    """Note an action; it lands with the transaction or not at all.

    `tenant_id` names the tenant concerned when the actor is the platform's, `rows` counts what
    was read or changed. PostgreSQL fills `run_id` in for whoever acts through a run.
    """
    session.add(
        AuditEntry(
            tenant_id=tenant_id or actor.require_tenant(),
            subject=actor.subject,
            sid=actor.sid,
            action=action,
            target=target,
            details=details,
            rows=rows,
            run_id=run_id,
        )
    )


def recording(
    actor: Actor, action: str, target: str, source: FromClause, *, rows: Any, **details: Any
) -> Insert:
    """Note an action as a statement, for each row of a source: to be part of one that reads."""
    values = {
        "tenant_id": bindparam("tenant", actor.require_tenant(), Uuid()),
        "id": bindparam("entry", new_id(), Uuid()),
        "subject": bindparam("subject", actor.subject, Text()),
        "sid": bindparam("sid", actor.sid, Uuid()),
        "action": literal(action, Text()),
        "target": bindparam("target", target, Text()),
        "details": cast(bindparam("details", json.dumps(details), Text()), JSONB),
        "rows": rows,
    }
    return insert(AuditEntry).from_select([*values], select(*values.values()).select_from(source))


def kept(statement: str, most: int = MAX_TEXT) -> str:
    """The text of a statement or a question as an entry can keep it."""
    return statement[:most].encode(errors="replace").decode().replace("\0", "\ufffd")


def sealer(tenant_id: UUID) -> Actor:
    """The system's actor that seals and checks a tenant's audit."""
    held = (Permission.AUDIT_READ, Permission.AUDIT_SEAL)
    return Actor.of_system("audit", *held, tenant_id=tenant_id)


async def due(session: AsyncSession, most: int) -> list[UUID]:
    """The tenants with entries that wait to be sealed."""
    return list(await session.scalars(DUE, {"most": most}))


async def seal(session: AsyncSession, actor: Actor, most: int = BATCH) -> int:
    """Give waiting entries of the actor's tenant their places in the chain; answer how many.

    Entries commit in another order than that of their ids, so each waits by name until a batch
    takes it. Whoever writes an entry waits for nobody; a second sealer waits for the first.
    """
    actor.require(Permission.AUDIT_SEAL)
    actor.require(Permission.AUDIT_READ)
    return await session.scalar(SEAL, {"most": most}) or 0


async def purge(
    session: AsyncSession, actor: Actor, tenant_id: UUID, *, upto: int | None = None
) -> int:
    """Remove a tenant's entries for good, up to a position or all; answer how many went.

    What stays, also when the tenant is gone, is a row of `audit_purges`: the last position that
    was purged and the hash there. The next link continues from it, as if nothing were missing,
    and a check begins there. Seal first what is to be counted: without `upto`, entries that still
    wait go without a trace.
    """
    actor.require(Permission.TENANT_PURGE)
    return await session.scalar(PURGE, {"tenant": tenant_id, "upto": upto}) or 0
