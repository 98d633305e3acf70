"""The queue: procrastinate's schema, frozen at 3.10, in a schema and with a role of its own."""

from pathlib import Path

from migrations.policies import APP, definer, run

revision = "0005"
down_revision = "0004"

WORKER = "workbench_worker"

# The application may put work into the queue and count it, never read it: arguments are ids only.
ENQUEUE = """
create function workbench.enqueue(task text, in_queue text, exclusive text, ids jsonb)
returns bigint
language sql volatile security definer set search_path = queue, pg_catalog, pg_temp
as $$
    select (queue.procrastinate_defer_jobs_v1(array[
        row(in_queue, task, 0, exclusive, null, ids, null)::queue.procrastinate_job_to_defer_v1
    ]))[1]
$$
"""

QUEUE_STATE = """
create function workbench.queue_state(out waiting bigint, out running bigint, out workers bigint)
language sql stable security definer set search_path = queue, pg_catalog, pg_temp
as $$
    select
        (select count(*) from queue.procrastinate_jobs where status = 'todo'),
        (select count(*) from queue.procrastinate_jobs where status = 'doing'),
        (select count(*) from queue.procrastinate_workers
            where last_heartbeat > now() - interval '1 minute')
$$
"""


def upgrade() -> None:
    """Make the queue's tables as the worker's role owns them."""
    frozen = (Path(__file__).parent / "2026_11_23_0005_queue.sql").read_text()
    run(
        f"create schema queue authorization {WORKER}",
        f"set local role {WORKER}",
        "set local search_path = queue",
    )
    run(frozen, "reset role", "set local search_path = workbench", ENQUEUE, QUEUE_STATE)
    run(f"grant create, usage on schema workbench to {WORKER}")
    definer("workbench.enqueue(text, text, text, jsonb)", WORKER, APP)
    definer("workbench.queue_state()", WORKER, APP)
    run(f"revoke create on schema workbench from {WORKER}")


def downgrade() -> None:
    """Drop the queue and the work that waits in it."""
    run(
        "drop function workbench.enqueue(text, text, text, jsonb), workbench.queue_state()",
        "drop schema queue cascade",
        f"revoke usage on schema workbench from {WORKER}",
    )
