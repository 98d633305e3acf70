"""The notebook that is open in JupyterLab: whether it is on the shelf, and what its cell says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.notebooks.contract import NAME
from workbench.notebooks.faults import TAG
from workbench.settings import ROOT

SHELF = ROOT / "notebooks"
LINK = "shelf"  # in the folder of an engineer who has one of his own
NOT_ON_THE_SHELF = (
    "This notebook is not on the shelf, where runs find it: put its file there, give it a "
    "contract, and look what `workbench notebooks --check` says."
)


def name(root: Path, path: str) -> str | None:
    """The name of the notebook at a path below what JupyterLab shows, if it is on the shelf."""
    file = (root / path).resolve()
    is_there = file.parent == SHELF.resolve() and re.fullmatch(NAME, file.stem)
    return file.stem if is_there and file.suffix == ".ipynb" else None


def path(root: Path, named: str) -> str:
    """Where JupyterLab opens a notebook of the shelf."""
    file = f"{named}.ipynb"
    return file if root.resolve() == SHELF.resolve() else f"{LINK}/{file}"


def values(content: dict[str, Any]) -> dict[str, Any]:
    """What the parameters cell of a notebook gives its names, as far as that is plain."""
    cells = [cell for cell in content["cells"] if TAG in cell["metadata"].get("tags", [])]
    found: dict[str, Any] = {}
    for cell in cells:
        found |= dict(_assigned("".join(cell["source"])))
    return found


def _assigned(source: str) -> Iterator[tuple[str, Any]]:
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            try:
                yield statement.targets[0].id, ast.literal_eval(statement.value)
            except ValueError:
                continue
