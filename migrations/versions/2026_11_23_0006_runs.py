"""Runs of notebooks, what they measured and what they left behind."""

from migrations.policies import APP, KEEPER, definer, kept_table, reader_view, run, tenant_table

revision = "0006"
down_revision = "0005"

TABLES = (
    """
    create table workbench.runs (
        tenant_id uuid not null constraint fk_runs_tenant_id references workbench.tenants,
        id uuid not null,
        notebook text not null,
        parameters jsonb not null,
        status text not null constraint ck_runs_status check (
            status in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out')),
        attempt integer not null default 0,
        requested_by uuid not null constraint fk_runs_requested_by references workbench.users,
        progress double precision,
        error text,
        created_at timestamptz not null default now(),
        started_at timestamptz,
        heartbeat_at timestamptz,
        finished_at timestamptz,
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_runs primary key (tenant_id, id)
    )
    """,
    """
    create index ix_runs_heartbeat_at on workbench.runs (heartbeat_at) where status = 'running'
    """,
    """
    create table workbench.metrics (
        tenant_id uuid not null constraint fk_metrics_tenant_id references workbench.tenants,
        id uuid not null,
        run_id uuid not null,
        name text not null,
        value double precision not null,
        unit text,
        budget double precision,
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_metrics primary key (tenant_id, id),
        constraint fk_metrics_tenant_id_run_id
            foreign key (tenant_id, run_id) references workbench.runs
    )
    """,
    """
    create unique index uq_metrics_tenant_id_run_id_name
        on workbench.metrics (tenant_id, run_id, name) where deleted_at is null
    """,
    """
    create table workbench.artifacts (
        tenant_id uuid not null constraint fk_artifacts_tenant_id references workbench.tenants,
        id uuid not null,
        run_id uuid not null,
        name text not null,
        media_type text not null,
        size bigint not null,
        storage_key text not null,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_artifacts primary key (tenant_id, id),
        constraint fk_artifacts_tenant_id_run_id
            foreign key (tenant_id, run_id) references workbench.runs
    )
    """,
    """
    create unique index uq_artifacts_tenant_id_run_id_name
        on workbench.artifacts (tenant_id, run_id, name) where deleted_at is null
    """,
)

RUNS_STALLED = """
create function workbench.runs_stalled(silent_since timestamptz)
returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select r.tenant_id, r.id from workbench.runs r
    where r.status = 'running' and r.heartbeat_at < silent_since
$$
"""


def upgrade() -> None:
    """Make the tables of the runs room."""
    run(*TABLES)
    for table in ("runs", "metrics", "artifacts"):
        tenant_table(table, read="run:read", write="run:start")
        reader_view(table)
    kept_table("runs")
    run(RUNS_STALLED)
    definer("workbench.runs_stalled(timestamptz)", KEEPER, APP)


def downgrade() -> None:
    """Drop the runs and what they left in the database."""
    run(
        "drop function workbench.runs_stalled(timestamptz)",
        "drop view views.artifacts, views.metrics, views.runs",
        "drop table workbench.artifacts, workbench.metrics, workbench.runs",
    )
