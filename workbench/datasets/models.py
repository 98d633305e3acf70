"""The tables of definitions, datasets and imports; rows lie in tables of their own."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workbench.db.model import Created, Identified, Model, TenantOwned
from workbench.db.soft_delete import SoftDelete

# What the values of a column mean, beyond their type; PostgreSQL checks the same list.
SEMANTICS = (
    *("category", "country", "currency", "duration", "email", "identifier", "latitude"),
    *("longitude", "money", "name", "ordinal", "percent", "phone", "place", "quantity", "url"),
)
POSITION = re.compile("(-?)([0-9]+)")
NAME = "name ~ '^[a-z][a-z0-9_]{0,62}$'"


class Definition(Identified, Created, SoftDelete, Model):
    """What a dataset is called and which columns it has.

    A private one names the only tenant that has it, and who made it; one that names none is shared,
    the same for every tenant.
    """

    __tablename__ = "definitions"
    __table_args__ = (
        CheckConstraint(NAME, name="name"),
        CheckConstraint("private_to is null or made_by is not null", name="made_by"),
        Index(
            "uq_definitions_private_to_name",
            "private_to",
            "name",
            unique=True,
            postgresql_where=text("deleted_at is null"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    private_to: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id"), index=True)
    made_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column()
    title: Mapped[str] = mapped_column()
    description: Mapped[str] = mapped_column()
    # By the positions of columns, since those are renamed: `-5,2`.
    kept: Mapped[list[str]] = mapped_column("orders", ARRAY(Text), server_default=text("'{}'"))
    columns: Mapped[list["Column"]] = relationship(order_by="Column.position", lazy="raise")

    @property
    def is_private(self) -> bool:
        """Whether one tenant alone has it."""
        return self.private_to is not None

    @property
    def orders(self) -> list[str]:
        """The orders of rows that an index keeps, as in `-delay,carrier`; all end with `row_id`.

        One of a dropped column is told again when the column is restored.
        """
        names = {str(column.position): column.name for column in self.columns}
        entries = [[POSITION.fullmatch(entry) for entry in kept.split(",")] for kept in self.kept]
        return [
            ",".join(found[1] + names[found[2]] for found in order if found)
            for order in entries
            if all(found and found[2] in names for found in order)
        ]


class Column(SoftDelete, Model):
    """A column of a definition."""

    __tablename__ = "columns"
    __table_args__ = (
        CheckConstraint(NAME, name="name"),
        CheckConstraint(
            "type in ('text', 'integer', 'number', 'boolean', 'date', 'timestamp')", name="type"
        ),
        CheckConstraint(f"semantic in {SEMANTICS}", name="semantic"),
        Index(
            "uq_columns_definition_id_name",
            "definition_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    definition_id: Mapped[UUID] = mapped_column(
        ForeignKey("definitions.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column()
    type: Mapped[str] = mapped_column()
    title: Mapped[str] = mapped_column()
    unit: Mapped[str | None] = mapped_column()
    description: Mapped[str] = mapped_column(server_default=text("''"))
    semantic: Mapped[str | None] = mapped_column()


class Dataset(TenantOwned, Created, SoftDelete, Model):
    """A tenant's own rows under a definition; PostgreSQL raises `version` with every change."""

    __tablename__ = "datasets"
    __table_args__ = (
        Index("ix_datasets_id", "id"),
        Index(
            "uq_datasets_tenant_id_definition_id",
            "tenant_id",
            "definition_id",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    definition_id: Mapped[UUID] = mapped_column(ForeignKey("definitions.id"), index=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    definition: Mapped[Definition] = relationship(lazy="raise")


class Import(TenantOwned, Created, SoftDelete, Model):
    """One file on its way into a dataset.

    `attempt` numbers every try ever made and fences what it writes; `tries` counts those since
    somebody ordered the import. `progress` lies between 0 and 1.
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(
            "status in ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled')",
            name="status",
        ),
        CheckConstraint("mode in ('append', 'create', 'replace', 'upsert')", name="mode"),
        ForeignKeyConstraint(["tenant_id", "dataset_id"], ["datasets.tenant_id", "datasets.id"]),
        ForeignKeyConstraint(["tenant_id", "file_id"], ["files.tenant_id", "files.id"]),
        ForeignKeyConstraint(["tenant_id", "rejects_id"], ["files.tenant_id", "files.id"]),
        Index("ix_imports_tenant_id_dataset_id", "tenant_id", "dataset_id"),
        Index("ix_imports_tenant_id_file_id", "tenant_id", "file_id"),
        Index("ix_imports_tenant_id_rejects_id", "tenant_id", "rejects_id"),
    )

    dataset_id: Mapped[UUID] = mapped_column()
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    file_name: Mapped[str] = mapped_column()
    file_id: Mapped[UUID] = mapped_column()
    mode: Mapped[str] = mapped_column(server_default=text("'append'"))
    key_columns: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    reading: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    most_rejects: Mapped[int | None] = mapped_column(BigInteger)
    reject_share: Mapped[float | None] = mapped_column()
    status: Mapped[str] = mapped_column()
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    progress: Mapped[float | None] = mapped_column()
    rows_read: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    bytes_read: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    bytes_total: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_loaded: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_replaced: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_rejected: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rejects_id: Mapped[UUID | None] = mapped_column()
    error: Mapped[str | None] = mapped_column()
    started_at: Mapped[datetime | None] = mapped_column()
    finished_at: Mapped[datetime | None] = mapped_column()
    undone_at: Mapped[datetime | None] = mapped_column()
    dataset: Mapped[Dataset] = relationship(lazy="raise", viewonly=True)


class Reject(TenantOwned, Model):
    """A row that an import refused, and why."""

    __tablename__ = "rejects"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "import_id"], ["imports.tenant_id", "imports.id"]),
        Index("ix_rejects_tenant_id_import_id", "tenant_id", "import_id"),
    )

    import_id: Mapped[UUID] = mapped_column()
    line: Mapped[int] = mapped_column(BigInteger)
    column_name: Mapped[str | None] = mapped_column()
    value: Mapped[str | None] = mapped_column()
    reason: Mapped[str] = mapped_column()


class Relation(Identified, Created, SoftDelete, Model):
    """A declared join: each row of a dataset meets one row of the target at most.

    That of a private dataset is its tenant's alone, and goes with either side.
    """

    __tablename__ = "relations"
    __table_args__ = (
        CheckConstraint(NAME, name="name"),
        CheckConstraint(
            "cardinality(columns) between 1 and 8 "
            "and cardinality(columns) = cardinality(target_columns)",
            name="columns",
        ),
        Index(
            "uq_relations_definition_id_name",
            "definition_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    definition_id: Mapped[UUID] = mapped_column(
        ForeignKey("definitions.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column()
    target_id: Mapped[UUID] = mapped_column(
        ForeignKey("definitions.id", ondelete="CASCADE"), index=True
    )
    private_to: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id"), index=True)
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    target_columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    target: Mapped[Definition] = relationship(lazy="raise", foreign_keys=[target_id])
