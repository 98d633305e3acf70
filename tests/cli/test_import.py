"""`workbench import`: a file is looked at and loaded by one command."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.cli.conftest import Shell
from tests.support import people, samples
from workbench.datasets import commands
from workbench.db import connect
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.tenants.models import Tenant

SLUG = "importing"
OPTIONS = ("--tenant", SLUG, "--dataset", "sample_trips")


@pytest.fixture(scope="module")
async def tenant(shell: Shell, shell_home: Path) -> AsyncIterator[str]:
    """A tenant with an owner, and no trips yet."""
    del shell
    database = connect.database(Settings(_env_file=None, home=shell_home))
    made = await people.make_tenant(database, SLUG)
    await people.make_actor(database, made.id, Role.OWNER)
    await samples.shared(database, samples.TRIPS)
    await commands.adopt_shared(database, made.id)
    yield SLUG
    await database.close()


@pytest.fixture(scope="module")
async def analyst(tenant: str, shell_home: Path) -> AsyncIterator[str]:
    """The address of an analyst of the tenant."""
    database = connect.database(Settings(_env_file=None, home=shell_home))
    async with database.session(people.FOUNDER) as session:
        place = await session.scalar(select(Tenant.id).where(Tenant.slug == tenant))
    assert place is not None
    user = await people.make_user(database)
    await people.join(database, place, user.id, Role.ANALYST)
    yield user.email
    await database.close()


@pytest.mark.usefixtures("tenant")
def test_it_shows_loads_and_gives_rejects_back(shell: Shell, tmp_path: Path) -> None:
    """A table first, then the counts; refused rows go into a file that can be sent again."""
    file, rejects = tmp_path / "trips.csv", tmp_path / "rejects.csv"
    file.write_text("carrier,dest,delay\nUA,[bold]IAH,1\nAA,MIA,many\n")
    looked = shell("import", str(file), *OPTIONS, "--preview", "--json")
    assert looked.returncode == 0, looked.stderr
    assert [c["name"] for c in json.loads(looked.stdout)["columns"]] == ["carrier", "dest", "delay"]

    done = shell("import", str(file), *OPTIONS, "--rejects", str(rejects))
    assert done.returncode == 0, done.stderr
    assert "[bold]IAH" in done.stderr
    assert "partial" in done.stdout
    rejects.write_text(rejects.read_text().replace("many", "2"))
    again = shell("import", str(rejects), *OPTIONS, "--json")
    assert json.loads(again.stdout)[0]["status"] == "succeeded", again.stderr

    upsert = ("--mode", "upsert", "--key", "carrier,dest", "--json")
    file.write_text("carrier,dest,delay\nAA,MIA,9\n")
    replaced = json.loads(shell("import", str(file), *OPTIONS, *upsert).stdout)[0]
    assert (replaced["loaded"], replaced["replaced"]) == (1, 1)


@pytest.mark.usefixtures("tenant")
def test_it_makes_a_dataset_that_is_not_there(shell: Shell, tmp_path: Path, analyst: str) -> None:
    """An analyst's, which is said; the next file of the kind goes into it."""
    file = tmp_path / "Site Visits.csv"
    file.write_text("Site Name,Spent\nnorth,1\n")
    as_him = ("--tenant", SLUG, "--as", analyst)
    done = shell("import", str(file), *as_him, "--title", "Visits")
    assert done.returncode == 0, done.stderr
    again = shell("import", str(file), *as_him, "--json")
    told = json.loads(again.stdout)[0]
    assert (told["dataset"], told["mode"], told["loaded"]) == ("site_visits", "append", 1)
    shown = shell("dataset", "list", "--tenant", SLUG)
    assert "Visits" in shown.stdout

    other = shell("import", str(file), *as_him, "--dataset", "others")
    assert "There is no dataset others yet: the file makes a private one." in other.stderr
    for more in (("--mode", "create"), ("--title", "Others")):
        refused = shell("import", str(file), *as_him, "--dataset", "others", *more)
        assert "a dataset of this name already" in refused.stderr.splitlines()[-1]
    assert (
        shell("import", str(file), *as_him, "--dataset", "no", "--mode", "append").returncode == 1
    )
    shared = shell("import", str(file), *as_him, "--dataset", "sample_trips")
    assert "import:start" in shared.stderr.splitlines()[-1]


@pytest.mark.usefixtures("tenant")
def test_a_failure_leaves_an_empty_dataset_and_says_so(
    shell: Shell, tmp_path: Path, analyst: str
) -> None:
    """The last line tells what to do; the same command with the file corrected does it."""
    file = tmp_path / "broken.csv"
    as_him = ("--tenant", SLUG, "--as", analyst, "--mode", "create")
    file.write_text("a\n" + "many\n" * 70_000 + '"never closed\n')
    failed = shell("import", str(file), *as_him)
    assert failed.returncode == 1
    assert "The dataset broken is there and empty" in failed.stderr.splitlines()[-1]
    file.write_text("a,b\n1,2\n")
    done = shell("import", str(file), *as_him, "--json")
    assert json.loads(done.stdout)[0]["loaded"] == 1, done.stderr


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("carrier,nothing\nUA,1\n", (), "no column nothing"),
        ("delay\nmany\n", (), "Every row was refused"),
        ("delay\n1\nmany\n", ("--most-rejects", "0"), "nothing was loaded"),
        ("delay\n1\n", ("--mode", "upsert"), "mode upsert needs a key"),
        ("delay\n1\n", ("--mode", "upsert", "--key", "nothing"), "no column nothing"),
        ("delay\n1\n", ("--reading", "{"), "Invalid JSON"),
        ("delay\n1\n", ("--as", "nobody@workbench.example"), "no member nobody"),
    ],
)
def test_it_says_in_one_line_what_is_wrong(
    shell: Shell, tmp_path: Path, content: str, options: tuple[str, ...], said: str
) -> None:
    """And ends with an error."""
    file = tmp_path / "trips.csv"
    file.write_text(content)
    done = shell("import", str(file), *OPTIONS, *options)
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[-1]


def test_a_file_that_is_not_there(shell: Shell) -> None:
    """Is told before anything else."""
    done = shell("import", "/nowhere.csv", "--tenant", "nobody")
    assert (done.returncode, "no file /nowhere.csv" in done.stderr) == (1, True)
