"""What a run executes: the commit that the worker was started from, and the notebook's own hash."""

import hashlib
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

from workbench.notebooks import Shelf

SECONDS = 5
DESCRIBE = ("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


class Version(NamedTuple):
    """A commit, `-dirty` when files differed from it, and the SHA-256 of a notebook's file."""

    commit: str | None
    notebook_hash: str | None


def of(shelf: Shelf, notebook: str) -> Version:
    """What executes when a notebook is taken from the shelf now."""
    path = shelf.folder / f"{notebook}.ipynb"
    known = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    return Version(commit(shelf.folder.parent), known)


@cache
def commit(folder: Path) -> str | None:
    """The commit of a checkout as it was when first asked: the code in memory is that one.

    None where there is no git, and where the folder itself is no checkout.
    """
    git = shutil.which("git")
    if git is None or not (folder / ".git").exists():
        return None
    try:
        told = subprocess.run(
            [git, "-C", str(folder), *DESCRIBE],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip() or None
