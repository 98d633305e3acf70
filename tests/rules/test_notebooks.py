"""Every notebook has a parameters cell, a declared contract, and no outputs of a tenant's."""

import json
from pathlib import Path
from typing import Any

import pytest

from workbench.notebooks import Shelf
from workbench.notebooks.faults import faults
from workbench.permissions import Permission
from workbench.settings import ROOT

FOLDER = ROOT / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))


def cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook."""
    found: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
    return found


def test_there_are_some() -> None:
    """The shelf shows every file of the folder."""
    assert [n.name for n in sorted(Shelf(FOLDER).all(), key=lambda n: n.name)] == [
        path.stem for path in PATHS
    ]
    assert PATHS


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
class TestNotebook:
    """One notebook."""

    def test_it_may_go_on_the_shelf(self, path: Path) -> None:
        """Contract, parameters cell, budgets, outputs and functions are as they should be."""
        assert faults(path) == []

    def test_its_contract_is_complete(self, path: Path) -> None:
        """Title, question, description and permissions are declared; kinds in their own words."""
        notebook = Shelf(FOLDER).named(path.stem)
        assert notebook.title
        assert notebook.question
        assert notebook.description
        assert {Permission(permission) for permission in notebook.permissions}
        declared = json.loads(path.read_text())["metadata"]["workbench"]["parameters"]
        assert [name for name, rule in declared.items() if "kind" not in rule] == []

    def test_a_file_of_tests_executes_it_and_compares_its_golden_cells(self, path: Path) -> None:
        """A kernel runs it twice: once as a run, once cell by cell against what it said."""
        tests = (ROOT / "tests" / "notebooks" / f"test_{path.stem}.py").read_text()
        assert "succeeded(" in tests
        assert "assert_it_says_the_same(" in tests

    def test_its_outputs_tell_nothing_of_a_machine(self, path: Path) -> None:
        """No output names a file, an address or an error; an executed notebook ran to its end."""
        code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
        outputs = [output for cell in code for output in cell["outputs"]]
        assert {output["output_type"] for output in outputs} <= {"display_data", "execute_result"}
        for output in outputs:
            text = json.dumps({k: v for k, v in output["data"].items() if k != "image/png"})
            assert not any(mark in text for mark in ("/tmp", "/root", "/home", "://", "Error"))  # noqa: S108
        if outputs:
            assert [cell for cell in code if cell["execution_count"] is None] == []
