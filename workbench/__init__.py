"""Workbench: analytics and operations for many tenants in one PostgreSQL."""

from importlib.metadata import version

__version__ = version("workbench")


def load_ipython_extension(shell: object) -> None:
    """Serve `%load_ext workbench`: give the notebook its run under the name `run`."""
    from workbench.lab import extension  # noqa: PLC0415 (a notebook's libraries, for notebooks)

    extension.load_ipython_extension(shell)
