"""Idempotency: a request sent twice under one key is done once and answered twice.

The key is written in the transaction of the change itself. A second request under the same key
waits at the unique index until the first has ended; if that one failed, nothing was kept.
"""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Index, delete, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.model import Created, Model, TenantOwned
from workbench.errors import Conflict

KEPT = timedelta(hours=24)


class IdempotencyKey(TenantOwned, Created, Model):
    """A key that a caller chose, the hash of what was asked under it, and what was answered."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index(
            "uq_idempotency_keys_tenant_id_subject_key", "tenant_id", "subject", "key", unique=True
        ),
    )

    subject: Mapped[str] = mapped_column()
    key: Mapped[str] = mapped_column()
    request_hash: Mapped[str] = mapped_column()
    status: Mapped[int | None] = mapped_column()
    answer: Mapped[Any | None] = mapped_column(JSONB)


class KeyReused(Conflict):
    """This idempotency key was used for another request."""

    code = "idempotency_key_reused"


async def begin(
    session: AsyncSession, actor: Actor, key: str, request_hash: str, now: datetime
) -> IdempotencyKey | None:
    """Claim a key; answer what was kept when the same request was done under it before."""
    await session.execute(
        delete(IdempotencyKey).where(
            *_owned(actor), IdempotencyKey.key == key, IdempotencyKey.created_at < now - KEPT
        )
    )
    claim = insert(IdempotencyKey).values(
        tenant_id=actor.require_tenant(),
        id=new_id(),
        subject=actor.subject,
        key=key,
        request_hash=request_hash,
        created_at=now,
    )
    done = await session.execute(claim.on_conflict_do_nothing())
    if cast("CursorResult[Any]", done).rowcount:
        return None
    kept = await session.scalar(
        select(IdempotencyKey).where(*_owned(actor), IdempotencyKey.key == key)
    )
    if kept is None:
        raise Conflict("The same request is on its way; try again.")
    if kept.request_hash != request_hash:
        raise KeyReused
    return kept


async def finish(session: AsyncSession, actor: Actor, key: str, status: int, answer: Any) -> None:
    """Keep the answer with the change."""
    await session.execute(
        update(IdempotencyKey)
        .where(*_owned(actor), IdempotencyKey.key == key)
        .values(status=status, answer=answer)
    )


def _owned(actor: Actor) -> tuple[Any, ...]:
    return (
        IdempotencyKey.tenant_id == actor.require_tenant(),
        IdempotencyKey.subject == actor.subject,
    )
