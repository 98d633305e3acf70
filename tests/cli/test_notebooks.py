"""The shell's words about notebooks: the shelf, what one takes, checking, making a new one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from workbench.cli import shell
from workbench.cli.notebook import given
from workbench.cli.notebooks import SHELF
from workbench.notebooks import Shelf
from workbench.notebooks.contract import InvalidParameters

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Run a command in this process; none of these needs a database."""

    def ran(*arguments: str) -> Result:
        return CliRunner().invoke(shell, arguments, env={"COLUMNS": "200"})

    return ran


def test_it_lists_and_explains(run: Run) -> None:
    """The shelf by name with its questions; one notebook with what each parameter may be."""
    listed = json.loads(run("notebooks", "--json").stdout)
    assert [one["name"] for one in listed] == sorted(path.stem for path in SHELF.glob("*.ipynb"))
    assert all(one["question"] for one in listed)

    described = json.loads(run("notebooks", "data_quality", "--json").stdout)
    allowed = {one["parameter"]: (one["kind"], one["allowed"]) for one in described}
    assert allowed["key"] == ("list", "of column, of dataset")
    for arguments in (("tenant_report", "--help"), ("--help", "tenant_report")):
        help_ = run("run", *arguments)
        assert help_.exit_code == 0
        assert "--tenant" in help_.stdout
        assert "all, EWR, JFK, LGA" in help_.stdout
    assert "EWR" not in run("run", "--help").stdout


def test_a_new_notebook_passes_the_check(run: Run, tmp_path: Path) -> None:
    """What the shell makes, the shell takes; what somebody broke, it names."""
    here = ("--folder", str(tmp_path))
    made = Path(run("new", "notebook", "delays", "--title", "Delays", *here).stdout.strip())
    assert [n.title for n in Shelf(tmp_path).all()] == ["Delays"]
    assert run("notebooks", "--check", *here).stdout == "1 notebooks hold what they declare.\n"

    made.write_text(made.read_text().replace("most = 1000", "most = 1001"))
    checked = run("notebooks", "delays", "--check", *here)

    assert checked.exit_code == 1
    assert str(checked.exception) == "1 faults in 1 notebooks."
    assert "delays: most is 1001 in the parameters cell and 1000 by contract." in checked.stderr
    assert run("new", "notebook", "delays", *here).exit_code == 1
    assert run("notebooks", "nothing", "--check", *here).exit_code == 1


@pytest.mark.parametrize(
    ("pair", "wrong"),
    [
        ("top=12", ""),
        ("origin=EWR", ""),
        ("origin=null", "Input should be 'all', 'EWR', 'JFK' or 'LGA'"),
        ("top=99", "less than or equal to 30"),
        ("top=many", "valid integer"),
        ("orig=EWR", "the notebook has: first_month, last_month, origin, top"),
    ],
)
def test_a_parameter_is_read_as_it_is_declared(pair: str, wrong: str) -> None:
    """A value that does not fit is refused before a database is asked, with what would fit."""
    notebook = Shelf(SHELF).named("tenant_report")
    if not wrong:
        name, _, text = pair.partition("=")
        assert str(given(notebook, [pair])[name]) == text
        return
    with pytest.raises(InvalidParameters) as caught:
        given(notebook, [pair])
    assert wrong in caught.value.details[0].message
