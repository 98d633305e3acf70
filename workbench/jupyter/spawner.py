"""How JupyterHub starts the JupyterLab of one engineer: by the shell, which signs it in."""

import os
import sys
from collections.abc import Callable
from typing import Any

from jupyterhub.spawner import LocalProcessSpawner
from traitlets import default

PASSED_ON = ("LANG", "LC_ALL", "PATH", "TZ")


class WorkbenchSpawner(LocalProcessSpawner):  # type: ignore[misc]  # it has no types
    """Starts `workbench hub server`, which hands JupyterLab tickets and none of its own secrets.

    That process is Workbench's, of the hub's own user; the engineer's code runs in its child.
    """

    @default("cmd")
    def _command(self) -> list[str]:
        return [sys.executable, "-m", "workbench", "hub", "server", self.user.name]

    def get_args(self) -> list[str]:
        """Nothing: what JupyterLab has to know stands in the environment."""
        return []

    def get_env(self) -> dict[str, str]:
        """JupyterHub's own variables, and the settings of Workbench."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in PASSED_ON or name.startswith("WORKBENCH_")
        }
        own: dict[str, str] = super().get_env()
        return kept | own

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """The environment as it is: engineers are no users of this machine."""
        return env

    def make_preexec_fn(self, _: str) -> Callable[[], Any] | None:
        """Nothing: who the engineer is on this machine is decided by the shell."""
        return None
