"""Figures from run to run as drawings: pure functions, one for each chart and colour scheme."""

from collections.abc import Sequence
from datetime import datetime

from dashboards import theme
from dashboards.components.chart import Option, axis, tooltip
from workbench.runs.budgets import Course, Point


def over_time(course: Course, mode: str) -> Option:
    """One figure run by run, with its budget as a line; what exceeds it stands out."""
    colours = theme.SERIES[mode]
    unit = course.unit or ""
    line = {
        "name": _words(course.name),
        "type": "line",
        "symbol": "circle",
        "symbolSize": 8,
        "lineStyle": {"width": 2, "color": colours[0]},
        "itemStyle": {"color": colours[0]},
        "data": [_dot(point, unit, colours) for point in course.points],
    }
    budget = {
        "name": "Budget",
        "type": "line",
        "step": "middle",
        "symbol": "none",
        "lineStyle": {"width": 1.5, "type": "dashed", "color": colours[1]},
        "itemStyle": {"color": colours[1]},
        "data": [point.budget for point in course.points],
    }
    has_budget = any(point.budget is not None for point in course.points)
    times = [point.at for point in course.points]
    return _frame(mode, unit, times) | {"series": [line, budget] if has_budget else [line]}


def side_by_side(courses: Sequence[Course], mode: str) -> Option:
    """Several figures of one unit run by run."""
    colours = theme.SERIES[mode]
    unit = next((course.unit or "" for course in courses), "")
    times = sorted({point.at for course in courses for point in course.points})
    series = [
        {
            "name": _words(course.name),
            "type": "line",
            "symbol": "circle",
            "symbolSize": 7,
            "lineStyle": {"width": 2},
            "itemStyle": {"color": colours[place % len(colours)]},
            "data": [
                {
                    "value": [times.index(point.at), point.value],
                    "name": f"{_words(course.name)}: {point.value:.3g} {course.unit or ''}",
                }
                for point in course.points
            ],
        }
        for place, course in enumerate(courses)
    ]
    return _frame(mode, unit, times) | {"series": series}


def _dot(point: Point, unit: str, colours: Sequence[str]) -> Option:
    commit = f", commit {point.commit[:10]}" if point.commit else ""
    said = f"{point.at:%-d %b %Y, %H:%M} UTC: {point.value:.4g} {unit}, {point.status}{commit}"
    colour = colours[1] if point.is_over or not point.is_good else colours[0]
    return {"value": point.value, "name": said, "itemStyle": {"color": colour}}


def _frame(mode: str, unit: str, times: Sequence[datetime]) -> Option:
    """One place for each run, however far apart they were."""
    name = {"align": "left", "padding": [0, 0, 0, -44], "color": theme.SOFT[mode], "fontSize": 12}
    return {
        "grid": {"left": 54, "right": 18, "top": 46, "bottom": 28},
        "legend": {"right": 0, "top": 4, "textStyle": {"color": theme.SOFT[mode]}, "itemHeight": 9},
        "tooltip": tooltip(mode, trigger="item", formatter="{b}"),
        "xAxis": axis(
            mode,
            type="category",
            data=[f"{at:%-d %b %H:%M}" for at in times],
            splitLine={"show": False},
            axisLabel={"hideOverlap": True},
        ),
        "yAxis": axis(mode, type="value", name=unit, nameTextStyle=name, splitNumber=4),
    }


def _words(name: str) -> str:
    return name.replace("_", " ")
