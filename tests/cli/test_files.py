"""`workbench files …` and `workbench tenant quota`."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.support import people
from workbench.db import connect
from workbench.db.ids import new_id
from workbench.permissions import Role
from workbench.settings import Settings

SLUG = "filing"
AT = ("--tenant", SLUG)


@pytest.fixture(scope="module")
async def tenant(shell: Shell, shell_home: Path) -> AsyncIterator[str]:
    """A tenant with an owner."""
    del shell
    database = connect.database(Settings(_env_file=None, home=shell_home))
    made = await people.make_tenant(database, SLUG)
    await people.make_actor(database, made.id, Role.OWNER)
    yield SLUG
    await database.close()


@pytest.mark.usefixtures("tenant")
def test_a_file_goes_in_and_comes_out(shell: Shell, tmp_path: Path) -> None:
    """It is listed, fetched whole, and overwrites nothing unless told to."""
    given, taken = tmp_path / "trips.csv", tmp_path / "again.csv"
    given.write_bytes(b"a,b\n" * 1000)
    put = shell("files", "put", str(given), *AT, "--json")
    assert put.returncode == 0, put.stderr
    [made] = json.loads(put.stdout)
    assert (made["name"], made["bytes"]) == ("trips.csv", 4000)
    listed = json.loads(shell("files", "list", *AT, "--json").stdout)
    assert made["id"] in [file["id"] for file in listed]
    fetch = ("files", "get", made["id"], *AT, "-o", str(taken))
    assert shell(*fetch).returncode == 0
    assert taken.read_bytes() == given.read_bytes()
    again = shell(*fetch)
    assert (again.returncode, "--force" in again.stderr) == (1, True)
    assert shell(*fetch, "--force").returncode == 0


@pytest.mark.usefixtures("tenant")
def test_what_is_not_there_is_one_line(shell: Shell) -> None:
    """No such file, no such size."""
    gone = shell("files", "get", str(new_id()), *AT)
    assert (gone.returncode, "no such file" in gone.stderr) == (1, True)
    odd = shell("tenant", "quota", SLUG, "much")
    assert (odd.returncode, "20GiB" in odd.stderr) == (1, True)


@pytest.mark.usefixtures("tenant")
def test_a_quota_holds_until_it_is_taken_back(shell: Shell, tmp_path: Path) -> None:
    """What does not fit is refused, and fits again."""
    given = tmp_path / "large.bin"
    given.write_bytes(bytes(100_000))
    assert shell("tenant", "quota", SLUG, "50KB").returncode == 0
    refused = shell("files", "put", str(given), *AT)
    assert (refused.returncode, "quota" in refused.stderr) == (1, True)
    assert shell("tenant", "quota", SLUG).returncode == 0
    assert shell("files", "put", str(given), *AT).returncode == 0
