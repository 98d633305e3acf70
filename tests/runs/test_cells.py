"""What two executed notebooks show is compared cell by cell."""

import json
from typing import Any

import pytest

from workbench.errors import Invalid
from workbench.runs import cells
from workbench.runs.schemas import MIME


def cell(source: str, *outputs: dict[str, Any], tags: tuple[str, ...] = ()) -> dict[str, Any]:
    """A cell with what it shows."""
    return {"source": source, "outputs": outputs, "metadata": {"tags": tags}}


def said(text: str | list[str], name: str = "stdout") -> dict[str, Any]:
    """A text on a stream."""
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data: Any) -> dict[str, Any]:
    """Something displayed."""
    named = {kind.replace("_", "/"): value for kind, value in data.items()}
    return {"output_type": "display_data", "data": named}


def file(*made: dict[str, Any]) -> bytes:
    """A notebook's file."""
    return json.dumps({"cells": made}).encode()


def test_what_differs_by_accident_does_not_count() -> None:
    """Addresses, colours, warnings, injected parameters and messages to Workbench are left out."""
    old = file(
        cell("top = 1", tags=("injected-parameters",)),
        cell("x", shown(text_plain="<X at 0x7f00aabb>"), said("a warning", "stderr")),
        cell("y", {"output_type": "display_data", "data": {MIME: {}, "text/plain": "1"}}),
        cell("z", said("\x1b[31mred\x1b[0m\n")),
    )
    new = file(
        cell("top = 2", tags=("injected-parameters",)),
        cell("x", shown(text_plain=["<X at ", "0x7f00ccdd>"])),
        cell("y", {"output_type": "display_data", "data": {MIME: {}, "text/plain": "2"}}),
        cell("z", said(["re", "d\n"])),
    )
    assert cells.compare(old, new) == ([], 3)


def test_each_cell_that_differs_is_told() -> None:
    """Other output, another picture, other code, a cell more: with its places and its lines."""
    old = file(
        cell("a", said("1\n2\n3\n")),
        cell("b", shown(image_png="AAAA", text_plain="<Figure>")),
        cell("c = 1", said("same")),
        cell("d"),
    )
    error = {"output_type": "error", "ename": "ValueError", "evalue": "odd", "traceback": ["x"]}
    new = file(
        cell("a", said("1\n5\n3\n")),
        cell("b", shown(image_png="BBBB", text_plain="<Figure>")),
        cell("c = 2", said("same")),
        cell("d"),
        cell("e", error),
    )
    found, same = cells.compare(old, new)
    assert same == 1
    assert [(c.place, c.other_place, c.change.value) for c in found] == [
        (1, 1, "output"),
        (2, 2, "output"),
        (3, 3, "source"),
        (None, 5, "added"),
    ]
    assert found[0].diff == ["@@ -1,3 +1,3 @@", " 1", "-2", "+5", " 3"]
    assert [line[:23] for line in found[1].diff if line[0] in "+-"] == [
        "-[image/png, 4 characte",
        "+[image/png, 4 characte",
    ]
    assert (found[2].source, found[2].diff) == ("c = 2", [])
    assert found[3].diff[-1] == "+ValueError: odd"
    back, _ = cells.compare(new, old)
    assert [(c.place, c.other_place, c.change.value) for c in back][-1] == (5, None, "removed")


def test_what_is_long_is_cut() -> None:
    """A difference has a bounded length, also when it lies behind what is looked at."""
    many = "".join(f"{number}\n" for number in range(100_000))
    found, _ = cells.compare(file(cell("a", said(many))), file(cell("a", said(many[::-1]))))
    assert len(found[0].diff) == cells.MOST_TOLD + 1
    found, _ = cells.compare(file(cell("a", said(many))), file(cell("a", said(many + "x"))))
    assert [c.change for c in found] == [cells.Change.OUTPUT]
    assert found[0].diff == [cells.MORE]
    old, new = (
        file(*(cell(f"{n}", said("".join(f"{text}{m}\n" for m in range(300)))) for n in range(50)))
        for text in "ab"
    )
    found, same = cells.compare(old, new)
    assert (len(found), same, found[-1].diff) == (50, 0, [cells.MORE])
    assert sum(len(c.diff) for c in found) <= cells.MOST_IN_ALL + 50


@pytest.mark.parametrize("broken", [b"", b"[]", b'{"cells": [1]}', b'{"cells": [{"source": 1}]}'])
def test_what_is_no_notebook_is_said(broken: bytes) -> None:
    """A file that cannot be read is no crash."""
    with pytest.raises(Invalid, match="run it again"):
        cells.compare(broken, file())
