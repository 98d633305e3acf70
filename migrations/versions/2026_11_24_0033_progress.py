"""Progress of runs, the tail of what they print, and news that reach whoever listens.

Notifications hold an id and nothing else, for everybody may listen to them. Messages of the
outbox get a position in the order in which they leave, which is that of the commits.
"""

from migrations.policies import APP, KEEPER, definer, reader_view, run, tenant_table

revision = "0033"
down_revision = "0032"

COLUMNS = (
    """
    alter table workbench.runs
        add column cells integer, add column cells_done integer, add column cell_title text
    """,
    "alter table workbench.outbox_messages add column position bigint",
    """
    create unique index uq_outbox_messages_tenant_id_position
        on workbench.outbox_messages (tenant_id, position)
    """,
    # Whose something is, of which no more than the id was heard.
    "create index ix_outbox_messages_id on workbench.outbox_messages (id)",
    "create index ix_runs_id on workbench.runs (id)",
    "create index ix_datasets_id on workbench.datasets (id)",
)
LOGS = (
    """
    create table workbench.run_logs (
        tenant_id uuid not null constraint fk_run_logs_tenant_id references workbench.tenants,
        id uuid not null,
        run_id uuid not null,
        said bigint not null default 0,
        tail text not null default '',
        constraint pk_run_logs primary key (tenant_id, id),
        constraint fk_run_logs_tenant_id_run_id
            foreign key (tenant_id, run_id) references workbench.runs on delete cascade
    )
    """,
    """
    create unique index uq_run_logs_tenant_id_run_id on workbench.run_logs (tenant_id, run_id)
    """,
)
GRANTED = """
create policy granted on workbench.run_logs for select to workbench_app, workbench_viewer using (
    tenant_id = (select workbench.actor_tenant()) and exists (
        select from workbench.runs r
        where r.tenant_id = run_logs.tenant_id and r.id = run_logs.run_id))
"""
TENANTS_OF = """
create function workbench.tenants_of(ids uuid[]) returns table (id uuid, tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select m.id, m.tenant_id from workbench.outbox_messages m where m.id = any (ids)
    union all
    select r.id, r.tenant_id from workbench.runs r where r.id = any (ids)
    union all
    select d.id, d.tenant_id from workbench.datasets d where d.id = any (ids)
$$
"""
NOTIFIERS = (
    """
    create function workbench_private.call_relay() returns trigger
    language plpgsql volatile set search_path = pg_catalog, pg_temp
    as $$
    begin
        notify workbench_due;
        return null;
    end
    $$
    """,
    """
    create function workbench_private.tell_dataset() returns trigger
    language plpgsql volatile set search_path = pg_catalog, pg_temp
    as $$
    begin
        execute format('notify workbench_datasets, %L', new.id);
        return null;
    end
    $$
    """,
    "revoke all on function workbench_private.call_relay() from public",
    "revoke all on function workbench_private.tell_dataset() from public",
    """
    create trigger call_relay after insert on workbench.outbox_messages
        for each statement execute function workbench_private.call_relay()
    """,
    """
    create trigger tell_dataset after insert or update on workbench.datasets
        for each row execute function workbench_private.tell_dataset()
    """,
)


def upgrade() -> None:
    """Keep how far each run is, order what leaves, and call whoever waits for it."""
    run("drop view views.runs", *COLUMNS, *LOGS)
    reader_view("runs")
    tenant_table("run_logs", read="run:read", write="run:start")
    run(GRANTED, TENANTS_OF, *NOTIFIERS)
    definer("workbench.tenants_of(uuid[])", KEEPER, APP)


def downgrade() -> None:
    """Forget progress and what was printed, and order nothing."""
    run(
        "drop trigger tell_dataset on workbench.datasets",
        "drop trigger call_relay on workbench.outbox_messages",
        "drop function workbench_private.tell_dataset(), workbench_private.call_relay()",
        "drop function workbench.tenants_of(uuid[])",
        "drop table workbench.run_logs",
        "drop index workbench.ix_datasets_id, workbench.ix_runs_id, "
        "workbench.ix_outbox_messages_id",
        "alter table workbench.outbox_messages drop column position",
        "drop view views.runs",
        "alter table workbench.runs drop column cells, drop column cells_done, "
        "drop column cell_title",
    )
    reader_view("runs")
