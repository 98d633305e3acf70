"""Every component shows itself in the gallery."""

from collections.abc import Iterator

import pytest
from panel.viewable import Viewable

from dashboards.gallery import examples
from workbench.settings import ROOT

COMPONENTS = ROOT / "dashboards" / "components"
# Modules of components that draw nothing by themselves, and why.
SILENT = {
    "attempts": "does what is wished, and answers sentences",
    "drawings": "options of charts, shown as charts",
    "latest": "does work, and draws nothing",
    "layout": "puts parts under each other",
    "numbers": "texts",
    "parts": "what the browser's side of others is put together from",
    "permission_words": "texts",
    "states": "texts, shown on the stage",
}


def drawing() -> Iterator[str]:
    """The modules of components that draw."""
    for path in sorted(COMPONENTS.glob("[!_]*.py")):
        if path.stem not in SILENT:
            yield path.stem


@pytest.mark.parametrize("name", [*drawing()])
def test_a_component_has_its_examples(name: str) -> None:
    """Each module of components that draws has examples, and each of them can be made."""
    found = examples.of(name)
    assert found, f"write dashboards/gallery/examples/{name}.py"
    for state, make in found.items():
        assert isinstance(make(), Viewable), state


def test_every_example_is_of_a_component() -> None:
    """Nothing stands in the gallery that is no component, and no reason is left over."""
    known = {path.stem for path in COMPONENTS.glob("[!_]*.py")}
    assert set(examples.names()) <= known - set(SILENT)
    assert set(SILENT) <= known


def test_an_unknown_name_has_none() -> None:
    """What an address names is looked for among the files that there are, and never imported."""
    assert examples.of("../table") == {}
    assert examples.of("os") == {}
