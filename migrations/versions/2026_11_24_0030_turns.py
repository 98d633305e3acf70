"""The queue of runs: whose turn it is, how often a run is tried, and what its attempts were.

A job of the queue names no run any more: it bids a worker to look whose turn it is.
"""

from migrations.policies import (
    APP,
    KEEPER,
    VIEWER,
    definer,
    reader_view,
    run,
    tenant_table,
    unforced,
)

revision = "0030"
down_revision = "0029"

WORKER = "workbench_worker"
RUNS = (
    "drop view views.runs",
    """
    alter table workbench.runs
        add column queue text not null default 'interactive'
            constraint ck_runs_queue check (queue in ('interactive', 'batch')),
        add column priority integer not null default 0,
        add column retries integer not null default 0,
        add column retried integer not null default 0,
        add column orders integer not null default 1,
        add column due_at timestamptz not null default now(),
        add column key text,
        add column slot integer
    """,
    """
    create index ix_runs_waiting on workbench.runs (queue, tenant_id, priority desc, id)
        where status = 'queued'
    """,
    """
    create unique index uq_runs_tenant_id_slot on workbench.runs (tenant_id, slot)
        where deleted_at is null
    """,
    """
    create unique index uq_runs_tenant_id_key on workbench.runs (tenant_id, key)
        where deleted_at is null
    """,
    "create index ix_runs_tenant_id_started_at on workbench.runs (tenant_id, started_at)",
    "create index ix_runs_tenant_id_created_at on workbench.runs (tenant_id, created_at)",
)
ATTEMPTS = (
    """
    create table workbench.attempts (
        tenant_id uuid not null constraint fk_attempts_tenant_id references workbench.tenants,
        id uuid not null,
        run_id uuid not null,
        number integer not null,
        worker text,
        started_at timestamptz not null default now(),
        ended_at timestamptz,
        outcome text constraint ck_attempts_outcome check (outcome in
            ('succeeded', 'failed', 'cancelled', 'timed_out', 'lost', 'released')),
        error text,
        deleted_at timestamptz,
        deleted_by text,
        constraint pk_attempts primary key (tenant_id, id),
        constraint fk_attempts_tenant_id_run_id
            foreign key (tenant_id, run_id) references workbench.runs on delete cascade
    )
    """,
    """
    create unique index uq_attempts_tenant_id_run_id_number
        on workbench.attempts (tenant_id, run_id, number) where deleted_at is null
    """,
)
OWN = "tenant_id = (select workbench.actor_tenant()) and "
RUN_OF = "r.tenant_id = attempts.tenant_id and r.id = attempts.run_id"
STARTED = "r.notebook = any ((select workbench.granted('run:start'))::text[])"
# Whoever may start one notebook only sees its attempts, and may end one by cancelling the run.
GRANTED = (
    f"""
    create policy granted on workbench.attempts for select to {APP}, {VIEWER}
        using ({OWN}exists (select from workbench.runs r where {RUN_OF}))
    """,
    f"""
    create policy granted_updates on workbench.attempts for update to {APP}
        using ({OWN}exists (select from workbench.runs r where {RUN_OF} and {STARTED}))
        with check ({OWN}exists (select from workbench.runs r where {RUN_OF} and {STARTED}))
    """,
)
# Ids and a slot alone. The tenant with the fewest runs at work comes first, then the one that was
# served longest ago; within a tenant, the highest priority, then the oldest. A slot is a promise
# of the index above that no tenant has more at work: what another worker has taken meanwhile is
# refused there. The last slot is never a batch's, unless there is just one.
NEXT = """
create function workbench.runs_next(queues text[], most integer, passed uuid[])
returns table (tenant_id uuid, id uuid, slot integer)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    with waiting as (
        select distinct on (r.queue, r.tenant_id) r.queue, r.tenant_id, r.id
        from workbench.runs r
        join workbench.tenants t on t.id = r.tenant_id
            and t.deleted_at is null and t.suspended_at is null
        where r.status = 'queued' and r.queue = any (queues) and r.deleted_at is null
            and r.due_at <= clock_timestamp() and r.id <> all (passed)
        order by r.queue, r.tenant_id, r.priority desc, r.id
    ), placed as (
        select w.*,
            (select count(*) from workbench.runs b
                where b.tenant_id = w.tenant_id and b.status = 'running') as busy,
            (select max(b.started_at) from workbench.runs b
                where b.tenant_id = w.tenant_id) as served_at,
            (select s from generate_series(1, case
                    when w.queue = 'batch' then greatest(most - 1, 1) else most end) s
                where not exists (select from workbench.runs b where b.tenant_id = w.tenant_id
                    and b.slot = s and b.deleted_at is null)
                order by case when w.queue = 'batch' then s else -s end limit 1) as slot
        from waiting w
    )
    select p.tenant_id, p.id, p.slot from placed p
    where p.slot is not null
    order by p.queue = 'batch', p.busy, p.served_at nulls first, p.id
    limit 1
$$
"""
ENQUEUE = """
create function workbench.enqueue_run(in_queue text, due_at timestamptz) returns bigint
language sql volatile security definer set search_path = queue, pg_catalog, pg_temp
as $$
    select (queue.procrastinate_defer_jobs_v1(array[
        row(in_queue, 'runs.take', 0, null, null, '{}', due_at)::queue.procrastinate_job_to_defer_v1
    ]))[1]
$$
"""
TAKE = """
update queue.procrastinate_jobs
set task_name = 'runs.take', queue_name = 'interactive', args = '{}'
where task_name = 'runs.execute'
"""
DROP = "delete from queue.procrastinate_jobs where task_name = 'runs.take' and status = 'todo'"
AGAIN = """
insert into queue.procrastinate_jobs (queue_name, task_name, args)
select 'runs', 'runs.execute', jsonb_build_object('tenant_id', w.tenant_id, 'run_id', w.id)
from pg_temp.waiting w
"""


