"""Datasets: definitions, each tenant's datasets, imports, rejects; the functions that run DDL."""

from migrations.policies import (
    APP,
    READERS,
    VIEWER,
    definer,
    guarded_table,
    reader_view,
    run,
    tenant_table,
)

revision = "0004"
down_revision = "0003"

OWNER = "workbench_owner"

TABLES = (
    """
    create table workbench.definitions (
        id uuid constraint pk_definitions primary key,
        name text not null constraint ck_definitions_name check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
        title text not null,
        description text not null,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text
    )
    """,
    """
    create unique index uq_definitions_name on workbench.definitions (name)
        where deleted_at is null
    """,
    """
    create table workbench.columns (
        definition_id uuid not null
            constraint fk_columns_definition_id references workbench.definitions,
        position integer not null,
        name text not null constraint ck_columns_name check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
        type text not null constraint ck_columns_type
            check (type in ('text', 'integer', 'number', 'boolean', 'date', 'timestamp')),
        title text not null,
        unit text,
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_columns primary key (definition_id, position)
    )
    """,
    """
    create table workbench.datasets (
        tenant_id uuid not null constraint fk_datasets_tenant_id references workbench.tenants,
        id uuid not null,
        definition_id uuid not null
            constraint fk_datasets_definition_id references workbench.definitions,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_datasets primary key (tenant_id, id)
    )
    """,
    """
    create unique index uq_datasets_tenant_id_definition_id
        on workbench.datasets (tenant_id, definition_id) where deleted_at is null
    """,
    """
    create table workbench.imports (
        tenant_id uuid not null constraint fk_imports_tenant_id references workbench.tenants,
        id uuid not null,
        dataset_id uuid not null,
        requested_by uuid not null constraint fk_imports_requested_by references workbench.users,
        file_name text not null,
        storage_key text not null,
        null_text text not null,
        status text not null constraint ck_imports_status check (
            status in ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled')),
        rows_loaded bigint not null default 0,
        rows_rejected bigint not null default 0,
        error text,
        created_at timestamptz not null default now(),
        finished_at timestamptz,
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_imports primary key (tenant_id, id),
        constraint fk_imports_tenant_id_dataset_id
            foreign key (tenant_id, dataset_id) references workbench.datasets
    )
    """,
    """
    create table workbench.rejects (
        tenant_id uuid not null constraint fk_rejects_tenant_id references workbench.tenants,
        id uuid not null,
        import_id uuid not null,
        line bigint not null,
        column_name text,
        value text,
        reason text not null,
        constraint pk_rejects primary key (tenant_id, id),
        constraint fk_rejects_tenant_id_import_id
            foreign key (tenant_id, import_id) references workbench.imports
    )
    """,
)

# The rows of a dataset carry no foreign key: the policy's check fixes the tenant, and a trigger
# for each row would cost more than the load itself. Their columns are not sampled: the planner's
# estimates, which EXPLAIN shows, would tell of values that only other tenants have.
DEFINE_ROWS = f"""
create function workbench.define_rows(definition uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    rows_table constant text := 'd_' || replace(definition::text, '-', '');
    name constant text := (select d.name from workbench.definitions d where d.id = definition);
    typed text;
    names text;
    unsampled text;
begin
    if workbench.platform_with('dataset:share') is not true then
        raise insufficient_privilege using message = 'this needs the permission dataset:share';
    end if;
    if to_regclass(format('views.%I', name)) is not null then
        raise duplicate_table using message = 'this name is reserved';
    end if;
    select string_agg(format('%I %s', c.name, case c.type
                when 'text' then 'text'
                when 'integer' then 'bigint'
                when 'number' then 'double precision'
                when 'boolean' then 'boolean'
                when 'date' then 'date'
                when 'timestamp' then 'timestamptz'
            end), ', ' order by c.position),
            string_agg(format('%I', c.name), ', ' order by c.position),
            string_agg(format('alter column %I set statistics 0', c.name), ', ')
        into strict typed, names, unsampled
        from workbench.columns c where c.definition_id = definition;

    execute format($ddl$
        create table rows.%1$I (
            tenant_id uuid not null,
            row_id bigint generated always as identity,
            import_id uuid not null,
            deleted_at timestamptz,
            deleted_by text,
            %2$s,
            primary key (tenant_id, row_id)
        );
        create index on rows.%1$I (tenant_id, import_id);
        alter table rows.%1$I %5$s;
        alter table rows.%1$I enable row level security;
        alter table rows.%1$I force row level security;
        grant select on rows.%1$I to {APP}, {VIEWER};
        grant insert, update, delete on rows.%1$I to {APP};
        create policy reads on rows.%1$I for select to {APP}, {VIEWER}
            using (tenant_id = (select workbench.tenant_with('row:read')));
        create policy inserts on rows.%1$I for insert to {APP}
            with check (tenant_id = (select workbench.tenant_with('row:write')));
        create policy updates on rows.%1$I for update to {APP}
            using (tenant_id = (select workbench.tenant_with('row:write')))
            with check (tenant_id = (select workbench.tenant_with('row:write')));
        create policy deletes on rows.%1$I for delete to {APP}
            using (tenant_id = (select workbench.tenant_with('row:write')));
        create view data.%3$I as
            select row_id, %4$s from rows.%1$I where deleted_at is null;
        alter view data.%3$I owner to {VIEWER};
        grant select on data.%3$I to {APP}, {READERS};
    $ddl$, rows_table, typed, name, names, unsampled);
end
$$
"""

