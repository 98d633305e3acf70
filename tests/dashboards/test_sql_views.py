"""How answers, errors, plans and examples of SQL are shown."""

from typing import Any

import pytest

from dashboards.components import plan_tree
from dashboards.components.editor import ACE
from dashboards.components.face import Face
from dashboards.sql.store import Column, Known
from dashboards.sql.views import cells, charts, examples, results
from dashboards.sql.views.wrong import Wrong, mark, meant
from tests.dashboards.conftest import Site
from workbench.actor import Actor
from workbench.datasets.sql import SqlResult
from workbench.datasets.sql_plan import Node, Plan
from workbench.db.ids import new_id
from workbench.errors import Detail, Invalid, Position

HOSTILE = "<img src=x onerror=alert(1)>"


def answer(columns: list[str], *rows: list[Any], truncated: bool = False) -> SqlResult:
    """An answer of some rows."""
    return SqlResult(new_id(), columns, list(rows), truncated, 12.3)


def test_nothing_is_told_from_empty() -> None:
    """NULL stays None, an empty text stays one, numbers and flags become texts."""
    result = answer(["a", "b", "c", "d"], [None, "", 1.5, True], ["x", "y", None, None])

    assert cells.texts(result) == [[None, "", "1.5", "true"], ["x", "y", None, None]]
    assert [heading.is_number for heading in cells.headings(result)] == [False, False, True, False]


def test_moments_are_readable() -> None:
    """A column of moments loses the signs of programs; one that holds other texts does not."""
    moments = answer(["at"], ["2013-01-31T05:00:00+00:00"], ["2013-01-31T05:00:01.5+00:00"])
    mixed = answer(["at"], ["2013-01-31T05:00:00+00:00"], ["soon"])

    assert cells.texts(moments) == [["2013-01-31 05:00"], ["2013-01-31 05:00:01.5"]]
    assert cells.texts(mixed)[0] == ["2013-01-31T05:00:00+00:00"]
    assert results.counted(moments) == "2 rows, 12 ms. Times are in UTC."
    assert results.counted(answer(["n"], [1], truncated=True)) == (
        "The first 1 row; there are more, 12 ms"
    )


def test_times_are_drawn_as_a_line_in_their_order() -> None:
    """The first column of times lies along, whatever the order of the rows."""
    found = charts.plot(answer(["n", "day"], [2, "2013-01-02"], [1, "2013-01-01"], [5, None]))

    assert found is not None
    assert (found.along, found.places, found.series) == (
        "day",
        ["2013-01-01", "2013-01-02"],
        {"n": [1, 2]},
    )
    assert charts.option(found, "dark")["series"][0]["type"] == "line"


def test_texts_are_drawn_as_bars() -> None:
    """A bar stands for each name, also for rows without one, and many are cut short."""
    found = charts.plot(answer(["dest", "n"], ["ORD", 2], [None, 1]))
    many = charts.plot(answer(["dest", "n"], *([str(n), n] for n in range(50))))

    assert found is not None
    assert found.places == ["ORD", "NULL"]
    assert charts.option(found, "light")["series"][0]["type"] == "bar"
    assert many is not None
    assert (len(many.places), many.left_out) == (charts.MOST_BARS, 10)
    assert "first 40 rows" in many.note


@pytest.mark.parametrize(
    "result",
    [
        answer(["dest", "n"], ["ORD", 2]),
        answer(["dest", "origin"], ["ORD", "JFK"], ["LAX", "JFK"]),
        answer(["n", "n"], [1, 2], [3, 4]),
        answer(list("abcdefg"), [*"abcdef", 1], [*"abcdef", 2]),
    ],
)
def test_lists_are_not_drawn(result: SqlResult) -> None:
    """One row, no number, two columns of one name, or many columns: nothing to compare."""
    assert charts.plot(result) is None


@pytest.mark.parametrize(
    ("position", "shown"),
    [
        (Position(1, 8, 3, "select dst"), "       ^^^"),
        (Position(2, 2, 2, "\txy z"), "\t^^"),
        (Position(1, 100, 4, "x" * 60 + "here"), " " * 60 + "^^^^"),
        (Position(1, 12, 9, "select 1 + "), "           ^"),
    ],
)
def test_the_mark_stands_under_its_place(position: Position, shown: str) -> None:
    """Carets stand below what is wrong, also in a line that was cut, and at its end."""
    assert mark(position) == shown


