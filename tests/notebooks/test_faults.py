"""What keeps a notebook off the shelf, and the template that nothing keeps off."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.errors import Invalid
from workbench.notebooks import template
from workbench.notebooks.faults import faults
from workbench.notebooks.template import NotebookTaken

Change = Callable[[dict[str, Any]], Any]
LONG = "def long():\n" + "    x = 1\n" * 11


def _contract(**changes: Any) -> Change:
    return lambda made: made["metadata"]["workbench"].update(changes)


def _cell(number: int, source: str) -> Change:
    return lambda made: made["cells"][number].update(source=source)


CASES: list[tuple[Change, str]] = [
    (_contract(title=""), "The contract does not hold: title"),
    (_contract(surprise=1), "The contract does not hold: surprise"),
    (_contract(keeps_outputs=True), "only a notebook of the sandbox"),
    (_contract(budgets={"rows": {"most": 1}, "speed": {"most": 1}}), "a budget for speed"),
    (_contract(secrets={"key": "A key."}), "declares the secret key, which no cell"),
    (lambda made: made["metadata"].pop("workbench"), "does not declare its contract"),
    (lambda made: made.pop("cells"), "no cells"),
    (_cell(0, "Words."), "no Markdown with a title"),
    (_cell(1, 'dataset = "flights"\nmost = 1_000'), ""),
    (_cell(1, 'dataset = "flights"\nmost = 5'), "most is 5 in the parameters cell and 1000"),
    (_cell(1, 'dataset = "flights"\nmost = "5"'), "most is '5'"),
    (_cell(1, 'dataset = "flights"'), "declares most, which the parameters cell"),
    (_cell(1, 'dataset = "flights"\nmost = 1000\nx = 1'), "names x, which the contract"),
    (_cell(1, 'dataset = "flights"\nmost = int("5")'), "more than names and plain values"),
    (lambda made: made["cells"][1]["metadata"].clear(), "0 code cells have the tag"),
    (lambda made: made["cells"][2].update(execution_count=1), "1 cells have outputs"),
    (_cell(3, LONG), "The function long has 11 lines"),
    (_cell(3, "1 +"), "no Python"),
    (_cell(3, "%matplotlib inline\nawait x"), ""),
    (_cell(3, 'run.secret("key")'), "asks for the secret key"),
    (_cell(3, 'run.parameter("since")'), "asks for the parameter since"),
    (_cell(4, "for name in names:\n    run.metric(name, 1)"), ""),
]


@pytest.mark.parametrize(("change", "fault"), CASES)
def test_it_says_what_is_wrong(tmp_path: Path, change: Change, fault: str) -> None:
    """A template that is changed in one place has the one fault, or none."""
    path = template.write(tmp_path, "new_one")
    assert faults(path) == []
    made = json.loads(path.read_text())
    change(made)
    path.write_text(json.dumps(made))

    found = faults(path)

    assert len(found) == (1 if fault else 0), found
    assert all(fault in one for one in found)


def test_a_name_is_used_once_and_is_no_path(tmp_path: Path) -> None:
    """Nothing is overwritten, and nothing is written elsewhere."""
    before = template.write(tmp_path, "new_one", "Delays").read_text()
    assert '"# Delays' in before
    with pytest.raises(NotebookTaken):
        template.write(tmp_path, "new_one")
    for name in ("../other", "Other", "other.ipynb", ""):
        with pytest.raises(Invalid):
            template.write(tmp_path, name)
    assert [path.read_text() for path in tmp_path.iterdir()] == [before]
