"""What holds for the code of every notebook on the shelf, and that each one is executed."""

import ast
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.shelf import SHELF
from workbench.notebooks import Notebook

NOTEBOOKS = SHELF.all()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[notebook.name for notebook in NOTEBOOKS])
class TestEvery:
    """What holds for every notebook."""

    def test_its_parameters_cell_names_what_its_schema_names(self, notebook: Notebook) -> None:
        """A cell tagged `parameters` assigns each parameter its default, and nothing else."""
        cells = nbformat.read(notebook.path, as_version=4).cells
        (cell,) = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
        assigned = {
            ast.unparse(statement.targets[0]): ast.literal_eval(statement.value)
            for statement in ast.parse(cell.source).body
            if isinstance(statement, ast.Assign)
        }

        assert assigned == notebook.defaults()

    def test_its_functions_are_short(self, notebook: Notebook) -> None:
        """A function of a notebook takes at most ten lines, and its docstring one more."""
        cells = nbformat.read(notebook.path, as_version=4).cells
        source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]

        assert {f.name: len(f.body) for f in functions if (f.end_lineno or 0) - f.lineno > 11} == {}

    def test_a_file_of_tests_executes_it_and_compares_its_golden_cells(
        self, notebook: Notebook
    ) -> None:
        """A kernel runs it twice: once as a run, once cell by cell against what it said."""
        tests = Path(__file__).with_name(f"test_{notebook.name}.py").read_text()

        assert "succeeded(" in tests
        assert "assert_it_says_the_same(" in tests
