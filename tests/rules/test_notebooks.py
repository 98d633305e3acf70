"""Every notebook has a parameters cell, a declared contract, and no outputs of a tenant's."""

import json
from pathlib import Path
from typing import Any

import pytest

from workbench.notebooks import Shelf
from workbench.permissions import Permission
from workbench.settings import ROOT

FOLDER = ROOT / "notebooks"
MEASURED = ("load_test",)  # kept with what it showed, so that its figures can be read here
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

    def test_it_has_one_parameters_cell(self, path: Path) -> None:
        """Exactly one cell has the tag that papermill looks for."""
        tagged = [c for c in cells(path) if "parameters" in c["metadata"].get("tags", [])]
        assert [cell["cell_type"] for cell in tagged] == ["code"]

    def test_its_contract_is_complete(self, path: Path) -> None:
        """Title, description and permissions are declared, and the schema refuses unknown names."""
        notebook = Shelf(FOLDER).named(path.stem)
        assert notebook.title
        assert notebook.description
        assert {Permission(permission) for permission in notebook.permissions}
        assert notebook.schema()["additionalProperties"] is False

    def test_it_keeps_outputs_of_no_tenant(self, path: Path) -> None:
        """Results belong to runs, unless they were measured where no tenant's rows are."""
        code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
        assert code
        executed = [c for c in code if c["outputs"] or c["execution_count"] is not None]
        assert executed == [] or path.stem in MEASURED
        assert path.stem not in MEASURED or Shelf(FOLDER).named(path.stem).sandbox

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

    def test_it_says_first_what_it_is(self, path: Path) -> None:
        """The first cell is Markdown with a title."""
        first = cells(path)[0]
        assert first["cell_type"] == "markdown"
        assert "".join(first["source"]).startswith("# ")
