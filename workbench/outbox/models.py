"""The table of outbox messages."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from workbench.db.model import Created, Model, TenantOwned


class OutboxMessage(TenantOwned, Created, Model):
    """Something that happened and that others are to hear of; the payload holds ids only.

    What has left has a position: whoever has seen one has seen all of the tenant's before it.
    """

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index("ix_outbox_messages_id", "id"),
        Index("uq_outbox_messages_tenant_id_position", "tenant_id", "position", unique=True),
        Index(
            "ix_outbox_messages_created_at",
            "created_at",
            postgresql_where=text("sent_at is null"),
        ),
    )

    topic: Mapped[str] = mapped_column()
    payload: Mapped[dict[str, Any]] = mapped_column()
    sent_at: Mapped[datetime | None] = mapped_column()
    position: Mapped[int | None] = mapped_column(BigInteger)
