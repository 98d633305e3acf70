"""A new notebook: a question, its contract, and cells that read, show and publish."""

import json
import re
from pathlib import Path
from typing import Any

from workbench.errors import Conflict, Invalid
from workbench.notebooks.contract import NAME
from workbench.permissions import Permission

PARAMETERS = """\
dataset = "flights"
most = 1000"""
READ = """\
import sqlalchemy as sa

from workbench import lab

run = lab.open_run()
rows = run.frame(sa.select(sa.text("*")).select_from(sa.table(dataset)).limit(most))
run.progress(1, 2)"""
SHOW = """\
rows.describe(include="all").T"""
PUBLISH = """\
run.publish("rows", rows)
run.metric("rows", len(rows))
run.progress(2, 2)"""


class NotebookTaken(Conflict):
    """There is a notebook of this name already; choose another."""

    code = "notebook_taken"


def write(folder: Path, name: str, title: str | None = None) -> Path:
    """Put a new notebook into a folder; raise NotebookTaken when its name is in use."""
    if not re.fullmatch(NAME, name):
        raise Invalid("A notebook's name is small letters, digits and _, and begins with a letter.")
    path = folder / f"{name}.ipynb"
    made = notebook(title or name.replace("_", " ").capitalize())
    try:
        with path.open("x") as file:
            file.write(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    except FileExistsError:
        raise NotebookTaken from None
    return path


def notebook(title: str) -> dict[str, Any]:
    """A notebook that passes every check, in the format of Jupyter."""
    heading = f"# {title}\n\nWhich question does this answer, and for whom?"
    cells = [_cell("markdown", heading), _cell("code", PARAMETERS, tags=["parameters"])]
    cells += [_cell("code", source) for source in (READ, SHOW, PUBLISH)]
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Workbench", "language": "python", "name": "workbench"}
    metadata = {
        "kernelspec": kernel,
        "language_info": {"name": "python"},
        "workbench": _contract(title),
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _contract(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "question": "Which question does this answer?",
        "description": "What is read, what is shown, and what is left.",
        "permissions": [Permission.DATASET_READ.value, Permission.ROW_READ.value],
        "parameters": {
            "dataset": {
                "kind": "dataset",
                "title": "Dataset",
                "description": "One of your datasets.",
                "default": "flights",
            },
            "most": {
                "kind": "integer",
                "title": "Rows",
                "description": "How many rows to read.",
                "minimum": 1,
                "maximum": 1_000_000,
                "default": 1000,
            },
        },
        "budgets": {"rows": {"most": 1_000_000, "unit": "rows"}},
        "limit_seconds": 600,
        "cell_limit_seconds": 300,
    }


def _cell(kind: str, source: str, **metadata: Any) -> dict[str, Any]:
    cell = {"cell_type": kind, "metadata": metadata, "source": source.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
