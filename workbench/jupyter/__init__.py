"""JupyterLab's own side: cards for the shelf, orders of runs, and a hub for many engineers."""

from pathlib import Path
from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Say to a Jupyter server that this package is one of its extensions."""
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Give a Jupyter server the addresses that its page asks, and have it save no outputs."""
    from workbench.jupyter import handlers, saving  # noqa: PLC0415 (the hub needs none of it)

    handlers.offer(server.web_app, Path(server.root_dir))
    server.contents_manager.register_pre_save_hook(saving.scrub)
