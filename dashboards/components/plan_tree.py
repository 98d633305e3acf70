"""The plan of a statement as a tree of lines, with bars that show where its rows and time are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dashboards.components import numbers
from dashboards.components.face import Face
from workbench.datasets.sql_plan import Node, Plan

# What PostgreSQL calls a step, and what people read beside it.
WORDS = {
    "Seq Scan": "reads every row",
    "Index Scan": "finds rows by an index",
    "Index Only Scan": "answers from an index",
    "Bitmap Heap Scan": "reads the rows that an index found",
    "Bitmap Index Scan": "looks rows up in an index",
    "Sort": "sorts",
    "Incremental Sort": "sorts what is nearly sorted",
    "Aggregate": "counts or sums up",
    "Hash": "keeps rows at hand for a join",
    "Hash Join": "joins by a table kept at hand",
    "Merge Join": "joins two sorted lists",
    "Nested Loop": "looks once for each row",
    "Limit": "stops after enough rows",
    "Gather": "collects from several workers",
    "Gather Merge": "collects sorted rows from several workers",
    "Subquery Scan": "passes rows on",
    "CTE Scan": "reads a part that has a name",
    "WorkTable Scan": "reads what the last round found",
    "Recursive Union": "repeats until nothing new is found",
    "Materialize": "keeps rows to read them again",
    "Unique": "leaves out doubles",
    "WindowAgg": "computes over a window of rows",
    "Result": "computes values",
    "Values Scan": "reads values that were written out",
    "Function Scan": "reads what a function gives",
    "Append": "puts lists one after another",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One step as it is shown; shares are of the largest, from 0 to 1, for the bars."""

    depth: int
    title: str
    note: str
    rows: str
    row_share: float
    time: str
    time_share: float


def lines(plan: Plan) -> list[Line]:
    """The steps of a plan from the last to the first, each below the one that it works for."""
    steps = list(_walk(plan.plan, 0))
    most_rows = max(_rows(node) for _, node in steps) or 1
    times = [_own_time(node) for _, node in steps]
    most_time = max(times) or 1
    is_measured = plan.execution_ms is not None
    return [
        Line(
            depth=depth,
            title=f"{node.join} {node.node}" if node.join not in {None, "Inner"} else node.node,
            note=" · ".join(part for part in (node.dataset, WORDS.get(node.node)) if part),
            rows=numbers.short(_rows(node) if is_known else None),
            row_share=_rows(node) / most_rows if is_known else 0,
            time="" if node.time_ms is None else f"{numbers.decimal(time, 1)} ms",
            time_share=time / most_time,
        )
        for (depth, node), time in zip(steps, times, strict=True)
        for is_known in (node.rows is not None or not is_measured,)
    ]


def tree() -> Face:
    """An empty tree; `show(**shown(plan))` fills it."""
    return Face("plan_tree", lines=[], is_measured=False, note="")


def shown(plan: Plan) -> dict[str, Any]:
    """What the template shows of a plan."""
    if plan.execution_ms is None:
        note = "What PostgreSQL expects to do. It reads from the bottom up."
    else:
        took = numbers.decimal(plan.execution_ms, 1)
        note = f"Measured: it ran for {took} ms. It reads from the bottom up."
    return {"lines": lines(plan), "is_measured": plan.execution_ms is not None, "note": note}


def _walk(node: Node, depth: int) -> Iterator[tuple[int, Node]]:
    yield depth, node
    for below in node.below:
        yield from _walk(below, depth + 1)


def _rows(node: Node) -> float:
    found = node.rows_estimated if node.rows is None else node.rows
    return found * (node.loops or 1)


def _own_time(node: Node) -> float:
    """Milliseconds of a step without what lies below it."""
    whole = (node.time_ms or 0) * (node.loops or 1)
    return max(0.0, whole - sum((n.time_ms or 0) * (n.loops or 1) for n in node.below))
