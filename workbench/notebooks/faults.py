"""What is wrong with a notebook before anybody runs it, each in one sentence."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workbench.notebooks.contract import InvalidParameters, Notebook
from workbench.notebooks.shelf import BrokenNotebook, read

MOST_LINES = 10  # of a function, after its head and without its docstring
TAG = "parameters"


def faults(path: Path) -> list[str]:
    """Everything that is wrong with a notebook's file; nothing when it may go on the shelf."""
    try:
        notebook = read(path)
        cells: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
    except BrokenNotebook as error:
        return [_reason(error)]
    except (KeyError, TypeError):
        return ["The file holds no cells."]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    try:
        trees = [ast.parse(_source(cell)) for cell in code]
    except SyntaxError as error:
        return [f"A cell is no Python: {error.msg}, line {error.lineno}."]
    return [
        *_heading(cells),
        *_agreement(notebook, code),
        *_outputs(notebook, code),
        *(found for tree in trees for found in _lengths(tree)),
        *_names(notebook, trees),
    ]


def _reason(error: BrokenNotebook) -> str:
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        first = cause.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"The contract does not hold: {place} {first['msg']}".replace("  ", " ")
    return str(error)


def _heading(cells: list[dict[str, Any]]) -> Iterator[str]:
    if not cells or cells[0]["cell_type"] != "markdown" or not _source(cells[0]).startswith("# "):
        yield "The first cell is no Markdown with a title."


def _agreement(notebook: Notebook, code: list[dict[str, Any]]) -> Iterator[str]:
    tagged = [cell for cell in code if TAG in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        yield f"{len(tagged)} code cells have the tag {TAG}; there must be one."
        return
    try:
        assigned = dict(_assigned(ast.parse(_source(tagged[0]))))
    except ValueError:
        yield "The parameters cell holds more than names and plain values."
        return
    for name in assigned.keys() - notebook.parameters.keys():
        yield f"The parameters cell names {name}, which the contract does not declare."
    for name in notebook.parameters.keys() - assigned.keys():
        yield f"The contract declares {name}, which the parameters cell does not name."
    for name in assigned.keys() & notebook.parameters.keys():
        if not _agrees(notebook, name, assigned[name]):
            said = notebook.parameters[name].default
            yield f"{name} is {assigned[name]!r} in the parameters cell and {said!r} by contract."


def _assigned(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    for statement in tree.body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise ValueError
        yield ast.unparse(statement.targets[0]), ast.literal_eval(statement.value)


def _agrees(notebook: Notebook, name: str, value: Any) -> bool:
    try:
        return notebook.checked({name: value}) == notebook.defaults()
    except InvalidParameters:
        return False


def _outputs(notebook: Notebook, code: list[dict[str, Any]]) -> Iterator[str]:
    executed = [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None]
    if executed and not notebook.keeps_outputs:
        yield f"{len(executed)} cells have outputs or were executed; clear them."


def _lengths(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            said = 1 if ast.get_docstring(node) else 0
            lines = (node.end_lineno or 0) - node.body[0].lineno + 1 - said
            if lines > MOST_LINES:
                yield f"The function {node.name} has {lines} lines; {MOST_LINES} are allowed."


def _names(notebook: Notebook, trees: list[ast.Module]) -> Iterator[str]:
    metrics, are_all = _first_arguments(trees, "metric")
    for name in notebook.budgets.keys() - metrics if are_all else ():
        yield f"The contract has a budget for {name}, which no cell reports."
    secrets, are_all = _first_arguments(trees, "secret")
    for name in notebook.secrets.keys() - secrets if are_all else ():
        yield f"The contract declares the secret {name}, which no cell asks for."
    for name in secrets - notebook.secrets.keys():
        yield f"A cell asks for the secret {name}, which the contract does not declare."
    parameters, _ = _first_arguments(trees, "parameter")
    for name in parameters - notebook.parameters.keys():
        yield f"A cell asks for the parameter {name}, which the contract does not declare."


def _first_arguments(trees: list[ast.Module], method: str) -> tuple[set[str], bool]:
    """What `run.<method>` is given first as plain text, and whether that is all it is given."""
    given = [
        call.args[0]
        for tree in trees
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == f"run.{method}" and call.args
    ]
    plain = {one.value for one in given if isinstance(one, ast.Constant)}
    return {name for name in plain if isinstance(name, str)}, len(plain) == len(
        {ast.dump(one) for one in given}
    )


def _source(cell: dict[str, Any]) -> str:
    """The text of a cell; of one with code, without what is IPython's and not Python's."""
    text = "".join(cell["source"])
    if cell["cell_type"] != "code":
        return text
    if text.startswith("%%"):
        return ""
    return "\n".join("" if line.startswith(("%", "!")) else line for line in text.splitlines())
