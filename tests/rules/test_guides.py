"""Each rule of the guides names the tests that enforce it, and those tests are there."""

import re
from pathlib import Path

import pytest

from tests.rules.test_threats import exists
from workbench.settings import ROOT

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
ITEM = re.compile(r"^- .+(?:\n +.+)*", re.MULTILINE)
MARK = "**Rule.**"
TEST = re.compile(r"`(tests/[^`]+\.py(?:::\w+)*)`")
ENDS_WITH_TESTS = re.compile(r"Held by `tests/[^`]+::\w+`(?:, `tests/[^`]+::\w+`)*\.$")


def rules(text: str) -> list[str]:
    """The rules of a page, each in one line: list items that begin with the mark."""
    items = (" ".join(item.split()) for item in ITEM.findall(text))
    return [item for item in items if item.startswith(f"- {MARK}")]


def named() -> list[tuple[str, str]]:
    """Every test that a guide names, with the guide's name."""
    return [
        (path.name, test) for path in GUIDES for test in sorted(set(TEST.findall(path.read_text())))
    ]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_each_rule_ends_with_its_tests(path: Path) -> None:
    """A rule without a test is no rule, and no rule hides outside a list."""
    found = rules(path.read_text())
    assert len(found) > 5
    assert len(found) == path.read_text().count(MARK)
    assert [rule for rule in found if not ENDS_WITH_TESTS.search(rule)] == []


@pytest.mark.parametrize(("guide", "test"), named())
def test_the_test_is_there(guide: str, test: str) -> None:
    """File, class and function that a guide names exist."""
    assert (ROOT / test.split("::", maxsplit=1)[0]).is_file(), guide
    assert exists(test), guide


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every link to a page of the repository finds it."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_the_guides_are_found(page: str) -> None:
    """The first pages that people read link every guide."""
    assert [path.name for path in GUIDES if path.name not in (ROOT / page).read_text()] == []


def test_a_rule_without_a_test_is_missed() -> None:
    """The rules above can fail."""
    good = f"- {MARK} Doors are shut.\n  Held by `tests/rules/test_guides.py::rules`."
    bare = f"- {MARK} Doors are shut."
    assert ENDS_WITH_TESTS.search(rules(good)[0])
    assert not ENDS_WITH_TESTS.search(rules(bare)[0])
    assert len(GUIDES) > 3
    assert not exists("tests/rules/test_guides.py::test_nothing_of_the_kind")
