"""What waits in the queue is executed after an upgrade, and after a downgrade too."""

from tests.isolation.conftest import made
from tests.migrations.test_attached import move
from workbench.db.embedded import Embedded
from workbench.settings import Settings

BEFORE = "0029"
JOBS = """
select queue_name, task_name, args ->> 'run_id' from queue.procrastinate_jobs
where task_name like 'runs.%' and status = 'todo' order by 3
"""


async def test_waiting_runs_keep_a_job(settings: Settings, migrated: Embedded) -> None:
    """Each of two tenants has a run that waits; jobs name runs before, and nothing afterwards."""
    async with made(settings, migrated, "turns_round") as world:
        run = world.superuser.execute
        run("delete from queue.procrastinate_jobs")
        run("update workbench.runs set status = 'queued', slot = null, deleted_at = null")
        waiting = run("select id::text from workbench.runs order by 1").fetchall()
        assert len(waiting) == 2
        move(world, BEFORE)
        assert run(JOBS).fetchall() == [("runs", "runs.execute", id_) for (id_,) in waiting]
        move(world, "head")
        assert run(JOBS).fetchall() == [("interactive", "runs.take", None)] * 2
