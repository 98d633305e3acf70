"""A kernel that is started ahead of its run: it imports what notebooks import, and then waits.

Nothing here reads the ticket, which is written when a run takes the kernel.
"""

from importlib import import_module
from typing import Any

from ipykernel.kernelapp import IPKernelApp

# Those that notebooks name; matplotlib looks for fonts at its first import in a new folder.
IMPORTED = ("matplotlib.pyplot", "pandas.io.formats.style", "workbench.lab")

if __name__ == "__main__":
    app: Any = IPKernelApp.instance()
    app.initialize()
    for name in IMPORTED:  # the shell is there, so pictures are drawn where it shows them
        import_module(name)
    app.start()
