"""What a tenant uses, for the platform's operator: figures only, and no row."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.permissions import Permission

OPEN = text("select workbench.open_to_steward()")
USAGE = text("select * from workbench.tenant_usage(:tenant)")


@dataclass(frozen=True, slots=True)
class Usage:
    """Figures of one tenant; rows are counted, their bytes follow from the width of some."""

    rows: int
    row_bytes: int
    imports: int
    runs: int
    run_minutes: float
    members: int
    last_activity: datetime | None


async def of(session: AsyncSession, actor: Actor, tenant_id: UUID) -> Usage:
    """Count what a tenant has; rows by the index on the tenant, never through the whole table."""
    actor.require(Permission.PLATFORM_READ)
    await session.execute(OPEN)
    found = (await session.execute(USAGE, {"tenant": tenant_id})).one()
    return Usage(
        rows=found.rows_held,
        row_bytes=found.row_bytes,
        imports=found.imports,
        runs=found.runs,
        run_minutes=round(found.run_seconds / 60, 2),
        members=found.members,
        last_activity=found.last_activity,
    )