def test_errors_are_said_where_they_are() -> None:
    """The box quotes the line, and the editor learns the place; what was typed is text."""
    wrong = Wrong(lambda _name: None)
    detail = Detail("line 1, column 8", "No", Position(1, 8, 3, f"select {HOSTILE}"), "Did you?")

    marked = wrong.show(Invalid("No (line 1, column 8).", details=[detail]))

    assert (marked["line"], marked["column"], marked["length"]) == (1, 8, 3)
    assert "Did you?" in str(wrong.pane[0].object)
    assert HOSTILE not in str(wrong.pane[0].object)
    assert "&lt;img" in str(wrong.pane[0].object)


@pytest.mark.parametrize(
    ("hint", "names"),
    [
        ("Did you mean dest?", ["dest"]),
        ("Did you mean dest or Full name?", ["dest", "Full name"]),
        ("Group by it as well.", []),
        ("", []),
    ],
)
def test_what_was_meant_is_offered(hint: str, names: list[str]) -> None:
    """A hint that guesses names offers each of them."""
    assert meant(hint) == names


def test_parameters_are_named() -> None:
    """What is wrong with the value of a parameter names it, and marks nothing."""
    wrong = Wrong(lambda _name: None)
    detail = Detail("parameters.late.value", "must be a whole number")

    assert wrong.show(Invalid(details=[detail])) == {}
    assert ":late must be a whole number" in str(wrong.pane[0].object)


def test_a_plan_is_a_tree_of_lines() -> None:
    """Steps stand below each other with what is theirs; a bar is of the largest."""
    scan = Node("Seq Scan", "flights", None, 900, 800, 1, 3.0)
    index = Node("Bitmap Index Scan", None, None, 10, None, 1, 0.5)
    top = Node("Aggregate", None, None, 1, 1, 1, 4.0, below=[scan, index])

    first, second, third = plan_tree.lines(Plan(top, 0.1, 4.2, 5.0))

    assert (first.depth, second.depth, third.rows) == (0, 1, "–")
    assert (second.note, second.row_share, second.time) == (
        "flights · reads every row",
        1.0,
        "3.0 ms",
    )
    assert first.time == "0.5 ms"
    face: Face = plan_tree.tree()
    face.show(**plan_tree.shown(Plan(top, 0.1, None, 5.0)))
    assert "Expected rows" in str(face.pane.object)


def test_examples_fit_what_is_there() -> None:
    """Months where there are times, values where there are texts, else the first rows."""
    flights = Known("flights", "", [Column("n", "integer", ""), Column("at", "timestamp", "")])
    airlines = Known("airlines", "", [Column("Full name", "text", "")])
    numbers = Known("numbers", "", [Column("n", "integer", "")])

    assert "date_trunc('month', at)" in examples.example([airlines, flights])
    assert 'select "Full name", count(*)' in examples.example([numbers, airlines])
    assert "select *\nfrom numbers" in examples.example([numbers])
    assert examples.example([]) == ""


async def test_the_editor_lies_on_our_own_server(site: Site, actor: Actor) -> None:
    """Ace is one of the files that Panel brings along."""
    for name in ("ace.js", "ext-language_tools.js", "mode-sql.js"):
        assert (await site.get(f"{ACE}/{name}", actor)).status_code == 200


@pytest.mark.acts_as("viewer")
async def test_a_viewer_gets_a_friendly_page(site: Site, actor: Actor) -> None:
    """Who may not ask in SQL gets a page that says so, and no editor."""
    page = await site.get("/dashboards/sql", actor)

    assert page.status_code == 200
    assert "SQL is not open to you" in page.text
    assert "mode-sql" not in page.text


async def test_an_analyst_gets_the_editor(site: Site, actor: Actor) -> None:
    """The twin: an analyst's page opens."""
    page = await site.get("/dashboards/sql", actor)

    assert page.status_code == 200
    assert "SQL is not open to you" not in page.text
