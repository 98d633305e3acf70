"""A process that has imported the shell already, and forks one of its own for every command.

Importing takes ten times longer than most commands work. What is forked is a process like any
other: with its own arguments, environment, input and output, and it ends as Python ends. Run as
`python -m tests.support.forking`, it reads one order a line and answers each with an exit code.
"""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from workbench import cli


@dataclass(frozen=True, slots=True)
class Forking:
    """The process, as those see it who want a command run."""

    orders: IO[str]
    answers: IO[str]
    is_warm: bool

    def run(
        self, arguments: Sequence[str], environment: dict[str, str], seconds: int
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end, or for so many seconds that it must hang."""
        with tempfile.TemporaryDirectory(prefix="forking-") as name:
            folder = Path(name)
            order = {
                "arguments": arguments,
                "environment": environment,
                "folder": name,
                "seconds": seconds,
                "imported": [*arguments[:1]] if self.is_warm else ["migrate"],
            }
            print(json.dumps(order), file=self.orders, flush=True)
            code = int(self.answers.readline())
            said = [(folder / stream).read_text() for stream in ("1", "2")]
        if code == -signal.SIGALRM:
            raise subprocess.TimeoutExpired(list(arguments), seconds, *said)
        return subprocess.CompletedProcess(list(arguments), code, *said)


@contextlib.contextmanager
def started(environment: dict[str, str], *, is_warm: bool = True) -> Iterator[Forking]:
    """Start the process; unless it is warm, it has imported little more than the foundation."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Forking(process.stdin, process.stdout, is_warm)
        process.stdin.close()


def _serve() -> None:
    """Fork for every order until there are no more; returns in the processes that are forked."""
    for line in sys.stdin:
        order = json.loads(line)
        for command in cli.COMMANDS.keys() & order["imported"]:
            import_module(f"workbench.cli.{cli.COMMANDS[command][0]}")
        gc.freeze()  # what is imported stays: no process need look through it when it ends
        child = os.fork()
        if child == 0:
            _become(order)
            return
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    sys.exit()


def _become(order: dict[str, Any]) -> None:
    """Be the process that the order describes."""
    signal.alarm(order["seconds"])
    sys.argv[1:] = order["arguments"]
    os.environ.clear()
    os.environ.update(order["environment"])
    folder = Path(order["folder"])
    for number, path in ((0, Path(os.devnull)), (1, folder / "1"), (2, folder / "2")):
        with path.open("r+" if number == 0 else "w") as file:
            os.dup2(file.fileno(), number)


if __name__ == "__main__":
    _serve()
    cli.main()
