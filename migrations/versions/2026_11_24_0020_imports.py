"""Imports that append, replace or upsert: how each is read, how far it is, and what it undid.

Staging tables are typed now, so that a block of a file goes in as PostgreSQL's binary COPY and
nothing is cast again. Rows lose their index by import, which took two fifths of the time in which
they are stored: only undoing an import looks for them so, and that writes each of them anyway.
"""

from importlib import import_module

from migrations.policies import APP, definer, reader_view, run, unforced

revision = "0020"
down_revision = "0019"

OWNER = "workbench_owner"
ADD = """
alter table workbench.imports
    add column mode text not null default 'append'
        constraint ck_imports_mode check (mode in ('append', 'create', 'replace', 'upsert')),
    add column key_columns jsonb not null default '[]',
    add column reading jsonb not null default '{}',
    add column most_rejects bigint,
    add column reject_share double precision,
    add column attempt integer not null default 0,
    add column tries integer not null default 0,
    add column progress double precision,
    add column rows_read bigint not null default 0,
    add column bytes_read bigint not null default 0,
    add column bytes_total bigint not null default 0,
    add column rows_replaced bigint not null default 0,
    add column rejects_key text,
    add column started_at timestamptz,
    add column undone_at timestamptz
"""
COLUMNS = (
    *("mode", "key_columns", "reading", "most_rejects", "reject_share", "attempt", "tries"),
    *("progress", "rows_read", "bytes_read", "bytes_total", "rows_replaced", "rejects_key"),
    *("started_at", "undone_at"),
)
READ = "update workbench.imports set reading = jsonb_build_object('null_text', null_text)"
WRITE = "update workbench.imports set null_text = coalesce(reading ->> 'null_text', '')"

OPEN_STAGING = f"""
create function workbench.open_staging(import uuid, types text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    name constant text := 'i_' || replace(import::text, '-', '');
    columns text;
begin
    if workbench.tenant_with('row:write') is null then
        raise insufficient_privilege using message = 'this needs the permission row:write';
    end if;
    select string_agg(format(', c%s %s', place, case given.type
            when 'text' then 'text'
            when 'integer' then 'bigint'
            when 'number' then 'double precision'
            when 'boolean' then 'boolean'
            when 'date' then 'date'
            when 'timestamp' then 'timestamptz'
        end), '' order by place)
        into columns from unnest(types) with ordinality given (type, place);
    execute format(
        'create unlogged table staging.%1$I (line bigint not null%2$s); '
        'grant select, insert, delete on staging.%1$I to {APP}', name, columns);
end
$$
"""
INDEX = "        create index on rows.%1$I (tenant_id, import_id);\n"
BEFORE = "        alter table rows.%1$I %5$s;\n"
DEFINE_ROWS = """
do $do$
begin
    execute replace(
        pg_get_functiondef('workbench.define_rows(uuid)'::regprocedure),
        $line${before}$line$, $line${after}$line$);
end
$do$
"""
DROP_INDEXES = """
do $do$
declare
    found regclass;
begin
    for found in
        select i.indexrelid from pg_index i join pg_class c on c.oid = i.indrelid
        where c.relnamespace = 'rows'::regnamespace
            and pg_get_indexdef(i.indexrelid) like '% (tenant_id, import_id)'
    loop
        execute format('drop index %s', found);
    end loop;
end
$do$
"""
CREATE_INDEXES = """
do $do$
declare
    found regclass;
begin
    for found in
        select c.oid from pg_class c
        where c.relnamespace = 'rows'::regnamespace and c.relkind = 'r'
    loop
        execute format('create index on %s (tenant_id, import_id)', found);
    end loop;
end
$do$
"""
NEW, OLD = "workbench.open_staging(uuid, text[])", "workbench.open_staging(uuid, integer)"


def upgrade() -> None:
    """Let imports say more, stage in types, and store without an index that nobody reads."""
    run(DROP_INDEXES, DEFINE_ROWS.format(before=INDEX, after=""))
    run("drop view views.imports", ADD)
    unforced("imports", READ)
    run("alter table workbench.imports drop column null_text")
    reader_view("imports")
    run(f"drop function {OLD}", OPEN_STAGING)
    definer(NEW, OWNER, APP)


def downgrade() -> None:
    """Stage texts, and forget how imports went; the rows stay."""
    run("drop view views.imports", "alter table workbench.imports add column null_text text")
    unforced("imports", WRITE)
    run(
        "alter table workbench.imports alter column null_text set not null, "
        + ", ".join(f"drop column {name}" for name in COLUMNS)
    )
    reader_view("imports")
    before = import_module("migrations.versions.2026_11_23_0004_datasets")
    run(f"drop function {NEW}", before.OPEN_STAGING)
    definer(OLD, OWNER, APP)
    run(CREATE_INDEXES, DEFINE_ROWS.format(before=BEFORE, after=INDEX + BEFORE))
