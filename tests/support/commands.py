"""A command of the shell that serves until it is told to stop."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STOP_SECONDS = 40
KEPT = ("PATH", "HOME", "LANG")


@contextmanager
def serving(*arguments: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `workbench …` until the block ends, then stop it as a unit of the system does."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name[:3] == "COV"}
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", *arguments], env=kept | environment
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()
