"""`%load_ext workbench`: the run of this notebook as `run`, SQL in cells, and orders of runs."""

from typing import Any

from workbench.lab import completing, ordering, sql
from workbench.lab.run import open_run


def load_ipython_extension(shell: Any) -> None:
    """Give the notebook its run and its magics; raise NoRun when nobody is signed in."""
    run = open_run()
    shell.push({"run": run})
    sql.offer(shell, run)
    completing.offer(shell, run)
    ordering.offer(shell, run)
