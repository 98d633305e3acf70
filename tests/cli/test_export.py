"""`workbench export`: a file that is whole or not there."""

import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Shell
from tests.support import people, samples
from workbench.datasets import commands
from workbench.db import connect
from workbench.permissions import Role
from workbench.settings import Settings

SLUG, NAME = "exporting", "sample_trips"
OPTIONS = ("export", NAME, "--tenant", SLUG)


@pytest.fixture(scope="module")
async def tenant(shell: Shell, shell_home: Path) -> AsyncIterator[str]:
    """A tenant with an owner and two trips."""
    del shell
    database = connect.database(Settings(_env_file=None, home=shell_home))
    made = await people.make_tenant(database, SLUG)
    owner = await people.make_actor(database, made.id, Role.OWNER)
    await samples.shared(database, samples.TRIPS)
    await commands.adopt_shared(database, made.id)
    rows = [{"carrier": "=UA", "delay": 5}, {"carrier": "AA", "delay": 7}]
    async with database.session(owner) as session:
        await commands.add_rows(session, owner, NAME, rows)
    yield SLUG
    await database.close()


@pytest.mark.usefixtures("tenant")
def test_it_writes_what_is_asked_for(shell: Shell, tmp_path: Path) -> None:
    """Filter, order and columns are those of the API; a second time needs `--force`."""
    file = tmp_path / "trips.csv"
    choice = ("--columns", "carrier,delay", "--sort", "-delay", "-o", str(file))
    done = shell(*OPTIONS, *choice)
    assert done.returncode == 0, done.stderr
    with file.open(newline="") as lines:
        assert list(csv.reader(lines)) == [["carrier", "delay"], ["AA", "7"], ["'=UA", "5"]]

    again = shell(*OPTIONS, *choice)
    assert (again.returncode, "--force" in again.stderr) == (1, True)
    parquet = shell(*OPTIONS, "--filter", "delay:le:5", "--format", "parquet", "-o", str(file),
                    "--force", "--json")  # fmt: skip
    assert json.loads(parquet.stdout)[0]["bytes"] == file.stat().st_size
    assert pq.read_table(file)["carrier"].to_pylist() == ["=UA"]


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--columns", "no_column"), "no_column is not a column"),
        (("--as", "nobody@workbench.example"), "no member nobody@workbench.example"),
        (("--filter", "delay"), "column:operator:value"),
    ],
)
def test_it_says_in_one_line_what_is_wrong(
    shell: Shell, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """And leaves no file, nor half of one."""
    done = shell(*OPTIONS, "-o", str(tmp_path / "none.csv"), *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
