"""`%load_ext workbench`: the run of this notebook under the name `run`, and SQL in cells."""

from typing import Any

from workbench.lab import completing, sql
from workbench.lab.run import open_run


def load_ipython_extension(shell: Any) -> None:
    """Give the notebook its run and `%%sql`; raise NoRun when nobody is signed in."""
    run = open_run()
    shell.push({"run": run})
    sql.offer(shell, run)
    completing.offer(shell, run)
