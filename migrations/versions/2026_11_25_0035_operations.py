"""What the operator sees of the platform: figures by functions that ask, and no tenant's row."""

from pathlib import Path

from migrations.policies import APP, KEEPER, definer, run

revision = "0035"
down_revision = "0034"

STEWARD, OWNER, WORKER = "workbench_steward", "workbench_owner", "workbench_worker"

# In the queue's own schema, which is the worker's alone; a reason is the class of an error.
TABLES = (
    """
    create table queue.workers (
        id uuid primary key,
        name text not null,
        queues text[] not null,
        hands integer not null,
        busy integer not null,
        warm integer not null,
        warm_wanted integer not null,
        started_at timestamptz not null default now(),
        seen_at timestamptz not null default now()
    )
    """,
    """
    create table queue.faults (
        job_id bigint primary key references queue.procrastinate_jobs on delete cascade,
        reason text not null,
        at timestamptz not null default now()
    )
    """,
)
# Who owns each function, and who may call it.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "workbench.require_operator()": (STEWARD, OWNER, WORKER, KEEPER),
    "workbench.platform_tenants(timestamptz)": (STEWARD, APP),
    "workbench.platform_rows()": (STEWARD, APP),
    "workbench.platform_days(timestamptz)": (STEWARD, APP),
    "workbench.platform_runs()": (STEWARD, APP),
    "workbench.platform_failures(timestamptz)": (STEWARD, APP),
    "workbench.platform_post(timestamptz)": (KEEPER, APP),
    "workbench.platform_backends()": (OWNER, APP),
    "workbench.platform_workers()": (WORKER, APP),
    "workbench.platform_jobs()": (WORKER, APP),
    "workbench.platform_failed_jobs(integer)": (WORKER, APP),
    "workbench.retry_job(bigint)": (WORKER, APP),
}


def upgrade() -> None:
    """Make the functions, and the tables in which workers write of themselves."""
    run(f"set local role {WORKER}", *TABLES, "reset role")
    run(
        f"grant create on schema workbench to {WORKER}",
        Path(__file__).with_suffix(".sql").read_text(),
    )
    for function, (owner, *callers) in FUNCTIONS.items():
        definer(function, owner, *callers)
    run(
        f"revoke create on schema workbench from {WORKER}",
        # Younger than the last migration that opened the tables to the steward.
        f"grant select on workbench.attempts to {STEWARD}",
        f"create policy steward_watches on workbench.attempts for select to {STEWARD} using (true)",
    )


def downgrade() -> None:
    """Drop what `upgrade` made; what the steward may do with attempts, purges need as well."""
    run(
        "drop policy steward_watches on workbench.attempts",
        *(f"drop function {function}" for function in reversed(FUNCTIONS)),
        "drop table queue.faults, queue.workers",
    )
