"""The kinds of parameters: what each takes, how a shell's text is read, what Python gets."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from pydantic import ValidationError

from workbench.notebooks.contract import InvalidParameters
from workbench.notebooks.terms import TERMS, Terms, title

# Each with what it declares, a text in a shell, the JSON that it becomes, and what Python gets.
TAKEN: list[tuple[dict[str, Any], str, Any, Any]] = [
    ({"kind": "text", "default": ""}, "3", "3", "3"),
    ({"kind": "text", "default": "", "optional": True}, "null", None, None),
    ({"kind": "text", "default": ""}, "null", "null", "null"),
    ({"kind": "choice", "choices": ["a", 2], "default": "a"}, "2", 2, 2),
    ({"kind": "integer", "default": 1, "maximum": 9}, "3.0", 3, 3),
    ({"kind": "number", "default": 1}, "2", 2.0, 2.0),
    ({"kind": "boolean", "default": False}, "yes", True, True),
    ({"kind": "date", "optional": True}, "2013-06-01", "2013-06-01", date(2013, 6, 1)),
    ({"kind": "time", "default": "00:00"}, "08:30", "08:30:00", time(8, 30)),
    (
        {"kind": "datetime", "default": "2013-01-01T00:00:00Z"},
        "2013-06-01T08:30:00Z",
        "2013-06-01T08:30:00Z",
        datetime(2013, 6, 1, 8, 30, tzinfo=UTC),
    ),
    (
        {"kind": "range", "of": {"kind": "date"}, "default": ["2013-01-01", "2013-12-31"]},
        "2013-03-01..2013-03-31",
        ["2013-03-01", "2013-03-31"],
        (date(2013, 3, 1), date(2013, 3, 31)),
    ),
    ({"kind": "range", "of": {"kind": "integer"}, "default": [1, 2]}, "[3, 3]", [3, 3], (3, 3)),
    ({"kind": "list", "of": {"kind": "integer"}, "default": []}, "1, 2", [1, 2], [1, 2]),
    ({"kind": "list", "of": {"kind": "text"}, "default": []}, '["a,b"]', ["a,b"], ["a,b"]),
    ({"kind": "dataset", "default": "flights"}, "planes", "planes", "planes"),
]
# Each with what it declares, a text that it refuses, and words of the reason.
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "text", "default": "", "max_length": 2}, "abc", "at most 2"),
    ({"kind": "text", "default": "a", "pattern": "^a"}, "b", "pattern"),
    ({"kind": "choice", "choices": ["all", "EWR"], "default": "all"}, "null", "'all' or 'EWR'"),
    ({"kind": "integer", "default": 1}, "null", "valid integer"),
    ({"kind": "integer", "default": 1, "maximum": 9}, "10", "less than or equal to 9"),
    ({"kind": "integer", "default": 1}, "true", "valid integer"),
    ({"kind": "number", "default": 1}, "Infinity", "valid number"),
    ({"kind": "boolean", "default": False}, "maybe", "valid boolean"),
    ({"kind": "date", "optional": True}, "1.6.2013", "YYYY-MM-DD"),
    ({"kind": "date", "optional": True, "minimum": "2013-01-01"}, "2012-12-31", "2013-01-01"),
    ({"kind": "time", "default": "00:00"}, "08:30Z", "without a zone"),
    ({"kind": "datetime", "optional": True}, "2013-06-01T08:30:00", "timezone"),
    ({"kind": "datetime", "optional": True}, "1370044800", "write a moment"),
    ({"kind": "range", "of": {"kind": "integer"}, "default": [1, 2]}, "3..1", "greater"),
    ({"kind": "range", "of": {"kind": "integer"}, "default": [1, 2]}, "3", "required"),
    ({"kind": "list", "of": {"kind": "integer"}, "default": []}, "1,a", "valid integer"),
    ({"kind": "list", "of": {"kind": "text"}, "default": [], "most": 1}, "a,b", "at most 1"),
    ({"kind": "list", "of": {"kind": "text"}, "default": [], "unique": True}, "a,a", "twice"),
    ({"kind": "dataset", "default": "flights"}, "data.flights; --", "pattern"),
    ({"kind": "secret", "choices": ["key"], "default": "key"}, "other", "'key'"),
]
WRONG: list[dict[str, Any]] = [
    {"a": {"kind": "surprise", "default": 1}},
    {"a": {"kind": "text", "default": "", "surprise": 1}},
    {"a": {"kind": "text"}},
    {"a": {"kind": "text", "default": "", "pattern": "("}},
    {"a": {"kind": "date", "default": "2012-01-01", "minimum": "2013-01-01"}},
    {"a": {"kind": "choice", "choices": [], "default": None, "optional": True}},
    {"a": {"kind": "list", "of": {"kind": "list", "of": {"kind": "text"}}, "default": []}},
    {"a": {"kind": "column", "dataset": "b", "default": "x"}},
    {"a": {"kind": "column", "dataset": "b", "default": "x"}, "b": {"kind": "text", "default": ""}},
    {"a": {"kind": "text", "default": "", "title": "B"}, "b": {"kind": "text", "default": ""}},
]


def _terms(**parameters: Any) -> Terms:
    return TERMS.validate_python({"parameters": parameters})


@pytest.mark.parametrize(("declared", "text", "plain", "typed"), TAKEN)
def test_it_takes(declared: dict[str, Any], text: str, plain: Any, typed: Any) -> None:
    """A text becomes JSON for the run, and Python's own value in it; the schema says the same."""
    terms = _terms(a=declared)

    given = terms.checked({"a": terms.read("a", text)})

    assert given == {"a": plain}
    assert terms.checked(given) == given
    assert terms.typed(given) == {"a": typed}
    assert type(terms.typed(given)["a"]) is type(typed)
    assert TERMS.validate_python(TERMS.dump_python(terms, mode="json")) == terms
    assert terms.properties()["a"]["x-workbench"]["kind"] == declared["kind"]


@pytest.mark.parametrize(("declared", "text", "reason"), REFUSED)
def test_it_refuses(declared: dict[str, Any], text: str, reason: str) -> None:
    """What does not fit is named with what would."""
    terms = _terms(a=declared)
    with pytest.raises(InvalidParameters) as caught:
        terms.checked({"a": terms.read("a", text)})

    (detail,) = caught.value.details
    assert detail.place.partition(".")[0] == "a"
    assert reason in detail.message


@pytest.mark.parametrize("parameters", WRONG)
def test_it_cannot_declare(parameters: dict[str, Any]) -> None:
    """A declaration that cannot hold is refused, before anybody gives a value."""
    with pytest.raises(ValidationError):
        _terms(**parameters)


def test_its_schema_serves_forms() -> None:
    """Title, meaning, format, null and what JSON Schema has no word for are all there."""
    terms = _terms(
        since={
            "kind": "date",
            "optional": True,
            "minimum": "2013-01-01",
            "title": "From",
            "description": "The first day.",
        },
        from_where={"kind": "dataset", "default": "flights"},
        by={"kind": "list", "of": {"kind": "column", "dataset": "from_where"}, "default": []},
    )

    assert terms.properties()["since"] == {
        "type": ["string", "null"],
        "format": "date",
        "default": None,
        "title": "From",
        "description": "The first day.",
        "x-workbench": {"kind": "date", "minimum": "2013-01-01"},
    }
    assert terms.properties()["by"]["x-workbench"]["of"] == {
        "kind": "column",
        "dataset": "from_where",
    }
    assert title("from_where", terms.parameters["from_where"]) == "From where"
