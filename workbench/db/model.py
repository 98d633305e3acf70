"""What every table class is built from."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, MetaData, Text, func, inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    Mapped,
    declared_attr,
    mapped_column,
)

from workbench.db.ids import new_id

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(DeclarativeBase):
    """A table class; it names no schema, so one statement serves tables and readers' views."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: JSONB,
    }


class Identified:
    """A platform row with an id of its own."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


class TenantOwned:
    """A row of one tenant: the tenant comes first in its key and in every foreign key to it."""

    @declared_attr
    def tenant_id(cls) -> Mapped[UUID]:  # noqa: N805 (SQLAlchemy calls it on the class)
        """The tenant that owns the row."""
        return mapped_column(ForeignKey("tenants.id"), primary_key=True, sort_order=-2)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


class Created:
    """A row that knows when it was made."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


def columns(model: type[Any], *, without: Collection[str] = ()) -> list[InstrumentedAttribute[Any]]:
    """The columns of a table class as attributes, in its order, so that the loader hook sees it."""
    hidden = {"deleted_at", "deleted_by", *without}
    return [getattr(model, a.key) for a in inspect(model).column_attrs if a.key not in hidden]
