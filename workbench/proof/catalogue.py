"""What PostgreSQL's catalogue says is there; no attempt names a table itself."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from workbench.db import roles

OURS = ("workbench", "rows", "data", "views", "staging", "workbench_private")
PRIVATE = roles.TENANT_PREFIX  # begins the schema of a tenant's private datasets; its id follows

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
    "relations",
    "tenants",
    "users",
)

# Rows of a tenant that only the platform writes, and no actor inside: who entered is not for those
# to say who are in.
WRITTEN_OUTSIDE = ("impersonations",)

# What everybody who has a dataset sees of it alike: no row of these belongs to a tenant.
SHARED = ("views.definitions", "views.columns", "views.relations")

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

VERBS = {"r": "select", "a": "insert", "w": "update", "d": "delete"}
POLICIES = r"""
    select c.oid::regclass::text as name, p.polcmd::text as verb,
        substring(coalesce(pg_get_expr(p.polqual, p.polrelid),
            pg_get_expr(p.polwithcheck, p.polrelid))
            from $$^\(tenant_id = \( SELECT workbench\.tenant_with\('([a-z:]+)'$$) as permission
    from pg_policy p join pg_class c on c.oid = p.polrelid
    where 'workbench_app'::regrole = any (p.polroles)
"""
GRANTS = """
    select format('%%s.%%s', n.nspname, c.relname) as name, g.privilege
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    cross join unnest(array['select', 'insert', 'update', 'delete']) g (privilege)
    where (n.nspname = any (%s) or n.nspname ~ '^workbench_tenant_[0-9a-f]{32}$')
        and c.relkind in ('r', 'v')
        and has_schema_privilege(%s, n.oid, 'usage')
        and has_table_privilege(%s, c.oid, g.privilege)
        and (c.relkind = 'v' or exists (
            select from pg_policy p where p.polrelid = c.oid
                and p.polcmd::text = case g.privilege when 'select' then 'r'
                    when 'insert' then 'a' when 'update' then 'w' else 'd' end))
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

    @property
    def is_view(self) -> bool:
        """Whether readers may see it; else it is a table."""
        return self.kind == "v"

    @property
    def is_of_dataset(self) -> bool:
        """Whether it is a view of a dataset's rows, shared or private."""
        return self.schema == "data" or self.is_private

    @property
    def is_private(self) -> bool:
        """Whether it is a view in the schema of one tenant."""
        return self.schema.startswith(PRIVATE)

    def is_near(self, tenant_id: UUID) -> bool:
        """Whether the kernels of a tenant may name it: it lies in no schema of another's."""
        return not self.is_private or self.schema == PRIVATE + tenant_id.hex

    @property
    def is_owned(self) -> bool:
        """Whether its rows belong to tenants."""
        return str(self) not in SHARED

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
    """Every view that all readers see."""
    return relations(connection, "v", "data", "views")


def private_views(connection: psycopg.Connection) -> list[Relation]:
    """Every view of a private dataset, whichever tenant's."""
    homes = rows(
        connection,
        "select nspname from pg_namespace where nspname ~ '^workbench_tenant_[0-9a-f]{32}$'",
    )
    return relations(connection, "v", *(home["nspname"] for home in homes)) if homes else []


def needed(connection: psycopg.Connection) -> dict[tuple[str, str], str]:
    """The permission that the application's policy asks, by table and privilege.

    Only policies that ask for one permission and nothing else are told here.
    """
    found = rows(connection, POLICIES)
    single = {(p["name"], VERBS[p["verb"]]): p["permission"] for p in found if p["permission"]}
    many = [(p["name"], VERBS[p["verb"]]) for p in found]
    return {place: need for place, need in single.items() if many.count(place) == 1}


def granted(connection: psycopg.Connection, role: str) -> set[tuple[str, str]]:
    """What a login may try on which table or view, by the grants and with a policy that lets it."""
    found = rows(connection, GRANTS, list(OURS), role, role)
    return {(r["name"], r["privilege"]) for r in found}
