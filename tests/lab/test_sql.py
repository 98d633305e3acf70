"""SQL in cells: `%sql` and `%%sql`, in a shell of IPython's."""

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from tests.lab.test_lab import run
from workbench.lab.run import LabRun

__all__ = ["run"]


@pytest.fixture
def shell(run: LabRun) -> InteractiveShell:
    """A shell in which somebody who is signed in has loaded the extension."""
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "workbench")
    shell.run_line_magic("reload_ext", "workbench")
    assert shell.user_ns["run"].tenant == run.tenant
    return shell


async def test_a_cell_gives_a_frame(shell: InteractiveShell) -> None:
    """A statement's rows are shown, and kept under the name that stands behind the magic."""
    shell.user_ns |= {"month": pd.Series([1]).max(), "places": ["CLE", "MSP"]}
    query = "select count(*) as n -- all of them\nfrom flights\nwhere month >= :month"

    shown = shell.run_cell(f"%%sql\n{query} and dest = any(:places); -- done").result
    for line in ("kept", "again <<"):
        shell.run_cell(f"%%sql {line}\n{query}").raise_error()
    shell.run_cell("third = %sql select :month::int as n").raise_error()
    shell.run_cell("%sql fourth << select 1 as n;").raise_error()

    assert shown.n.tolist() == [28]
    space = shell.user_ns
    assert space["kept"].n[0] == space["again"].n[0] == 32
    assert (space["third"].n[0], space["fourth"].n[0]) == (1, 1)


async def test_no_value_becomes_sql(shell: InteractiveShell) -> None:
    """A value is bound whatever it looks like, and IPython writes none into the text."""
    shell.user_ns["evil"] = "x'; select pg_sleep(9); --"
    bound = shell.run_cell("%sql select :evil as w, ':evil' as text, '{evil} $evil' as more")
    assert bound.result.iloc[0].tolist() == [shell.user_ns["evil"], ":evil", "{evil} $evil"]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            "%%sql\nselect dest,\n  nothing from flights",
            'column "nothing" does not exist (line 3, column 3)',
        ),
        (
            "%%sql\nselect :one::int + nothing",
            'column "nothing" does not exist (line 2, column 20)',
        ),
        ("%sql selekt", 'syntax error at or near "selekt" (line 1, column 1)'),
        ("%sql select 1/0", "division by zero"),
        ("%sql select 1; select 2", "cannot insert multiple commands into a prepared statement"),
        (
            "%sql select :gone",
            "there is no variable gone for :gone (line 1, column 8)",
        ),
        (
            "%sql select $1",
            "a parameter is written as :name, not as $1 (line 1, column 8)",
        ),
        (
            "%%sql select 1\nselect 2",
            "'select 1' is no name; write %%sql name, and the statement below it.",
        ),
        ("%sql", "Write a statement: %sql select …, or below %%sql."),
        ("%%sql\nupdate flights set dest = 'X'", "permission denied for view flights"),
    ],
)
async def test_it_says_in_one_line_what_is_wrong(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str, said: str
) -> None:
    """The cell fails, and shows what is wrong and where in the cell, without a traceback."""
    shell.user_ns["one"] = 1
    result = shell.run_cell(cell)

    assert not result.success
    assert capsys.readouterr().out.splitlines() == [said]


async def test_it_completes_what_the_actor_sees(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Datasets, columns of those that the cell names, and columns behind an alias are offered."""

    def offered(cell: str, behind: str) -> set[str]:
        with provisionalcompleter():
            cursor = cell.index(behind) + len(behind)
            return {one.text for one in shell.Completer.completions(cell, cursor)}

    assert offered("%%sql\nselect * from fli", "fli") == {"flights"}
    assert {"dest", "dep_delay"} <= offered("%%sql\nselect de from flights f", "select de")
    assert offered("%%sql\nselect f.dest from flights as f", "f.des") == {"dest"}
    assert offered("x = %sql select tail from flights", "tail") == {"tailnum"}
    assert "audit_entries" not in offered("%%sql\nselect * from a", "from a")
    assert "flights" not in offered("fli", "fli")
    monkeypatch.setenv("WORKBENCH_TICKET", "gone")
    assert offered("%%sql\nselect * from fli", "fli") == {"flights"}
