"""Locust as processes of its own: one, or a master with workers that it forks."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from workbench.bench.visits import town
from workbench.bench.visits.crowd import Crowd
from workbench.bench.visits.town import Town
from workbench.errors import Unavailable

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
PATIENCE_SECONDS = 60
SAMPLE_ROWS = 20
PEOPLE = "people.json"
COLUMNS = ["tenant", "name", "at", "milliseconds", "error"]


class NoLocust(Unavailable):
    """Visitors need Locust; install it with `pip install 'workbench[load]'`."""

    code = "no_locust"


async def visited(address: str, made: Town, crowd: Crowd, folder: Path) -> pd.DataFrame:
    """Have the crowd visit a server, and answer what it was answered, a row each.

    Raise NoLocust where it is not installed.
    """
    await asyncio.to_thread(_prepare, made, folder)
    await asyncio.to_thread(_locust, address, crowd, folder)
    return await asyncio.to_thread(_answers, folder)


def _prepare(made: Town, folder: Path) -> None:
    """Write who signs in, and the small file that each tenant's visitors send."""
    folder.mkdir()
    people = [asdict(person) for person in made.people]
    (folder / PEOPLE).write_text(json.dumps(people))
    for person in made.people:
        sample = town.sample(folder, person.tenant, SAMPLE_ROWS)
        (folder / f"{person.tenant}.csv").write_text(sample)


def _locust(address: str, crowd: Crowd, folder: Path) -> None:
    """Run Locust until the time is over and everybody has done what they began."""
    command = [
        *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless"),
        *("--host", address, "-u", str(crowd.users), "-r", str(crowd.users)),
        *("-t", f"{crowd.seconds}s", "--stop-timeout", "30", "--exit-code-on-error", "0"),
        *(("--processes", str(crowd.workers)) if crowd.workers > 1 else ()),
    ]
    more = {"WORKBENCH_VISITORS": str(folder / PEOPLE), "WORKBENCH_VISITS": str(folder)}
    ended = subprocess.run(
        command,
        env=os.environ | more,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=crowd.seconds + PATIENCE_SECONDS,
    )
    if "No module named locust" in ended.stderr:
        raise NoLocust
    if ended.returncode:
        raise Unavailable(f"Locust ended with {ended.returncode}: {ended.stderr[-2000:]}")


def _answers(folder: Path) -> pd.DataFrame:
    lines = [
        json.loads(line)
        for file in sorted(folder.glob("answers-*.jsonl"))
        for line in file.read_text().splitlines()
    ]
    return pd.DataFrame(lines, columns=COLUMNS)
