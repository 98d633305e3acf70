"""`%workbench_job`: a run of the open notebook, or of another one, ordered in one line."""

import shlex
from collections.abc import Callable
from typing import Any

from IPython.core.magic import no_var_expand

from workbench.lab import jobs
from workbench.lab.jobs import NoJob
from workbench.lab.run import LabRun


def offer(shell: Any, run: LabRun) -> None:
    """Give a shell the line magic `%workbench_job`."""
    shell.register_magic_function(_magic(shell, run), "line", "workbench_job")


def _magic(shell: Any, run: LabRun) -> Callable[[str], None]:
    @no_var_expand
    def workbench_job(line: str) -> None:
        """Order a run and wait for it: `%workbench_job [NOTEBOOK] [name=value …]`.

        Without a notebook it is the open one, with its variables. The run is kept as `job`. In a
        run it does nothing, so that it may stay in the notebook that it orders.
        """
        if run.id is not None:
            print("A run orders no run of its own notebook.")  # noqa: T201 (what the cell shows)
            return
        words = shlex.split(line)
        name = words.pop(0) if words and "=" not in words[0] else None
        job = jobs.order(run, name, _read(name or jobs.open_name(), words))
        shell.push({"job": job})
        job.wait()

    return workbench_job


def _read(name: str, words: list[str]) -> dict[str, Any]:
    notebook, given = jobs.named(name), {}
    for word in words:
        parameter, sign, text = word.partition("=")
        if not sign:
            raise NoJob("A parameter is written name=value.")
        given[parameter] = notebook.read(parameter, text)
    return given
