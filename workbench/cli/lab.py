"""`workbench lab`: JupyterLab for one engineer."""

import os
import secrets
from typing import Annotated

import typer

from workbench.cli import console, serve
from workbench.db import connect
from workbench.settings import Settings

TOKEN = "JUPYTER_TOKEN"  # noqa: S105 (the variable's name, as JupyterLab reads it)
TOKEN_BYTES = 24


def lab(
    tenant: Annotated[str, typer.Option(help="The tenant's slug.")],
    member: Annotated[
        str | None, typer.Option("--as", help="E-mail of the engineer; an owner unless set.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of JupyterLab.")] = 8888,
) -> None:
    """Start JupyterLab; `%load_ext workbench` there gives `run`, signed in as the engineer."""
    from workbench.cli import jupyter  # noqa: PLC0415 (papermill takes a second to import)

    settings = Settings()
    serve.prepare(settings, quiet=True)
    token = os.environ.get(TOKEN) or new_token()
    if TOKEN not in os.environ:
        console.out.print(f"JupyterLab: {address(settings, port, token)}")
    with connect.server(settings):
        jupyter.serve(settings, jupyter.alone(settings, tenant, member, port, token))


def new_token() -> str:
    """Make a token that lets one engineer into one JupyterLab."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def address(settings: Settings, port: int, token: str) -> str:
    """Where JupyterLab is, with the token that lets in."""
    return f"http://{settings.host}:{port}/lab?token={token}"
