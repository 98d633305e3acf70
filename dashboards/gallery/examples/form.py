"""Examples of forms: each kind of field, with and without faults."""

from collections.abc import Callable, Mapping
from typing import Any

from panel.viewable import Viewable

from dashboards.components.form import Form, Values

FIELDS: dict[str, dict[str, Any]] = {
    "note": {"title": "Note", "type": "string", "description": "Any text.", "x-workbench": {}},
    "top": {
        "title": "Destinations",
        "type": "integer",
        "minimum": 3,
        "maximum": 30,
        "x-workbench": {"kind": "integer"},
    },
    "exact": {"title": "Exact", "type": "boolean", "x-workbench": {"kind": "boolean"}},
    "origin": {
        "title": "From",
        "type": "string",
        "enum": ["all", "EWR", "<b>hostile</b>"],
        "x-workbench": {"kind": "choice"},
    },
    "since": {"title": "Since", "type": ["string", "null"], "x-workbench": {"kind": "date"}},
    "months": {
        "title": "Months",
        "type": "array",
        "x-workbench": {"kind": "range", "of": {"kind": "integer"}},
    },
    "dataset": {"title": "Dataset", "type": "string", "x-workbench": {"kind": "dataset"}},
    "by": {
        "title": "Columns",
        "type": "array",
        "x-workbench": {"kind": "list", "of": {"kind": "column", "dataset": "dataset"}},
    },
    "key": {
        "title": "Key of the weather service",
        "type": "string",
        "enum": ["weather_key"],
        "x-workbench": {"kind": "secret"},
    },
}
VALUES = {
    "note": "",
    "top": 10,
    "exact": True,
    "origin": "all",
    "since": None,
    "months": [1, 12],
    "dataset": "flights",
    "by": ["origin"],
    "key": "weather_key",
}
DATASETS = {"flights": [("origin", "text"), ("arr_delay", "integer")], "planes": []}


async def _check(_values: Values) -> Mapping[str, str]:
    """Find nothing wrong: this is an example."""
    return {}


async def _nothing(_values: Values) -> None:
    """Do nothing: this is an example."""


def _made(**params: Any) -> Viewable:
    form = Form.of(_check, _nothing, action="Start the run")
    form.ask([*FIELDS.items()], VALUES, DATASETS)
    form.param.update(**params)
    return form


def _empty() -> Viewable:
    form = Form.of(_check, _nothing, action="Start the run")
    form.ask([], {}, {})
    return form


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": _made,
    "empty": _empty,
    "loading": lambda: _made(is_loading=True),
    "failed": lambda: _made(
        faults={"top": "Input should be less than or equal to 30", "": "Two values differ."}
    ),
    "busy": lambda: _made(is_busy=True),
}
