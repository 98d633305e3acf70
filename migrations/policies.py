"""What makes a table a tenant's: forced row-level security, policies, grants, readers' views.

Landed migrations call these functions, so what one of them emits never changes; a new need is a
new function.
"""

from typing import Any

from alembic import op
from psycopg.errors import Diagnostic

APP, READERS, VIEWER, KEEPER = (
    "workbench_app",
    "workbench_readers",
    "workbench_viewer",
    "workbench_keeper",
)


# A foreign key without the tenant could point at another tenant's row, and tell that it exists.
TENANT_FIRST = """
do $$
declare
    wrong constant text := (
        select string_agg(c.conname, ', ')
        from pg_constraint c
        join pg_attribute t on t.attrelid = c.conrelid and t.attname = 'tenant_id'
        where c.conrelid = 'workbench.{table}'::regclass
            and case c.contype
                when 'p' then c.conkey[1] <> t.attnum
                when 'f' then t.attnum <> all (c.conkey) and exists (
                    select from pg_attribute other
                    where other.attrelid = c.confrelid and other.attname = 'tenant_id')
                else false
            end
    );
begin
    if wrong is not null then
        raise exception 'these keys of {table} leave the tenant out: %', wrong;
    end if;
end
$$
"""
INDEX_FOREIGN_KEYS = """
do $$
declare
    columns text[];
begin
    for columns in
        select array_agg(a.attname order by k.place)
        from pg_constraint c
        cross join unnest(c.conkey) with ordinality k (attnum, place)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
        where c.conrelid = 'workbench.{table}'::regclass and c.contype = 'f'
            and not exists (
                select from pg_index i
                where i.indrelid = c.conrelid and i.indpred is null
                    and (i.indkey::smallint[])[0 : cardinality(c.conkey) - 1] = c.conkey)
        group by c.oid
    loop
        execute format('create index %I on workbench.{table} (%s)',
            'ix_{table}_' || array_to_string(columns, '_'),
            (select string_agg(quote_ident(name), ', ') from unnest(columns) name));
    end loop;
end
$$
"""


def run(*statements: str) -> None:
    """Execute statements one after another, as they stand: `%` is no placeholder.

    A warning is an error: a GRANT that grants nothing does no more than warn.
    """
    connection: Any = op.get_bind().connection.driver_connection
    warnings: list[str | None] = []

    def note(notice: Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            warnings.append(notice.message_primary)

    connection.add_notice_handler(note)
    for statement in statements:
        connection.execute(statement)
        if warnings:
            message = f"{warnings}: {statement}"
            raise RuntimeError(message)
    connection.remove_notice_handler(note)


def tenant_table(table: str, *, read: str, write: str, purge: bool = True) -> None:
    """Guard a table with a tenant: `read` to see a row, `write` to make, change or purge it.

    Its keys must begin with the tenant; a foreign key that no index serves gets one.
    """
    run(TENANT_FIRST.format(table=table), INDEX_FOREIGN_KEYS.format(table=table))
    using = f"tenant_id = (select workbench.tenant_with('{read}'))"
    check = f"tenant_id = (select workbench.tenant_with('{write}'))"
    guarded_table(table, select=using, insert=check, update=check, delete=check if purge else None)


def guarded_table(
    table: str,
    *,
    select: str,
    insert: str | None = None,
    update: str | None = None,
    delete: str | None = None,
) -> None:
    """Force row-level security with one condition for each verb; a verb without one is refused."""
    run(
        f"alter table workbench.{table} enable row level security",
        f"alter table workbench.{table} force row level security",
        f"grant select on workbench.{table} to {APP}, {VIEWER}",
        f"create policy reads on workbench.{table} for select to {APP}, {VIEWER} using ({select})",
    )
    for verb, condition in (("insert", insert), ("update", update), ("delete", delete)):
        if condition is None:
            continue
        clause = {
            "insert": f"with check ({condition})",
            "update": f"using ({condition}) with check ({condition})",
            "delete": f"using ({condition})",
        }[verb]
        run(
            f"grant {verb} on workbench.{table} to {APP}",
            f"create policy {verb}s on workbench.{table} for {verb} to {APP} {clause}",
        )


def kept_table(table: str) -> None:
    """Let the keeper's functions look for rows of every tenant."""
    run(
        f"grant select on workbench.{table} to {KEEPER}",
        f"create policy keeper on workbench.{table} for select to {KEEPER} using (true)",
    )


def reader_view(table: str) -> None:
    """Show a table's live rows to readers, through a view that its policies still filter.

    The columns are not sampled: the planner's estimates, which EXPLAIN shows, would tell of values
    that only other tenants have.
    """
    run(
        f"""
        do $$ begin execute (
            select 'alter table workbench.{table} '
                || string_agg(format('alter column %I set statistics 0', a.attname), ', ')
            from pg_attribute a
            where a.attrelid = 'workbench.{table}'::regclass and a.attnum > 0
                and not a.attisdropped
        ); end $$
        """,
        f"create view views.{table} with (security_barrier) as "
        f"select * from workbench.{table} where deleted_at is null",
        f"alter view views.{table} owner to {VIEWER}",
        f"grant select on views.{table} to {READERS}",
    )


def unforced(table: str, backfill: str) -> None:
    """Change rows of every tenant as the owner, whom policies bind at any other time."""
    run(
        f"alter table workbench.{table} no force row level security",
        backfill,
        f"alter table workbench.{table} force row level security",
    )


def definer(signature: str, owner: str, *callers: str) -> None:
    """Give a definer function to its owner, and to its callers alone the right to call it."""
    run(
        f"alter function {signature} owner to {owner}",
        f"set local role {owner}",  # only a function's owner can say who may call it
        f"revoke all on function {signature} from public",
        *(f"grant execute on function {signature} to {caller}" for caller in callers),
        "reset role",
    )


def called_by(signature: str, *callers: str) -> None:
    """Let callers alone call a function that runs with their own rights."""
    run(
        f"revoke all on function {signature} from public",
        *(f"grant execute on function {signature} to {caller}" for caller in callers),
    )


def append_only(table: str) -> None:
    """Refuse every UPDATE, DELETE and TRUNCATE, the owner's too, but for a purge's DELETE."""
    keep = "execute function workbench_private.keep_audit()"
    run(
        f"create trigger keep_rows before delete on workbench.{table} for each row {keep}",
        f"create trigger keep before update or truncate on workbench.{table} "
        f"for each statement {keep}",
    )
