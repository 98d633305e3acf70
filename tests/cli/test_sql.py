"""`workbench sql`: an answer for people and for scripts, and an error that says where."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.support import people, samples
from workbench.datasets import commands
from workbench.db import connect
from workbench.permissions import Role
from workbench.settings import Settings

SLUG, NAME = "asking", "sample_trips"
COUNT = f"select carrier, count(*) from {NAME} where delay > :late group by carrier order by 1"


@pytest.fixture(scope="module", autouse=True)
async def tenant(shell: Shell, shell_home: Path) -> AsyncIterator[str]:
    """A tenant with an owner and three trips."""
    del shell
    database = connect.database(Settings(_env_file=None, home=shell_home))
    made = await people.make_tenant(database, SLUG)
    owner = await people.make_actor(database, made.id, Role.OWNER)
    await samples.shared(database, samples.TRIPS)
    await commands.adopt_shared(database, made.id)
    rows = [{"carrier": carrier, "delay": n} for n, carrier in enumerate(("[b]UA", "AA", "AA"))]
    async with database.session(owner) as session:
        await commands.add_rows(session, owner, NAME, rows)
    yield SLUG
    await database.close()


def test_it_answers_people_and_scripts(shell: Shell, tmp_path: Path) -> None:
    """A table, JSON on one line, or a file with all rows; values come beside the statement."""
    ask = ("sql", COUNT, "--tenant", SLUG, "-p", "late=-1")
    shown = shell(*ask)
    assert shown.returncode == 0, shown.stderr
    assert "[b]UA" in shown.stdout
    answer = json.loads(shell(*ask, "--json").stdout)
    assert answer == {
        "columns": ["carrier", "count"],
        "rows": [["AA", 2], ["[b]UA", 1]],
        "truncated": False,
    }
    cut = shell("sql", f"select * from {NAME}", "--tenant", SLUG, "--limit", "1")
    assert "There is more" in cut.stderr
    file = tmp_path / "counts.csv"
    written = shell(*ask, "--limit", "1", "-o", str(file), "--json")
    assert json.loads(written.stdout)[0]["bytes"] == file.stat().st_size
    assert file.read_text().split() == ["carrier,count", "AA,2", "[b]UA,1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((f"select carier from {NAME}",), "Did you mean carrier?"),
        (("delete from tenants",), "line 1, column 1"),
        ((COUNT,), "late"),
        ((COUNT, "-p", "late"), "name=value"),
    ],
)
def test_it_says_what_is_wrong(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    """One line, a hint where there is one, and exit code 1."""
    done = shell("sql", *arguments, "--tenant", SLUG)
    assert done.returncode == 1
    assert said in done.stderr
