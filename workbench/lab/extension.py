"""`%load_ext workbench`: the run of this notebook under the name `run`."""

from typing import Any

from workbench.lab.run import open_run


def load_ipython_extension(shell: Any) -> None:
    """Give the notebook its run; raise NoRun when nobody is signed in."""
    shell.push({"run": open_run()})
