"""Files and functions stay small, and few lines live in large files."""

import ast
import statistics
from pathlib import Path

from workbench.settings import ROOT

CODE = ("workbench", "dashboards", "migrations")
LARGEST = 400
LONG, LONG_SHARE = 250, 0.10
FUNCTION, MEDIAN, NINETIETH = 50, 8, 25


def files(*folders: str) -> list[Path]:
    """The Python files below some folders."""
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def lines(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text().splitlines())


def functions(path: Path) -> dict[str, int]:
    """How many lines each function of a file has."""
    return {
        f"{path.relative_to(ROOT)}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_no_file_is_too_large() -> None:
    """At most 400 lines, tests too."""
    sizes = {path.name: lines(path) for path in files(*CODE, "tests")}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}


def test_few_lines_live_in_large_files() -> None:
    """Under 10 % of the lines lie in files above 250."""
    sizes = [lines(path) for path in files(*CODE)]
    assert sum(size for size in sizes if size > LONG) < LONG_SHARE * sum(sizes)


def test_no_function_is_too_long() -> None:
    """None above 50 lines, in tests neither."""
    found = {n: size for p in files(*CODE, "tests") for n, size in functions(p).items()}
    assert {name: size for name, size in found.items() if size > FUNCTION} == {}


def test_most_functions_are_short() -> None:
    """The median has at most 8 lines, nine of ten at most 25."""
    sizes = [size for path in files(*CODE) for size in functions(path).values()]
    assert statistics.median(sizes) <= MEDIAN
    assert statistics.quantiles(sizes, n=10)[-1] <= NINETIETH
