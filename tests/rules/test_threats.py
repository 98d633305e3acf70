"""Each attack R1 to R45 and S1 to S12 names the test that holds against it, which is there."""

import ast
import re

import pytest

from workbench.settings import ROOT

TEXT = "\n".join((ROOT / "docs" / page).read_text() for page in ("isolation.md", "sql.md"))
NAMED = re.findall(r"^\| ([RS]\d+[a-d]?) \| .+ \| `([^`]+)` \|$", TEXT, re.MULTILINE)


def exists(test: str) -> bool:
    """Whether the file holds the class and function that a test's name consists of."""
    file, *names = test.split("::")
    node: ast.AST = ast.parse((ROOT / file).read_text())
    for name in names:
        inner = (
            child for child in ast.iter_child_nodes(node) if getattr(child, "name", "") == name
        )
        found = next(inner, None)
        if found is None:
            return False
        node = found
    return True


def test_each_attack_is_named() -> None:
    """None of the 45 and of the 12 is left out."""
    attacks = [name for name, _ in NAMED]
    boundary = {f"R{number}" for number in range(1, 46)} | {"R15b", "R15c", "R15d"}
    assert boundary | {f"S{number}" for number in range(1, 13)} == set(attacks)


@pytest.mark.parametrize(("attack", "test"), NAMED)
def test_the_test_is_there(attack: str, test: str) -> None:
    """The test that the page names exists."""
    assert exists(test), attack


def test_a_test_that_is_not_there_is_missed() -> None:
    """The rule itself can fail."""
    assert not exists("tests/rules/test_threats.py::test_nothing_of_the_kind")
