"""Jobs of jupyter-scheduler, one after the other, by a Python that has it installed.

    PYTHON -I tests/benchmarks/scheduler.py FOLDER

Each line of the input names a notebook in the folder; each line of the output tells the seconds
from the order until the job is completed with an HTML page made, as a server of Jupyter's does it.
Nothing here is Workbench's, whose environment need not have that package.
"""

import sys
import time
from importlib import import_module
from pathlib import Path

LOOK_SECONDS = 0.02


def main(folder: str) -> None:
    """Execute what the input names."""
    scheduling, orm, models, environments = (
        import_module(f"jupyter_scheduler.{name}")
        for name in ("scheduler", "orm", "models", "environments")
    )
    database = f"sqlite:///{Path(folder) / 'jobs.sqlite'}"
    orm.create_tables(database)
    scheduler = scheduling.Scheduler(
        root_dir=folder,
        environments_manager=environments.StaticEnvironmentManager(),
        db_url=database,
    )
    for line in sys.stdin:
        order = models.CreateJob(
            input_uri=line.strip(),
            runtime_environment_name="python3",
            runtime_environment_parameters={},
            output_formats=["html"],
            name="job",
        )
        begin = time.perf_counter()
        job = scheduler.create_job(order)
        while (status := str(scheduler.get_job(job, job_files=False).status.value)) != "COMPLETED":
            if status == "FAILED":  # one that waits is called stopped
                raise SystemExit(status)
            time.sleep(LOOK_SECONDS)
        sys.stdout.write(f"{time.perf_counter() - begin}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
