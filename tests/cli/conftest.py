"""The shell in a process of its own, forked from one that has imported it, with its own home."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import forking
from workbench.db import connect
from workbench.settings import Settings

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs `workbench …` with a fixed environment."""

    environment: dict[str, str]
    forked: forking.Forking

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return self.forked.run(arguments, self.environment | environment, SECONDS)

    def started(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end as a person does, from a new Python."""
        return subprocess.run(
            [sys.executable, "-m", "workbench", *arguments],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


@pytest.fixture(scope="session")
def shell_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that no other test uses."""
    return tmp_path_factory.mktemp("shell") / "home"


@pytest.fixture(scope="session")
def bare_shell(shell_home: Path) -> Iterator[Shell]:
    """A shell whose home is empty."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "HOME", "LANG"} or name.startswith("COV")
    }
    environment = kept | {
        "WORKBENCH_HOME": str(shell_home),
        "WORKBENCH_WARM_KERNELS": "0",
        "COLUMNS": "200",
    }
    with forking.started(environment) as forked:
        yield Shell(environment, forked)


@pytest.fixture(scope="session")
def cold(bare_shell: Shell) -> Iterator[Shell]:
    """A shell whose every command imports what it needs by itself."""
    with forking.started(bare_shell.environment, is_warm=False) as forked:
        yield Shell(bare_shell.environment, forked)


@pytest.fixture(scope="session")
def shell(bare_shell: Shell, shell_home: Path) -> Iterator[Shell]:
    """A shell whose database is migrated and kept running, so that each command starts fast."""
    settings = Settings(_env_file=None, home=shell_home)
    with connect.server(settings):
        connect.migrate(settings)
        yield bare_shell