OPEN_STAGING = f"""
create function workbench.open_staging(import uuid, width integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if workbench.tenant_with('row:write') is null then
        raise insufficient_privilege using message = 'this needs the permission row:write';
    end if;
    execute format(
        'create unlogged table staging.%1$I (line bigint not null%2$s); '
        'grant select, insert on staging.%1$I to {APP}',
        'i_' || replace(import::text, '-', ''),
        (select string_agg(format(', c%s text', n), '') from generate_series(1, width) n)
    );
end
$$
"""

CLOSE_STAGING = """
create function workbench.close_staging(import uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if workbench.tenant_with('row:write') is null then
        raise insufficient_privilege using message = 'this needs the permission row:write';
    end if;
    execute format('drop table staging.%I', 'i_' || replace(import::text, '-', ''));
end
$$
"""

TENANT_LOGIN = f"""
create function workbench.set_tenant_login(tenant uuid, verifier text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    login constant text := 'workbench_tenant_' || replace(tenant::text, '-', '');
begin
    if workbench.actor_tenant() is distinct from tenant then
        raise insufficient_privilege using message = 'this is the login of another tenant';
    end if;
    if verifier is null or verifier not like 'SCRAM-SHA-256$%' then
        raise invalid_parameter_value using message = 'a SCRAM verifier is needed';
    end if;
    if not exists (select from pg_roles where rolname = login) then
        execute format('create role %I login connection limit 20 in role {READERS}', login);
        -- So that the application can cancel what a kernel still runs when its run has ended.
        execute format('grant %I to {APP} with inherit true, set false', login);
    end if;
    -- A login may have changed its own settings, which every later kernel would begin with.
    execute format('alter role %I reset all', login);
    execute format('alter role %I in database %I reset all', login, current_database());
    execute format('alter role %I set search_path = data, views', login);
    execute format('alter role %I set client_connection_check_interval = %L', login, '1s');
    execute format('alter role %I password %L', login, verifier);
end
$$
"""

FUNCTIONS = (
    "workbench.define_rows(uuid)",
    "workbench.open_staging(uuid, integer)",
    "workbench.close_staging(uuid)",
    "workbench.set_tenant_login(uuid, text)",
)


def upgrade() -> None:
    """Make the tables of the datasets room and the functions that run DDL for it."""
    run(*TABLES)
    sharing = "(select workbench.platform_with('dataset:share'))"
    tenant_table("datasets", read="dataset:read", write="dataset:share")
    adopted = "exists (select from workbench.datasets s where s.definition_id = {})"
    guarded_table(
        "definitions",
        select=f"{adopted.format('definitions.id')} or {sharing}",
        insert=sharing,
        update=sharing,
    )
    guarded_table(
        "columns",
        select=f"{adopted.format('columns.definition_id')} or {sharing}",
        insert=sharing,
        update=sharing,
    )
    tenant_table("imports", read="import:read", write="import:start")
    tenant_table("rejects", read="import:read", write="import:start")
    for table in ("definitions", "columns", "datasets", "imports"):
        reader_view(table)
    run(
        f"grant select on workbench.definitions, workbench.columns to {OWNER}",
        f"create policy definer on workbench.definitions for select to {OWNER} using (true)",
        f"create policy definer on workbench.columns for select to {OWNER} using (true)",
        DEFINE_ROWS,
        OPEN_STAGING,
        CLOSE_STAGING,
        TENANT_LOGIN,
    )
    for function in FUNCTIONS:
        definer(function, OWNER, APP)


def downgrade() -> None:
    """Drop the room with every row that tenants loaded into it."""
    run(
        "drop schema data cascade",
        "drop schema rows cascade",
        "create schema data",
        "create schema rows",
        f"grant usage on schema data to {APP}, {READERS}",
        f"grant usage on schema rows to {APP}, {VIEWER}",
        f"grant create on schema data to {VIEWER}",
        *(
            f"drop view views.{table}"
            for table in ("imports", "datasets", "columns", "definitions")
        ),
        *(f"drop function {function}" for function in FUNCTIONS),
        "drop table workbench.rejects, workbench.imports, workbench.datasets, "
        "workbench.columns, workbench.definitions",
    )
