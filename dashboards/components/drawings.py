"""The drawings that every dashboard may need, as options of a chart for one colour scheme."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dashboards import theme
from dashboards.components import numbers
from dashboards.components.chart import Option, axis, tooltip

LABEL = 152  # pixels for a name beside a lying bar
QUIET = {"show": False}
BIG = 26  # pixels across the largest place


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere on the earth, in degrees, with a figure that its circle shows."""

    name: str
    latitude: float
    longitude: float
    value: float


def time_series(series: Mapping[str, Sequence[tuple[str, float | None]]], mode: str) -> Option:
    """Lines over time; each point is a moment as ISO 8601 and a value, None for a gap."""
    return {
        "grid": {"left": 52, "right": 16, "top": 34 if len(series) > 1 else 12, "bottom": 28},
        "legend": _legend(mode, len(series) > 1),
        "tooltip": tooltip(mode, trigger="axis"),
        "xAxis": axis(mode, type="time", splitLine=QUIET, axisLabel={"hideOverlap": True}),
        "yAxis": axis(mode, type="value", scale=True, splitNumber=4),
        "series": [
            {
                "name": name,
                "type": "line",
                "showSymbol": False,
                "lineStyle": {"width": 2.5},
                "data": [list(point) for point in points],
            }
            for name, points in series.items()
        ],
    }


def bars(values: Sequence[tuple[str, float]], mode: str) -> Option:
    """Lying bars with their names and figures, in the order given, the first on top."""
    return {
        "grid": {"left": LABEL + 16, "right": 60, "top": 6, "bottom": 6},
        "tooltip": tooltip(mode, formatter="{b}"),
        "xAxis": axis(mode, type="value", show=False),
        "yAxis": axis(
            mode,
            type="category",
            inverse=True,
            data=[name for name, _ in values],
            axisLine=QUIET,
            axisLabel=_label(mode),
        ),
        "series": [
            {
                "type": "bar",
                "data": [_bar(name, value) for name, value in values],
                "barMaxWidth": 16,
                "itemStyle": {"borderRadius": [0, 4, 4, 0], "color": theme.SERIES[mode][0]},
                "label": {"show": True, "position": "right", "color": theme.SOFT[mode]},
            }
        ],
    }


def heat(
    across: Sequence[str], down: Sequence[str], cells: Mapping[tuple[int, int], float], mode: str
) -> Option:
    """A map of colours: a value for each place across and down; those without one stay empty."""
    values = sorted(cells.values()) or [0.0, 1.0]
    low, high = values[0], max(values[-1], values[0] + 1)
    return {
        "grid": {"left": 52, "right": 8, "top": 8, "bottom": 74},
        "tooltip": tooltip(mode, formatter="{b}"),
        "xAxis": axis(mode, type="category", data=[*across], splitLine=QUIET),
        "yAxis": axis(mode, type="category", data=[*down], inverse=True),
        "visualMap": {
            "min": low,
            "max": high,
            "calculable": False,
            "orient": "horizontal",
            "left": "center",
            "bottom": 0,
            "itemWidth": 12,
            "itemHeight": 140,
            "text": [numbers.count(high), numbers.count(low)],
            "textStyle": {"color": theme.SOFT[mode], "fontSize": 12},
            "inRange": {"color": theme.SCALE[mode]},
        },
        "series": [
            {
                "type": "heatmap",
                "itemStyle": {
                    "borderColor": theme.CARD[mode],
                    "borderWidth": 2,
                    "borderRadius": 4,
                },
                "data": [
                    {
                        "name": f"{down[y]} {across[x]}: {numbers.count(value)}",
                        "value": [x, y, value],
                    }
                    for (x, y), value in cells.items()
                ],
            }
        ],
    }


def distribution(edges: Sequence[float], counts: Sequence[int], mode: str) -> Option:
    """How many values lie between each edge and the next; there is one edge more than counts."""
    names = [f"{low:g} – {high:g}" for low, high in pairwise(edges)]
    return {
        "grid": {"left": 52, "right": 12, "top": 12, "bottom": 28},
        "tooltip": tooltip(mode, formatter="{b}"),
        "xAxis": axis(
            mode,
            type="category",
            data=names,
            splitLine=QUIET,
            axisLabel={"hideOverlap": True},
        ),
        "yAxis": axis(mode, type="value", splitNumber=4, minInterval=1),
        "series": [
            {
                "type": "bar",
                "barCategoryGap": "4%",
                "itemStyle": {"borderRadius": [3, 3, 0, 0], "color": theme.SERIES[mode][0]},
                "data": [_bar(name, count) for name, count in zip(names, counts, strict=True)],
            }
        ],
    }


def places(found: Sequence[Place], mode: str) -> Option:
    """Places by their degrees, as circles whose area is the figure; no map is fetched for it."""
    largest = max((place.value for place in found), default=0) or 1
    degrees = {"formatter": "{value}°"}
    return {
        "grid": {"left": 46, "right": 16, "top": 12, "bottom": 30},
        "tooltip": tooltip(mode, formatter="{b}"),
        "xAxis": axis(mode, type="value", scale=True, axisLabel=degrees),
        "yAxis": axis(mode, type="value", scale=True, axisLabel=degrees),
        "series": [
            {
                "type": "scatter",
                "itemStyle": {"color": theme.SERIES[mode][1], "opacity": 0.75},
                "data": [
                    {
                        "name": f"{place.name}: {numbers.count(place.value)}",
                        "value": [place.longitude, place.latitude],
                        "symbolSize": max(6.0, BIG * (place.value / largest) ** 0.5),
                    }
                    for place in found
                ],
            }
        ],
    }


def share(parts: Sequence[tuple[str, float]], mode: str) -> Option:
    """What parts a whole has, as a ring with names and percentages."""
    whole = sum(value for _, value in parts) or 1
    return {
        "tooltip": tooltip(mode, formatter="{b}"),
        "series": [
            {
                "type": "pie",
                "radius": ["52%", "76%"],
                "itemStyle": {"borderColor": theme.CARD[mode], "borderWidth": 3},
                "label": {"color": theme.INK[mode], "fontSize": 12.5},
                "labelLine": {"lineStyle": {"color": theme.EDGE[mode]}},
                "data": [
                    {"name": f"{name}: {numbers.share(value / whole)}", "value": value}
                    for name, value in parts
                ],
            }
        ],
    }


def _bar(name: str, value: float) -> Option:
    said = numbers.count(value)
    return {"value": value, "name": f"{name}: {said}", "label": {"formatter": said}}


def _legend(mode: str, is_shown: bool) -> Option:  # noqa: FBT001 (the option's own meaning)
    return {"show": is_shown, "top": 0, "left": 0, "textStyle": {"color": theme.SOFT[mode]}}


def _label(mode: str) -> dict[str, Any]:
    return {
        "width": LABEL,
        "overflow": "truncate",
        "align": "left",
        "margin": LABEL + 8,
        "color": theme.INK[mode],
    }
