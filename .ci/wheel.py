"""Check that the installed wheel holds every file of the four folders, notebooks included.

Run by the Python of an environment that has the wheel and not the checkout.
"""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("workbench", "dashboards", "migrations", "notebooks")


def files(root: Path) -> set[Path]:
    """Name the files in the four folders under `root`, compiled ones left out."""
    return {
        path.relative_to(root)
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }


def main() -> int:
    """Print each missing or foreign file; the exit code says whether there is one."""
    spec = importlib.util.find_spec("workbench")
    installed = Path(spec.origin).parent.parent if spec and spec.origin else ROOT
    if installed == ROOT:
        print("The wheel is not installed.")
        return 1
    difference = sorted(files(ROOT) ^ files(installed))
    for path in difference:
        print(f"{'Missing from' if (ROOT / path).exists() else 'Only in'} the wheel: {path}")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