def _as_worker(*statements: str) -> tuple[str, ...]:
    """Statements about jobs, whose triggers look for their tables on the search path."""
    path = "set local search_path ="
    return (
        f"set local role {WORKER}",
        f"{path} queue",
        *statements,
        "reset role",
        f"{path} workbench",
    )


def upgrade() -> None:
    """Give each run its place in a queue, and each attempt a row."""
    run(*RUNS, *ATTEMPTS, NEXT, ENQUEUE)
    reader_view("runs")
    tenant_table("attempts", read="run:read", write="run:start")
    run(*GRANTED)
    reader_view("attempts")
    definer("workbench.runs_next(text[], integer, uuid[])", KEEPER, APP)
    run(f"grant create on schema workbench to {WORKER}")
    definer("workbench.enqueue_run(text, timestamptz)", WORKER, APP)
    run(
        f"revoke create on schema workbench from {WORKER}",
        *_as_worker(TAKE),
    )


def downgrade() -> None:
    """Forget turns and attempts; what waits is executed as it was before, and batches too."""
    unforced(
        "runs",
        "create temporary table waiting on commit drop as "
        "select tenant_id, id from workbench.runs where status = 'queued' and deleted_at is null",
    )
    run(
        f"grant select on pg_temp.waiting to {WORKER}",
        *_as_worker(DROP, AGAIN),
        "drop function workbench.enqueue_run(text, timestamptz)",
        "drop function workbench.runs_next(text[], integer, uuid[])",
        "drop view views.runs, views.attempts",
        "drop table workbench.attempts",
        "drop index workbench.ix_runs_tenant_id_started_at, workbench.ix_runs_tenant_id_created_at",
        "alter table workbench.runs drop column queue, drop column priority, drop column retries, "
        "drop column retried, drop column orders, drop column due_at, drop column key, "
        "drop column slot",
    )
    reader_view("runs")
