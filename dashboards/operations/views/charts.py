"""The use of the platform over time as a drawing: runs day by day, and rows that were loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dashboards import theme
from dashboards.components.chart import Option, axis, tooltip
from workbench.operations.schemas import DayUse


@dataclass(frozen=True, slots=True)
class Day:
    """What all tenants did on a day."""

    day: date
    good: int
    failed: int
    rows: int


def by_day(found: Sequence[DayUse], last: date, count: int) -> list[Day]:
    """Each of so many days up to the last, also those on which nothing happened."""
    sums: dict[date, list[int]] = {last - timedelta(days=n): [0, 0, 0] for n in range(count)}
    for each in found:
        if (day := sums.get(each.day)) is not None:
            day[0] += each.runs - each.failed
            day[1] += each.failed
            day[2] += each.rows_loaded
    return [Day(day, *sums[day]) for day in sorted(sums)]


def use(days: Sequence[Day], mode: str) -> Option:
    """Runs as bars, the failed ones on top, above the rows that were loaded."""
    colours = theme.SERIES[mode]
    return _frame(mode) | {
        "series": [
            _bar("Runs", [[d.day.isoformat(), d.good] for d in days], colours[0], place=0),
            _bar("Failed runs", [[d.day.isoformat(), d.failed] for d in days], colours[1], place=0),
            _bar("Rows loaded", [[d.day.isoformat(), d.rows] for d in days], colours[2], place=1),
        ],
    }


def _bar(name: str, data: list[list[Any]], colour: str, *, place: int) -> Option:
    return {
        "name": name,
        "type": "bar",
        "stack": f"of {place}",
        "xAxisIndex": place,
        "yAxisIndex": place,
        "barMaxWidth": 18,
        "itemStyle": {"color": colour},
        "data": data,
    }


def _frame(mode: str) -> Option:
    """Two charts on one axis of days: runs above, rows below."""
    name = {"align": "left", "padding": [0, 0, 0, -44], "color": theme.SOFT[mode], "fontSize": 12}
    return {
        "grid": [
            {"left": 54, "right": 10, "top": 34, "height": "46%"},
            {"left": 54, "right": 10, "bottom": 26, "height": "20%"},
        ],
        "legend": {"right": 0, "top": 0, "textStyle": {"color": theme.SOFT[mode]}, "itemHeight": 9},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "tooltip": tooltip(mode, trigger="axis"),
        "xAxis": [
            axis(mode, type="time", axisLabel={"show": False}, splitLine={"show": False}),
            axis(
                mode,
                type="time",
                gridIndex=1,
                splitLine={"show": False},
                axisLabel={"hideOverlap": True},
            ),
        ],
        "yAxis": [
            axis(mode, type="value", name="Runs", nameTextStyle=name, minInterval=1),
            axis(
                mode,
                type="value",
                gridIndex=1,
                name="Rows",
                nameTextStyle=name,
                splitNumber=2,
                minInterval=1,
            ),
        ],
    }
