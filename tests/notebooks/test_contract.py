"""The contract of a notebook and the shelf where notebooks lie."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.actor import Actor
from workbench.errors import Forbidden
from workbench.notebooks import Notebook, Shelf, queries
from workbench.notebooks.contract import InvalidParameters
from workbench.notebooks.shelf import BrokenNotebook, UnknownNotebook
from workbench.permissions import Permission

PARAMETERS: dict[str, dict[str, Any]] = {
    "origin": {"type": "string", "enum": ["all", "EWR"], "default": "all", "title": "From"},
    "top": {"type": "integer", "minimum": 1, "maximum": 30, "default": 10},
    "share": {"type": "number", "default": 0.5},
    "word": {"type": "string", "default": ""},
    "days": {"type": "array", "items": {"type": "integer"}, "default": [1]},
    "loud": {"type": "boolean", "default": False},
}
DEFAULTS = {name: rule["default"] for name, rule in PARAMETERS.items()}


def _notebook(**changes: Any) -> Notebook:
    given_: dict[str, Any] = {
        "name": "some",
        "path": Path("some.ipynb"),
        "title": "Some",
        "parameters": PARAMETERS,
    }
    return Notebook(**(given_ | changes))


class TestChecked:
    """Parameters that somebody gives."""

    def test_it_fills_in_defaults(self) -> None:
        """Nothing given is everything by default; what is given counts."""
        assert _notebook().checked({}) == DEFAULTS
        assert _notebook().checked({"top": 3, "days": []}) == DEFAULTS | {"top": 3, "days": []}

    def test_a_whole_number_arrives_as_an_integer(self) -> None:
        """JSON knows one kind of number; code knows two."""
        top = _notebook().checked({"top": 3.0})["top"]

        assert (top, type(top)) == (3, int)

    @pytest.mark.parametrize(
        ("given_", "place"),
        [
            ({"least": 1}, "least"),
            ({"__class__": 1}, "__class__"),
            ({"top": "3"}, "top"),
            ({"top": True}, "top"),
            ({"top": None}, "top"),
            ({"top": 31}, "top"),
            ({"top": 10**40}, "top"),
            ({"origin": "JFK"}, "origin"),
            ({"days": [1, "2"]}, "days.1"),
            ({"loud": "yes"}, "loud"),
            ({"word": "a\0b"}, "word"),
            ({"word": "\ud800"}, "word"),
        ],
    )
    def test_it_names_the_place_that_is_wrong(self, given_: dict[str, Any], place: str) -> None:
        """Unknown names, other types, values out of range and unstorable text are refused."""
        with pytest.raises(InvalidParameters) as caught:
            _notebook().checked(given_)

        assert [detail.place for detail in caught.value.details] == [place]

    @pytest.mark.parametrize(
        "given_",
        [
            {"share": float("nan")},
            {"share": float("inf")},
            {"days": {1}},
            {"word": b"bytes"},
            {"word": Path("x")},
            {"word": "x" * 20_000},
        ],
    )
    def test_it_refuses_what_is_no_small_json(self, given_: dict[str, Any]) -> None:
        """What JSON cannot say, or takes too much room, does not get in."""
        with pytest.raises(InvalidParameters):
            _notebook().checked(given_)

    def test_it_refuses_what_is_nested_too_deep(self) -> None:
        """A list of a list of a list … is refused, not a crash."""
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]

        with pytest.raises(InvalidParameters):
            _notebook().checked({"days": deep})

    @given(
        st.dictionaries(st.text(), st.recursive(st.none() | st.booleans() | st.text(), st.lists))
    )
    def test_it_answers_the_declared_names_or_refuses(self, given_: dict[str, Any]) -> None:
        """Whatever is given, no other name and no other kind of error comes out."""
        try:
            answer = _notebook().checked(given_)
        except InvalidParameters:
            return
        assert answer.keys() == PARAMETERS.keys()


class TestNotebook:
    """What a notebook may declare."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"title": ""},
            {"name": "../secret"},
            {"limit_seconds": 0},
            {"limit_seconds": 10**6},
            {"permissions": ["row:steal"]},
            {"surprise": 1},
            {"parameters": {"class": {"type": "string", "default": ""}}},
            {"parameters": {"_hidden": {"type": "string", "default": ""}}},
            {"parameters": {"a b": {"type": "string", "default": ""}}},
            {"parameters": {"a": {"type": "string"}}},
            {"parameters": {"a": {"type": "object", "default": {}}}},
            {"parameters": {"a": {"type": "integer", "default": "1"}}},
            {"parameters": {"a": {"type": "integer", "minimum": "low", "default": 1}}},
        ],
    )
    def test_it_cannot_declare(self, changes: dict[str, Any]) -> None:
        """A contract that cannot hold is refused as a whole."""
        with pytest.raises(ValidationError):
            _notebook(**changes)

    def test_its_parameters_are_a_json_schema(self) -> None:
        """The API shows what the check asks."""
        schema = _notebook().schema()

        for name, rule in PARAMETERS.items():
            assert schema["properties"][name].items() >= rule.items()
        assert schema["additionalProperties"] is False
        assert _notebook().titled(DEFAULTS)["From"] == "all"


class TestShelf:
    """The folder of notebooks."""

    def test_it_lists_and_finds(self, tmp_path: Path) -> None:
        """A notebook is found by its name, and again after a change."""
        path = tmp_path / "some.ipynb"
        path.write_text(json.dumps({"metadata": {"workbench": {"title": "One"}}}))
        shelf = Shelf(tmp_path)
        assert [notebook.title for notebook in shelf.all()] == ["One"]

        path.write_text(json.dumps({"metadata": {"workbench": {"title": "Another"}}}))
        assert shelf.named("some").title == "Another"

    @pytest.mark.parametrize("name", ["other", "../some", "some.ipynb", "SOME", "", "a/b", "a\0"])
    def test_it_finds_no_other_name(self, tmp_path: Path, name: str) -> None:
        """A name is no path."""
        (tmp_path / "some.ipynb").write_text("{}")
        with pytest.raises(UnknownNotebook):
            Shelf(tmp_path / "inner").named(name)
        with pytest.raises(UnknownNotebook):
            Shelf(tmp_path).named(name)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"metadata": {"workbench": {}}}'])
    def test_it_says_which_notebook_is_broken(self, tmp_path: Path, text: str) -> None:
        """A file without a contract is named."""
        (tmp_path / "some.ipynb").write_text(text)
        with pytest.raises(BrokenNotebook, match="some"):
            Shelf(tmp_path).all()

    def test_it_is_read_with_the_permission(self, tmp_path: Path) -> None:
        """Who may not read notebooks sees none; who may, sees them."""
        shelf = Shelf(tmp_path)
        reader = Actor.of_system("test", Permission.NOTEBOOK_READ)
        assert queries.notebooks(reader, shelf) == []
        with pytest.raises(UnknownNotebook):
            queries.notebook(reader, shelf, "some")
        for ask in (queries.notebooks, lambda a, s: queries.notebook(a, s, "some")):
            with pytest.raises(Forbidden):
                ask(Actor.of_system("test"), shelf)
