"""One row in every table for a tenant, made of what the catalogue says about the columns."""

from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from workbench.proof import catalogue
from workbench.proof.catalogue import Relation

# What a check constraint asks for; a new table with such a check adds its line here. `{}` stands
# for the tenant.
CHOSEN: dict[tuple[str, str], Any] = {
    ("account_mails", "status"): "queued",
    ("api_tokens", "scope"): ["row:read"],
    ("grants", "dataset_id"): None,
    ("grants", "filter"): None,
    ("grants", "kind"): "notebook",
    ("grants", "masks"): Jsonb({}),
    ("grants", "membership_id"): None,
    ("attempts", "outcome"): "succeeded",
    ("grants", "name"): "of-{}",
    ("grants", "permissions"): ["run:read"],
    ("exports", "status"): "queued",
    ("files", "kind"): "upload",
    ("files", "sha256"): "0" * 64,
    ("impersonations", "role"): "viewer",
    ("imports", "key_columns"): Jsonb([]),
    ("imports", "mode"): "append",
    ("imports", "reading"): Jsonb({}),
    ("imports", "status"): "queued",
    ("invitations", "role"): "viewer",
    ("logins", "ended_reason"): "signed_out",
    ("mails", "status"): "queued",
    ("memberships", "role"): "viewer",
    ("roles", "name"): "of-{}",
    ("roles", "permissions"): ["run:read"],
    ("runs", "after"): [],
    ("runs", "queue"): "batch",
    ("runs", "status"): "queued",
    ("saved_queries", "parameters"): Jsonb({}),
    ("notices", "event"): "run_failed",
    ("schedules", "catch_up"): 1,
    ("schedules", "parameters"): Jsonb({}),
    ("schedules", "recipients"): Jsonb([]),
    ("schedules", "next_at"): None,
    ("subscriptions", "channel"): "app",
    ("subscriptions", "event"): "run_failed",
    ("uploads", "kind"): "upload",
    ("uploads", "sha256"): "0" * 64,
}
# What holds no row of a tenant that lives: the schema's revision, the records of purges.
LEFT_OUT = ("workbench.alembic_version", "workbench.purges")
LEFT_EMPTY = ("deleted_at", "deleted_by")  # else no view would show the row

COLUMNS = """
    select a.attname as name, format_type(a.atttypid, null) as type
    from pg_attribute a
    where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped
        and a.attidentity = '' and a.attgenerated = '' order by a.attnum
"""
PARENTS = """
    select c.confrelid::regclass::text as parent,
        array(select a.attname::text from unnest(c.conkey) with ordinality k (number, place)
            join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number
            order by k.place) as columns,
        array(select a.attname::text from unnest(c.confkey) with ordinality k (number, place)
            join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.number
            order by k.place) as referred
    from pg_constraint c where c.contype = 'f' and c.conrelid = %s::regclass
"""
Row = dict[str, Any]


def plant(superuser: psycopg.Connection, tenant_id: UUID, given: dict[str, Row]) -> dict[str, Row]:
    """Plant a row in every table that has none in `given`; answer the rows by table name."""
    planted = dict(given)
    tables = {str(t): t for t in catalogue.tables(superuser) if t.schema in ("workbench", "rows")}
    parents = {name: catalogue.rows(superuser, PARENTS, name) for name in tables}
    order = TopologicalSorter({n: {p["parent"] for p in found} for n, found in parents.items()})
    for name in order.static_order():
        if name not in planted and name not in LEFT_OUT:
            planted[name] = _plant(superuser, tables[name], tenant_id, parents[name], planted)
    return planted


def _plant(
    superuser: psycopg.Connection,
    table: Relation,
    tenant_id: UUID,
    parents: list[Row],
    planted: dict[str, Row],
) -> Row:
    row = {
        column["name"]: _value(table.name, column["name"], column["type"], tenant_id)
        for column in catalogue.rows(superuser, COLUMNS, str(table))
    }
    for parent in parents:
        for column, referred in zip(parent["columns"], parent["referred"], strict=True):
            if (table.name, column) not in CHOSEN:
                row[column] = planted[parent["parent"]][referred]
    statement = insert(table, row) + sql.SQL(" returning *")
    kept = catalogue.rows(superuser, statement, *row.values())[0]
    return {name: Jsonb(v) if isinstance(v, dict) else v for name, v in kept.items()}


def insert(table: Relation, row: Row) -> sql.Composed:
    """The statement that inserts a row, with a placeholder for each value."""
    return sql.SQL("insert into {} ({}) {} values ({})").format(
        table.sql,
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL("overriding system value" if "row_id" in row else ""),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )


def _value(table: str, column: str, kind: str, tenant_id: UUID) -> Any:
    if column in LEFT_EMPTY:
        return None
    if column == "tenant_id":
        return tenant_id
    if column == "position":  # part of a key, and so not the same for every tenant
        return tenant_id.int % 2**40
    if (table, column) in CHOSEN:
        chosen = CHOSEN[table, column]
        return chosen.format(tenant_id) if isinstance(chosen, str) else chosen
    now = datetime.now(UTC)
    return {
        "uuid": uuid4(),
        "text": f"of {tenant_id}",
        "jsonb": Jsonb({"of": str(tenant_id)}),
        "timestamp with time zone": now,
        "date": now.date(),
        "boolean": True,
        "bytea": tenant_id.bytes,
    }.get(kind, 1)
