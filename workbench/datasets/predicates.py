"""The filter of a grant as SQL, for whoever sees the whole dataset and asks what it shows.

PostgreSQL makes the lenses of the same trees by itself (`workbench_private.predicate`); a test
compares the two.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, TableClause, Text, and_, cast, literal, or_, true

from workbench.datasets.column_types import TYPES
from workbench.datasets.conditions import COMPARE


def predicate(
    view: TableClause, types: Mapping[str, str], tree: Mapping[str, Any]
) -> ColumnElement[bool]:
    """Whether a filter that PostgreSQL has accepted shows a row of the view."""
    if "all" in tree:
        return and_(*(predicate(view, types, branch) for branch in tree["all"]))
    if "any" in tree:
        return or_(*(predicate(view, types, branch) for branch in tree["any"]))
    if "not" in tree:
        return predicate(view, types, tree["not"]).is_not(true())
    column: ColumnElement[Any] = view.c[tree["column"]]
    if tree["op"] == "is_null":
        return column.is_(None)
    type_name = types[tree["column"]]
    if tree["op"] == "in":
        return column.in_([_typed(type_name, value) for value in tree["value"]])
    comparison: ColumnElement[bool] = getattr(column, COMPARE[tree["op"]])(
        _typed(type_name, tree["value"])
    )
    return comparison


def _typed(type_name: str, value: Any) -> ColumnElement[Any]:
    written = value if isinstance(value, str) else json.dumps(value)
    return cast(literal(written, Text()), TYPES[type_name].sql)
