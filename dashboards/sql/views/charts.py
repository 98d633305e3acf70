"""From an answer to a drawing: the first column of times or texts against columns of numbers."""

from dataclasses import dataclass
from typing import Any

from dashboards import theme
from dashboards.components import numbers
from dashboards.components.chart import Option, axis, tooltip
from dashboards.sql.views import cells
from workbench.datasets.sql import SqlResult

FEWEST_ROWS = 2
MOST_COLUMNS = 6  # of an answer that compares; a wider one lists
MOST_SERIES = 5
MOST_BARS = 40
MOST_POINTS = 2000
LONG = 16  # characters; longer names stand at the side of bars that lie


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn: the names of the axes, the places, and a list of numbers for each series."""

    along: str
    is_time: bool
    places: list[str]
    series: dict[str, list[float | None]]
    left_out: int = 0

    @property
    def note(self) -> str:
        """What is shown, in a sentence."""
        said = f"{', '.join(self.series)} by {self.along}"
        if self.left_out:
            said += f"; the first {numbers.count(len(self.places))} rows"
        return f"{said}. A click on a name hides it." if len(self.series) > 1 else said


def plot(result: SqlResult) -> Plot | None:
    """What can be drawn of an answer; None where there is nothing to compare."""
    is_list = len(result.rows) < FEWEST_ROWS or len(result.columns) > MOST_COLUMNS
    if is_list or len(set(result.columns)) != len(result.columns):
        return None
    columns = dict(zip(result.columns, cells.columns(result), strict=True))
    numbers = [name for name, values in columns.items() if cells.is_number(values)]
    along = _along(columns, numbers)
    measured = [name for name in numbers if name != along][:MOST_SERIES]
    if along is None or not measured:
        return None
    is_time = cells.is_time(columns[along])
    places = columns[along]
    order = list(range(len(result.rows)))
    if is_time:
        order = sorted((at for at in order if places[at] is not None), key=places.__getitem__)
    shown = order[: MOST_POINTS if is_time else MOST_BARS]
    return Plot(
        along,
        is_time,
        [_name(places[at], is_time=is_time) for at in shown],
        {name: [columns[name][at] for at in shown] for name in measured},
        len(order) - len(shown),
    )


def option(found: Plot, mode: str) -> Option:
    """A line along time, or a bar for each name."""
    kind = "line" if found.is_time else "bar"
    return {
        "grid": {"left": 12, "right": 18, "top": 36, "bottom": 10, "containLabel": True},
        "legend": {
            "show": len(found.series) > 1,
            "top": 0,
            "left": 0,
            "textStyle": {"color": theme.SOFT[mode]},
            "icon": "circle",
        },
        "tooltip": tooltip(mode, trigger="axis"),
        "xAxis": _places(found, mode),
        "yAxis": axis(mode, type="value"),
        "series": [_series(found, name, values, kind) for name, values in found.series.items()],
    }


def _along(columns: dict[str, list[Any]], numbers: list[str]) -> str | None:
    times = [name for name, values in columns.items() if cells.is_time(values)]
    texts = [name for name in columns if name not in numbers and name not in times]
    if times or texts:
        return (times or texts)[0]
    return numbers[0] if len(numbers) > 1 else None


def _name(value: Any, *, is_time: bool) -> str:
    if value is None:
        return "NULL"
    return cells.moment(value) if is_time else str(value)


def _places(found: Plot, mode: str) -> Option:
    if found.is_time:
        return axis(mode, type="time", splitLine={"show": False}, axisLabel={"hideOverlap": True})
    is_long = max(map(len, found.places), default=0) > LONG
    label = {"hideOverlap": True, "rotate": 35 if is_long else 0, "width": 120}
    return axis(
        mode,
        type="category",
        data=found.places,
        splitLine={"show": False},
        axisLabel=label | {"overflow": "truncate"},
    )


def _series(found: Plot, name: str, values: list[float | None], kind: str) -> Option:
    data: list[Any] = values
    if found.is_time:
        data = [list(pair) for pair in zip(found.places, values, strict=True)]
    return {
        "name": name,
        "type": kind,
        "data": data,
        "barMaxWidth": 34,
        "showSymbol": len(found.places) < MOST_BARS,
        "symbolSize": 7,
        "lineStyle": {"width": 2.5},
    }
