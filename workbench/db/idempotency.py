"""Idempotency: a request sent twice under one key is done once and answered twice.

The key is written in the transaction of the change itself. A second request under the same key
waits at the unique index until the first has ended; if that one failed, nothing was kept.
"""

from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Index, delete, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from workbench.actor import Actor
from workbench.db import forgetting
from workbench.db.ids import new_id
from workbench.db.model import Created, Identified, Model, TenantOwned
from workbench.errors import Conflict

KEPT = timedelta(hours=24)


class _Kept:
    """What was asked under a key, as a hash, and what was answered."""

    subject: Mapped[str] = mapped_column()
    key: Mapped[str] = mapped_column()
    request_hash: Mapped[str] = mapped_column()
    status: Mapped[int | None] = mapped_column()
    answer: Mapped[Any | None] = mapped_column(JSONB)


class IdempotencyKey(_Kept, TenantOwned, Created, Model):
    """A key that a member of a tenant chose for a request."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index(
            "uq_idempotency_keys_tenant_id_subject_key", "tenant_id", "subject", "key", unique=True
        ),
    )


class OperatorKey(_Kept, Identified, Created, Model):
    """A key that an operator of the platform chose for a request."""

    __tablename__ = "operator_keys"
    __table_args__ = (Index("uq_operator_keys_subject_key", "subject", "key", unique=True),)


Key: TypeAlias = IdempotencyKey | OperatorKey


class KeyReused(Conflict):
    """This idempotency key was used for another request."""

    code = "idempotency_key_reused"


async def begin(
    session: AsyncSession, actor: Actor, key: str, request_hash: str, now: datetime
) -> Key | None:
    """Claim a key; answer what was kept when the same request was done under it before."""
    model, owner = _kind(actor)
    own = [getattr(model, name) == value for name, value in owner.items()]
    await session.execute(
        delete(model).where(*own, model.key == key, model.created_at < now - KEPT)
    )
    claim: Any = (
        insert(model)
        .values(id=new_id(), key=key, request_hash=request_hash, created_at=now, **owner)
        .on_conflict_do_nothing()
        .returning(model.id)
    )
    if await session.scalar(claim) is not None:
        return None
    kept: Key | None = await session.scalar(select(model).where(*own, model.key == key))
    if kept is None:
        raise Conflict("The same request is on its way; try again.")
    if kept.request_hash != request_hash:
        raise KeyReused
    return kept


async def finish(session: AsyncSession, actor: Actor, key: str, status: int, answer: Any) -> None:
    """Keep the answer with the change."""
    model, owner = _kind(actor)
    own = [getattr(model, name) == value for name, value in owner.items()]
    await session.execute(
        update(model).where(*own, model.key == key).values(status=status, answer=answer)
    )


async def forget(session: AsyncSession, actor: Actor, before: datetime) -> int:
    """Forget some keys that were made before a time, a tenant's or operators'; answer how many.

    PostgreSQL lets a task of Workbench's own forget operators' keys, and nobody else.
    """
    if actor.tenant_id is None:
        return await forgetting.forget(session, OperatorKey, OperatorKey.created_at < before)
    return await forgetting.forget(
        session,
        IdempotencyKey,
        IdempotencyKey.tenant_id == actor.tenant_id,
        IdempotencyKey.created_at < before,
    )


def _kind(actor: Actor) -> tuple[type[Any], dict[str, Any]]:
    if actor.tenant_id is None:
        return OperatorKey, {"subject": actor.subject}
    return IdempotencyKey, {"tenant_id": actor.tenant_id, "subject": actor.subject}
