"""The shell: `workbench …`."""

import sys

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from workbench.cli import (
    access,
    audit,
    console,
    database,
    demo,
    doctor,
    grants,
    keys,
    lab,
    notebook,
    roles,
    serve,
    tenant_life,
    tenants,
    tokens,
    up,
    users,
)
from workbench.errors import Unavailable, WorkbenchError

shell = typer.Typer(
    name="workbench",
    help="Analytics and operations for many tenants in one PostgreSQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
shell.command()(up.up)
shell.command()(serve.serve)
shell.command()(serve.work)
shell.command()(database.migrate)
shell.command()(doctor.doctor)
shell.command()(demo.demo)
shell.command()(lab.lab)
shell.command()(notebook.run)
shell.add_typer(audit.shell, name="audit")
tenants.shell.command()(tenant_life.delete)
tenants.shell.command()(tenant_life.restore)
tenants.shell.command()(tenant_life.purge)
tenants.shell.command()(tenant_life.export)
tenants.shell.command("usage")(tenant_life.show_usage)
tenants.shell.command()(tenant_life.enter)
shell.add_typer(tenants.shell, name="tenant")
shell.command()(access.access)
shell.add_typer(roles.shell, name="role")
shell.add_typer(grants.shell, name="grant")
shell.add_typer(users.shell, name="user")
shell.add_typer(tokens.shell, name="token")
shell.add_typer(keys.shell, name="keys")


def main() -> None:
    """Run a command; what goes wrong is one line on standard error, and exit code 1."""
    try:
        shell()
    except WorkbenchError as error:
        console.fail(error)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        console.fail(Unavailable(f"The setting WORKBENCH_{name} is not valid: {first['msg']}."))
    except OperationalError as error:
        console.fail(Unavailable(f"PostgreSQL does not answer: {_first_line(error)}"))
    sys.exit(1)


def _first_line(error: OperationalError) -> str:
    return str(error.orig).strip().splitlines()[0]
