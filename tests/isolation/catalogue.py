"""What PostgreSQL's catalogue says is there; no test of this folder names a table itself."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

OURS = ("workbench", "rows", "data", "views", "staging", "workbench_private")

# Tables of the platform: they have no tenant, and policies of their own.
PLATFORM = (
    "account_mails",
    "alembic_version",
    "audit_purges",
    "columns",
    "definitions",
    "logins",
    "operator_keys",
    "password_resets",
    "passwords",
    "purges",
    "refresh_tokens",
    "tenants",
    "users",
)

RELATIONS = """
    select n.nspname as schema, c.relname as name, c.relkind::text as kind,
        array(select a.attname::text from pg_attribute a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            order by a.attnum) as columns,
        array(select a.attname::text from pg_index i
            join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
            where i.indrelid = c.oid and i.indisprimary) as key
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any (%s) and c.relkind = any (%s)
    order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a view, with its columns and the columns of its primary key."""

    schema: str
    name: str
    kind: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def sql(self) -> sql.Composed:
        """The quoted name."""
        return sql.SQL("{}").format(sql.Identifier(self.schema, self.name))

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def rows(connection: psycopg.Connection, query: Any, *values: Any) -> list[dict[str, Any]]:
    """Run a query on the catalogue and answer its rows by column name."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, values).fetchall()


def relations(connection: psycopg.Connection, kinds: str, *schemas: str) -> list[Relation]:
    """The relations of some kinds (letters of `relkind`) in our schemas, or in those given."""
    found = rows(connection, RELATIONS, list(schemas or OURS), list(kinds))
    return [
        Relation(r["schema"], r["name"], r["kind"], tuple(r["columns"]), tuple(r["key"]))
        for r in found
    ]


def tables(connection: psycopg.Connection) -> list[Relation]:
    """Every table in our schemas."""
    return relations(connection, "rp")


def tenant_tables(connection: psycopg.Connection) -> list[Relation]:
    """Every table whose rows belong to a tenant, but for the boundary's own."""
    return [
        table
        for table in tables(connection)
        if "tenant_id" in table.columns and table.schema != "workbench_private"
    ]


def reader_views(connection: psycopg.Connection) -> list[Relation]:
    """Every view that readers see."""
    return relations(connection, "v", "data", "views")
