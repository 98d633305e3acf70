"""Parameters as Python's own values, in a run and in JupyterLab."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from IPython import get_ipython

from workbench.errors import Unavailable
from workbench.notebooks import shelf
from workbench.notebooks.shelf import BrokenNotebook
from workbench.notebooks.terms import Terms

OPEN = "JPY_SESSION_NAME"  # JupyterLab names the notebook that a kernel belongs to


class NoParameter(Unavailable):
    """The notebook declares no parameter of this name; in JupyterLab, save it first."""

    code = "no_parameter"


class NoSecret(Unavailable):
    """Only a run of a notebook that declares this secret is handed it."""

    code = "no_secret"


def typed(terms: Terms, values: Mapping[str, Any], name: str) -> Any:
    """A parameter's value as its kind has it; raise NoParameter when there is none."""
    if name not in terms.parameters:
        raise NoParameter
    return terms.typed(values)[name]


def in_lab(name: str) -> Any:
    """The same in JupyterLab, where variables hold the values: a cell may have changed them."""
    terms = open_terms()
    shell: Any = get_ipython()
    space: dict[str, Any] = {} if shell is None else shell.user_ns
    return typed(terms, {one: space[one] for one in terms.parameters if one in space}, name)


def open_terms() -> Terms:
    """What the open notebook declares, as it was saved last; nothing when it has no contract."""
    path = Path(os.environ.get(OPEN, ""))
    if path.suffix != ".ipynb" or not path.is_file():
        return Terms()
    try:
        return shelf.read(path)
    except BrokenNotebook:
        return Terms()
