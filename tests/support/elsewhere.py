"""Ad-hoc SQL from a process of its own, as another server of the same installation runs it."""

import asyncio
import base64
import pickle
import subprocess
import sys
from pathlib import Path

from workbench.actor import Actor
from workbench.datasets import commands
from workbench.datasets.sql import Asked
from workbench.db import connect
from workbench.errors import WorkbenchError
from workbench.settings import ROOT, Settings


def start(settings: Settings, actor: Actor, asked: Asked) -> "subprocess.Popen[str]":
    """Run a statement in another process, which prints `began` and then how it ended."""
    given = base64.b64encode(pickle.dumps((actor, asked))).decode()
    command = [sys.executable, "-m", "tests.support.elsewhere", str(settings.home), given]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def main() -> None:
    """Run what the arguments hold."""
    home, given = sys.argv[1:]
    # Written by `start` above, in this very test.
    actor, asked = pickle.loads(base64.b64decode(given))  # noqa: S301
    sys.stdout.write("began\n")
    sys.stdout.flush()
    sys.stdout.write(asyncio.run(_run(Path(home), actor, asked)) + "\n")


async def _run(home: Path, actor: Actor, asked: Asked) -> str:
    database = connect.database(Settings(_env_file=None, home=home, log="console"))
    try:
        result = await commands.run_sql(database, actor, asked)
    except WorkbenchError as error:
        return error.code
    finally:
        await database.close()
    return str(result.rows)


if __name__ == "__main__":
    main()
