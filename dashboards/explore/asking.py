"""From a question to what the datasets are asked, and from their answers to figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.explore.figures import Answer, Cell, Field, is_ordered, kind_of
from dashboards.explore.state import MAX_FIRST, Question
from workbench.datasets.schemas import (
    MAX_GROUPS,
    Aggregation,
    AllOf,
    AnyOf,
    Condition,
    Filter,
    Group,
    Measure,
    Not,
    Sort,
)
from workbench.errors import Invalid

DOT = "."
ROWS = Measure(function="count", name="rows")
FEW = 15  # categories that a drawing shows well
FEW_SERIES = {"stacked": 8, "line": 8, "bar": 6, "heat": 31, "table": 50}
MOST_KEYS = 900  # values that one condition names
MOST_PAIRS = 90  # conditions that one filter joins
Row = Mapping[Any, Any]


def check(question: Question, fields: Mapping[str, Field]) -> None:
    """Raise Invalid that names the first column which the dataset does not have."""
    for name in sorted(question.columns() - {"row_id"}):
        if name not in fields:
            raise Invalid(f"This dataset has no column {name}.")


def aggregations(question: Question, fields: Mapping[str, Field]) -> list[Aggregation]:
    """The figure of all rows; that of each group; with two groups also those of the second."""
    check(question, fields)
    first = [_grouped(question, fields, [0], first_of(question, fields) + 1)] if question.by else []
    if len(question.by) > 1:
        first += [
            _grouped(question, fields, [1], series_of(question, fields) + 1, is_by_size=True),
            _grouped(question, fields, [0, 1], MAX_GROUPS),
        ]
    return [_asked(question, [], 1), *first]


def first_of(question: Question, fields: Mapping[str, Field]) -> int:
    """How many groups are shown: as chosen, or as many as suit the drawing."""
    if question.first:
        return question.first
    group = question.by[0]
    return MAX_FIRST if is_ordered(group, fields[group.column]) else FEW


def series_of(question: Question, fields: Mapping[str, Field]) -> int:
    """How many values of the second group are shown."""
    group = question.by[1]
    kind = kind_of(question, fields)
    is_whole = kind in ("heat", "table") and is_ordered(group, fields[group.column])
    return MAX_FIRST if is_whole else FEW_SERIES[kind]


def answer(
    question: Question, fields: Mapping[str, Field], answers: Sequence[Sequence[Row]]
) -> Answer:
    """What was answered, cut to what is shown."""
    [total], *rest = answers
    if not rest:
        return Answer(total["value"], total["rows"], [], is_cut=False)
    most = first_of(question, fields)
    shown, is_cut = rest[0][:most], len(rest[0]) > most
    cells = [Cell((row["key0"],), row["value"], row["rows"]) for row in shown]
    if len(rest) > 1:
        some = series_of(question, fields)
        series = {row["key1"] for row in rest[1][:some]}
        is_cut = is_cut or len(rest[1]) > some or len(rest[2]) >= MAX_GROUPS
        cells = _crossed([cell.key[0] for cell in cells], series, rest[2])
    return Answer(total["value"], total["rows"], cells, is_cut)


def _crossed(firsts: Sequence[Any], series: set[Any], rows: Sequence[Row]) -> list[Cell]:
    place = {key: number for number, key in enumerate(firsts)}
    cells = [
        Cell((row["key0"], row["key1"]), row["value"], row["rows"])
        for row in rows
        if row["key0"] in place and row["key1"] in series
    ]
    return sorted(cells, key=lambda cell: (place[cell.key[0]], _last_none(cell.key[1])))


def _last_none(key: Any) -> tuple[bool, Any]:
    return (key is None, 0 if key is None else key)


def _grouped(
    question: Question,
    fields: Mapping[str, Field],
    which: Sequence[int],
    limit: int,
    *,
    is_by_size: bool = False,
) -> Aggregation:
    groups = [
        question.by[place].model_copy(update=_named(question, fields, place)) for place in which
    ]
    sort = [Sort(column="rows", descending=True)] if is_by_size else _sort(question, fields)
    return _asked(question, groups, min(limit, MAX_GROUPS), sort)


def _named(question: Question, fields: Mapping[str, Field], place: int) -> dict[str, Any]:
    group: Group = question.by[place]
    is_zoned = group.bucket is not None and fields[group.column].type == "timestamp"
    return {"name": f"key{place}", "zone": question.zone if is_zoned else None}


def _asked(
    question: Question, groups: list[Group], limit: int, sort: Sequence[Sort] = ()
) -> Aggregation:
    measure = question.show.model_copy(update={"name": "value"})
    return Aggregation(
        group=groups,
        measures=[measure, ROWS],
        filter=question.where,
        sort=list(sort),
        limit=limit,
    )


def _sort(question: Question, fields: Mapping[str, Field]) -> list[Sort]:
    match order_of(question, fields):
        case "most":
            return [Sort(column="value", descending=True)]
        case "least":
            return [Sort(column="value")]
        case "backward":
            return [Sort(column="key0", descending=True)]
    return [Sort(column="key0")]


def order_of(question: Question, fields: Mapping[str, Field]) -> str:
    """The order of the groups: as chosen, time and bins forward, all else the largest first."""
    if question.order != "auto" or not question.by:
        return question.order
    group = question.by[0]
    return "forward" if is_ordered(group, fields[group.column]) else "most"


def suggestions(fields: Mapping[str, Field], column: str, piece: str, most: int) -> Aggregation:
    """The most frequent texts of a column, perhaps of those with a piece in them."""
    if column not in fields or fields[column].type != "text":
        raise Invalid("Only texts can be suggested.")
    wanted = [Condition(column=column, op="is_null", value=False)]
    if piece:
        wanted.append(Condition(column=column, op="contains", value=piece))
    return Aggregation(
        group=[Group(column=column, name="key")],
        measures=[ROWS],
        filter=wanted,
        sort=[Sort(column="rows", descending=True)],
        limit=most,
    )


def keys(condition: Condition, columns: Sequence[str]) -> Aggregation:
    """The keys of the rows whose joined column meets a condition."""
    if not columns:
        raise Invalid(f"This dataset has no column {condition.column}.")
    most = MOST_KEYS if len(columns) == 1 else MOST_PAIRS // len(columns)
    groups = [Group(column=name, name=f"key{place}") for place, name in enumerate(columns)]
    return Aggregation(group=groups, measures=[ROWS], filter=[condition], limit=most + 1)


def of_keys(name: str, columns: Sequence[str], rows: Sequence[Row]) -> Filter:
    """The filter of the rows that have one of the keys."""
    most = MOST_KEYS if len(columns) == 1 else MOST_PAIRS // len(columns)
    if len(rows) > most:
        raise Invalid(f"{name} matches too many rows to list them; choose more closely.")
    found = [[row[f"key{place}"] for place in range(len(columns))] for row in rows]
    if not found:
        return Not(**{"not": _anything(columns[0])})
    if len(columns) == 1:
        return _of_one(columns[0], [key for [key] in found])
    return AnyOf(
        any=[AllOf(all=[_equals(n, k) for n, k in zip(columns, key, strict=True)]) for key in found]
    )


def _of_one(column: str, found: Sequence[Any]) -> Filter:
    known = [plain(key) for key in found if key is not None]
    parts: list[Filter] = [Condition(column=column, op="in", value=known)] if known else []
    if len(known) < len(found):
        parts.append(Condition(column=column, op="is_null", value=True))
    return parts[0] if len(parts) == 1 else AnyOf(any=parts)


def _equals(column: str, key: Any) -> Condition:
    if key is None:
        return Condition(column=column, op="is_null", value=True)
    return Condition(column=column, op="eq", value=plain(key))


def _anything(column: str) -> Filter:
    return AnyOf(
        any=[
            Condition(column=column, op="is_null", value=True),
            Condition(column=column, op="is_null", value=False),
        ]
    )


def plain(key: Any) -> Any:
    """A key as JSON writes it."""
    return key.isoformat() if hasattr(key, "isoformat") else key
