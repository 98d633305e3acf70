"""Ad-hoc SQL: what each member ran and runs, queries that are kept; and joins that are declared.

A statement that runs has a row without an end. Two unique indexes make it a slot: one for each
member, and a few for each tenant, however many processes serve them.
"""

from migrations.policies import (
    APP,
    INDEX_FOREIGN_KEYS,
    KEEPER,
    TENANT_FIRST,
    definer,
    guarded_table,
    kept_table,
    reader_view,
    run,
)

revision = "0023"
down_revision = "0022"

NAMED = "name ~ '^[a-z][a-z0-9_]{0,62}$'"
TABLES = (
    """
    create table workbench.saved_queries (
        tenant_id uuid not null
            constraint fk_saved_queries_tenant_id references workbench.tenants,
        id uuid not null,
        made_by uuid not null constraint fk_saved_queries_made_by references workbench.users,
        name text not null constraint ck_saved_queries_name check (name <> ''),
        description text not null,
        sql text not null,
        parameters jsonb not null,
        is_shared boolean not null default false,
        created_at timestamptz not null default now(),
        changed_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_saved_queries primary key (tenant_id, id)
    )
    """,
    """
    create unique index uq_saved_queries_tenant_id_made_by_name
        on workbench.saved_queries (tenant_id, made_by, name) where deleted_at is null
    """,
    """
    create table workbench.statements (
        tenant_id uuid not null constraint fk_statements_tenant_id references workbench.tenants,
        id uuid not null,
        user_id uuid not null constraint fk_statements_user_id references workbench.users,
        saved_query_id uuid,
        sql text not null,
        parameters jsonb not null,
        slot integer not null,
        label text not null,
        started_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz,
        outcome text,
        rows bigint,
        elapsed_ms double precision,
        constraint pk_statements primary key (tenant_id, id),
        constraint fk_statements_tenant_id_saved_query_id
            foreign key (tenant_id, saved_query_id) references workbench.saved_queries
    )
    """,
    """
    create unique index uq_statements_tenant_id_user_id
        on workbench.statements (tenant_id, user_id) where ended_at is null
    """,
    """
    create unique index uq_statements_tenant_id_slot
        on workbench.statements (tenant_id, slot) where ended_at is null
    """,
    """
    create index ix_statements_tenant_id_user_id_started_at
        on workbench.statements (tenant_id, user_id, started_at)
    """,
    f"""
    create table workbench.relations (
        id uuid constraint pk_relations primary key,
        definition_id uuid not null
            constraint fk_relations_definition_id references workbench.definitions,
        name text not null constraint ck_relations_name check ({NAMED}),
        target_id uuid not null
            constraint fk_relations_target_id references workbench.definitions,
        columns text[] not null,
        target_columns text[] not null,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint ck_relations_columns check (
            cardinality(columns) between 1 and 8
            and cardinality(columns) = cardinality(target_columns))
    )
    """,
    """
    create unique index uq_relations_definition_id_name
        on workbench.relations (definition_id, name) where deleted_at is null
    """,
)

# Whose server is gone without a word leaves a row that no backend bears the label of. The caller
# tells which labels there are, since it alone may see what runs; it can free slots of its own
# tenant and no others. A statement that has just begun may not bear its label yet.
END_LOST = """
create function workbench.end_lost_statements(alive text[]) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    ended bigint;
begin
    update workbench.statements s set ended_at = clock_timestamp(), outcome = 'lost'
        where s.tenant_id = workbench.actor_tenant() and s.ended_at is null
            and s.started_at < clock_timestamp() - interval '10 seconds'
            and s.label <> all (alive);
    get diagnostics ended = row_count;
    return ended;
end
$$
"""
OLD = """
create function workbench.statements_old(before timestamptz, most integer)
returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select distinct s.tenant_id from workbench.statements s
    where s.started_at < before and s.ended_at is not null
    limit most
$$
"""
FUNCTIONS = (
    "workbench.end_lost_statements(text[])",
    "workbench.statements_old(timestamptz, integer)",
)
RUNNING = "tenant_id = (select workbench.tenant_with('sql:run'))"
OWN = "tenant_id = (select workbench.actor_tenant())"
SHARING = "(select workbench.platform_with('dataset:share'))"


def upgrade() -> None:
    """Make the tables, and what looks across tenants for them."""
    run(*TABLES)
    for table in ("saved_queries", "statements"):
        run(TENANT_FIRST.format(table=table), INDEX_FOREIGN_KEYS.format(table=table))
    run(INDEX_FOREIGN_KEYS.format(table="relations"))
    # Tasks of Workbench itself are nobody, and see what all have.
    mine = "coalesce({} = (select workbench.actor_user()), true)"
    author = mine.format("made_by")
    guarded_table(
        "saved_queries",
        select=f"{RUNNING} and (is_shared or {author}) "
        "or tenant_id = (select workbench.tenant_with('tenant:export'))",
        insert=f"{RUNNING} and {author}",
        update=f"{RUNNING} and {author}",
        delete=f"{RUNNING} and {author}",
    )
    own = f"{RUNNING} and {mine.format('user_id')}"
    guarded_table("statements", select=own, insert=own, update=own, delete=own)
    kept_table("statements")
    guarded_table(
        "relations",
        select="exists (select from workbench.datasets s "
        f"where s.definition_id = relations.definition_id) or {SHARING}",
        insert=SHARING,
        update=SHARING,
    )
    reader_view("relations")
    run(
        f"grant update (ended_at, outcome) on workbench.statements to {KEEPER}",
        f"create policy ends on workbench.statements for update to {KEEPER} "
        f"using ({OWN}) with check ({OWN})",
        END_LOST,
        OLD,
    )
    for function in FUNCTIONS:
        definer(function, KEEPER, APP)


def downgrade() -> None:
    """Drop what was kept of statements, and the joins."""
    run(
        *(f"drop function {function}" for function in FUNCTIONS),
        "drop view views.relations",
        "drop table workbench.statements, workbench.saved_queries, workbench.relations",
    )
