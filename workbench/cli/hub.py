"""`workbench hub`: JupyterLab for many engineers, each signed in as himself, behind one address."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import serve
from workbench.db import connect
from workbench.errors import Unavailable
from workbench.jupyter import engineers
from workbench.jupyter.engineers import FIRST_UID, Engineer
from workbench.settings import Settings
from workbench.worker import kernel

CONFIG = Path(engineers.__file__).with_name("hub_config.py")
FOLDER = "WORKBENCH_HUB_FOLDER"
shell = typer.Typer(
    help="Serve JupyterLab for many engineers; each signs in as himself.",
    invoke_without_command=True,
)


@shell.callback()
def start(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(help="Port of JupyterHub; the next two are its own.")] = 8889,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where engineers keep their files; unset: `engineers` beside the home."),
    ] = None,
    config: Annotated[
        Path, typer.Option(help="A configuration of JupyterHub that loads this one's.")
    ] = CONFIG,
) -> None:
    """Serve JupyterHub until it is stopped."""
    if ctx.invoked_subcommand is not None:
        return
    settings = Settings()
    check(settings)
    home = settings.prepared_home() / "hub"
    home.mkdir(mode=0o700, exist_ok=True)
    place = (folder or settings.prepared_home().parent / "engineers").resolve()
    place.mkdir(mode=0o711, parents=True, exist_ok=True)
    environment = os.environ | {
        "WORKBENCH_HOME": str(settings.prepared_home()),
        "WORKBENCH_HUB_CONFIG": str(CONFIG),
        "WORKBENCH_HUB_HOME": str(home),
        "WORKBENCH_HUB_HOST": settings.host,
        "WORKBENCH_HUB_PORT": str(port),
        "WORKBENCH_HUB_API": f"http://{settings.host}:{settings.port}/api/v1",
        FOLDER: str(place),
    }
    os.execve(  # noqa: S606 (JupyterHub takes this process's place, and its signals)
        sys.executable,
        [sys.executable, "-m", "jupyterhub", "--config", str(config), "--log-level", "WARN"],
        environment,
    )


@shell.command(hidden=True)
def server(name: str) -> None:
    """Serve the JupyterLab of one engineer, as JupyterHub asks for it."""
    from workbench.cli import jupyter  # noqa: PLC0415 (papermill takes a second to import)

    settings = Settings()
    serve.prepare(settings, quiet=True)
    is_apart = not settings.unsafe_kernels
    own = engineers.settle(Path(os.environ[FOLDER]), name, is_apart=is_apart)
    with connect.server(settings):
        jupyter.serve(settings, jupyter.of_the_hub(Engineer.named(name), own))


def check(settings: Settings) -> None:
    """Raise Unavailable when JupyterHub is missing, or could not keep engineers apart."""
    if find_spec("jupyterhub") is None or find_spec("configurable_http_proxy") is None:
        raise Unavailable("JupyterHub is not installed; pip install 'workbench[hub]'.")
    if settings.unsafe_kernels:
        return
    if os.geteuid() != 0:
        raise Unavailable(
            "Start it as root, so that each engineer gets a system user of his own; or, where they "
            "may read each other's files and tickets, set WORKBENCH_UNSAFE_KERNELS=true."
        )
    if not kernel.can_start(str(FIRST_UID), sys.executable):
        raise Unavailable(
            f"Another system user cannot start {sys.executable}; install Workbench where all can "
            "read it, or, where engineers may read each other's files, set "
            "WORKBENCH_UNSAFE_KERNELS=true."
        )
