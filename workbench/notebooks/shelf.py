"""The shelf: the folder where notebooks lie."""

import json
import re
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from workbench.errors import NotFound, Unavailable
from workbench.notebooks.contract import NAME, Notebook


class UnknownNotebook(NotFound):
    """There is no notebook of this name."""

    code = "unknown_notebook"


class BrokenNotebook(Unavailable):
    """A notebook on the shelf does not declare what it needs."""

    code = "broken_notebook"


class Shelf:
    """All notebooks of one folder; a changed file is read anew."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        self.folder = folder

    def all(self) -> list[Notebook]:
        """Every notebook, by title."""
        paths = [path for path in self.folder.glob("*.ipynb") if re.fullmatch(NAME, path.stem)]
        return sorted((read(path) for path in paths), key=lambda notebook: notebook.title)

    def named(self, name: str) -> Notebook:
        """The notebook of a name; raise UnknownNotebook when there is none."""
        path = self.folder / f"{name}.ipynb"
        if not re.fullmatch(NAME, name) or not path.is_file():
            raise UnknownNotebook
        return read(path)


def read(path: Path) -> Notebook:
    """The contract of a notebook's file; raise BrokenNotebook when it declares none that holds."""
    state = path.stat()
    return _contract(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _contract(path: Path, _changed: int, _size: int) -> Notebook:
    try:
        metadata = json.loads(path.read_text())["metadata"]
        return Notebook(name=path.stem, path=path, **metadata["workbench"])
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise BrokenNotebook(f"The notebook {path.stem} does not declare its contract.") from error
