"""Examples: a module for each component, found by its name; `EXAMPLES` makes its states."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from panel.viewable import Viewable

Examples = Mapping[str, Callable[[], Viewable]]


def names() -> list[str]:
    """The components that have examples, by name."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def of(name: str) -> Examples:
    """The examples of a component: for each state what makes it; none of one that has none."""
    if name not in names():
        return {}
    found: Examples = import_module(f"{__name__}.{name}").EXAMPLES
    return found
