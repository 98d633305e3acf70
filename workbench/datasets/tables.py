"""The tables and views of rows, as values that statements are made of.

Their names come from definitions that PostgreSQL has checked, never from a request.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, TableClause, Text, Uuid, column, table

from workbench.actor import Actor
from workbench.datasets.column_types import TYPES
from workbench.datasets.models import Definition
from workbench.db import roles

ROW_ID = "row_id"
SHARED = "data"
# Names that a dataset's table or PostgreSQL itself uses already.
RESERVED = frozenset(
    {
        *("tenant_id", ROW_ID, "import_id", "deleted_at", "deleted_by"),
        *("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"),
    }
)


def view(actor: Actor, definition: Definition) -> TableClause:
    """The view of the actor's live rows, with `row_id` before the columns.

    It is `data.<name>`, for a private dataset the one in its tenant's own schema, or the one in
    the actor's lens when the actor sees part of the dataset.
    """
    schema = schema_of(actor, definition)
    columns = [column(entry.name, TYPES[entry.type].sql) for entry in definition.columns]
    return table(definition.name, column(ROW_ID, BigInteger()), *columns, schema=schema)


def schema_of(actor: Actor, definition: Definition) -> str | None:
    """The schema of the view of the actor's rows."""
    return actor.lens if actor.sees_part(definition.id) else home(definition.private_to)


def home(tenant_id: UUID | None) -> str:
    """The schema of a tenant's private views, or the one of the views of shared datasets.

    It is called as the login of the tenant's kernels.
    """
    return SHARED if tenant_id is None else roles.tenant_login(tenant_id)


def rows(definition: Definition) -> TableClause:
    """The table that the application writes."""
    return table(
        f"d_{definition.id.hex}",
        column("tenant_id", Uuid()),
        column(ROW_ID, BigInteger()),
        column("import_id", Uuid()),
        column("deleted_at", DateTime(timezone=True)),
        column("deleted_by", Text()),
        *(column(entry.name, TYPES[entry.type].sql) for entry in definition.columns),
        schema="rows",
    )


def staging(import_id: UUID, types: Sequence[str]) -> TableClause:
    """The staging table of an import: the line in the file, and each cell in its column's type."""
    cells = [column(f"c{place}", TYPES[name].sql) for place, name in enumerate(types, start=1)]
    return table(f"i_{import_id.hex}", column("line", BigInteger()), *cells, schema="staging")


def types(definition: Definition) -> dict[str, str]:
    """The type of each column that a question may name, `row_id` among them."""
    return {ROW_ID: "integer"} | {entry.name: entry.type for entry in definition.columns}
