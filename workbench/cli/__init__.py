"""The shell: `workbench …`."""

import gc
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import typer
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from typer.core import TyperGroup

from workbench.cli import console
from workbench.errors import Unavailable, WorkbenchError

# Where each command is; only the one that is called gets imported, since all of them together take
# longer to import than most take to work.
COMMANDS = {
    "up": ("up", "up"),
    "serve": ("serve", "serve"),
    "work": ("serve", "work"),
    "migrate": ("database", "migrate"),
    "doctor": ("doctor", "doctor"),
    "demo": ("demo", "demo"),
    "lab": ("lab", "lab"),
    "hub": ("hub", "shell"),
    "run": ("notebook", "run"),
    "runs": ("runs", "shell"),
    "compare": ("runs", "compare"),
    "logs": ("following", "logs"),
    "notebooks": ("notebooks", "notebooks"),
    "new": ("notebooks", "new"),
    "schedule": ("schedules", "shell"),
    "import": ("importing", "import_"),
    "dataset": ("datasets", "shell"),
    "export": ("export", "export"),
    "files": ("files", "shell"),
    "sql": ("sql", "sql"),
    "access": ("access", "access"),
    "audit": ("audit", "shell"),
    "tenant": ("tenant_life", "shell"),
    "role": ("roles", "shell"),
    "grant": ("grants", "shell"),
    "user": ("users", "shell"),
    "token": ("tokens", "shell"),
    "keys": ("keys", "shell"),
}

# A table, column or function that the database does not have: it is at an older revision.
UNKNOWN = ("42P01", "42703", "42883")


class Commands(TyperGroup):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 (Click's interface)
        """Their names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """One of them, or None when there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        found = getattr(_imported(module), name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command(cmd_name)(found)
            found = alone
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


shell = typer.Typer(
    name="workbench",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@shell.callback()
def about() -> None:
    """Analytics and operations for many tenants in one PostgreSQL."""


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
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) not in UNKNOWN:
            raise
        console.fail(Unavailable(f"{_first_line(error)}; run `workbench migrate`."))
    sys.exit(1)


def _imported(module: str) -> ModuleType:
    """Import a command's module, and spare it and its like from every search for garbage.

    What is imported stays until the end; looking through it took a third of a short command.
    """
    gc.disable()
    try:
        return import_module(f"workbench.cli.{module}")
    finally:
        gc.freeze()
        gc.enable()


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
