"""The first program of a kernel's process: it takes limits upon itself, then becomes the kernel.

    python -m workbench.worker.confine RESOURCE=MOST,… COMMAND…

A worker that is root but lacks CAP_SYS_RESOURCE may not limit the process of another user, and
what is done between fork and exec is not safe beside threads. Only the standard library is here.
"""

import os
import resource
import sys


def take(what: int, most: int) -> None:
    """Lower a limit of this process for good; one that is lower already stays."""
    _, hard = resource.getrlimit(what)
    allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (allowed, allowed))


if __name__ == "__main__":
    _, limits, *command = sys.argv
    for limit in limits.split(","):
        take(*map(int, limit.split("=")))
    os.execv(command[0], command)  # noqa: S606 (the worker's own command)
