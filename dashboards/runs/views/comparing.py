"""Two runs beside each other, in words."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from dashboards.components import numbers
from dashboards.components.diff import Difference, Pair, Passage
from dashboards.runs.views import words
from workbench.runs.cells import CellChange
from workbench.runs.comparing import Comparison, Crossing, MetricChange
from workbench.runs.schemas import RunView

CHANGES = {
    "output": "The same code shows something else",
    "source": "The code is another",
    "added": "Only in the second run",
    "removed": "Only in the first run",
}
SAME = 0.01  # a ratio this near to one is told as no change
HEAD = 160  # characters of a cell's code that name it


def told(comparison: Comparison, titles: Mapping[str, str]) -> Difference:
    """A comparison as the page shows it, with parameters by the titles that people read."""
    return Difference(
        left=f"First, {_when(comparison.run)}",
        right=f"Second, {_when(comparison.other)}",
        values=[
            Pair(titles.get(p.name, p.name), words.value(p.value), words.value(p.other))
            for p in comparison.parameters
        ],
        figures=[_figure(metric) for metric in comparison.metrics],
        passages=[_passage(cell) for cell in comparison.cells],
        note=_note(comparison),
    )


def _figure(metric: MetricChange) -> Pair:
    unit = metric.unit or ""
    tone = {Crossing.EXCEEDED: "bad", Crossing.KEPT: "good"}.get(metric.crossed or Crossing.KEPT)
    return Pair(
        metric.name.replace("_", " "),
        words.figure(metric.value, unit),
        words.figure(metric.other, unit),
        ", ".join(_said(metric)),
        (tone or "") if metric.crossed else "",
    )


def _said(metric: MetricChange) -> Iterator[str]:
    if metric.ratio is not None:
        change = metric.ratio - 1
        yield "the same" if abs(change) < SAME else f"{change:+.0%}".replace("-", "−")  # noqa: RUF001
    elif metric.value is None or metric.other is None:
        yield "only measured once"
    if metric.crossed is Crossing.EXCEEDED:
        yield "now over its budget"
    elif metric.crossed is Crossing.KEPT:
        yield "within its budget again"


def _passage(cell: CellChange) -> Passage:
    head = next((line for line in cell.source.splitlines() if line.strip()), "")
    place = cell.other_place or cell.place
    return Passage(f"Cell {place}: {head[:HEAD]}", CHANGES[cell.change], cell.diff)


def _note(comparison: Comparison) -> str:
    same = comparison.same_cells
    if same is None:
        return "One of the two has left no notebook, so that their outputs cannot be compared."
    cells = f"{numbers.count(same)} {'cell shows' if same == 1 else 'cells show'} the same"
    if not comparison.cells:
        return f"{cells}; nothing differs."
    return f"{cells}, {numbers.count(len(comparison.cells))} differ."


def _when(run: RunView) -> str:
    return numbers.ago(run.created_at, datetime.now(UTC))
