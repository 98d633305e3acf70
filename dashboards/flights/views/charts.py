"""From figures to drawings: pure functions, one for each chart and colour scheme."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from dashboards import theme
from dashboards.components import numbers
from dashboards.components.chart import Option, axis, tooltip
from dashboards.flights.figures import Day, Destination, Hour

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEK = timedelta(days=7)
FEW_DAYS = 60
FEW_FLIGHTS = 3  # a mean of fewer says little about an hour of the week
NARROW = 520  # pixels


def daily(days: Sequence[Day], mode: str) -> Option:
    """Mean arrival delay from day to day over the number of flights, on one axis of time."""
    is_sparse = len(days) < FEW_DAYS
    delay, ink = theme.SERIES[mode][1], theme.SERIES[mode][0]
    single = {
        "name": "Mean arrival delay (min)",
        "type": "scatter" if is_sparse else "line",
        "showSymbol": False,
        "symbolSize": 8,
        "lineStyle": {"width": 1, "opacity": 0.45},
        "itemStyle": {"color": delay},
        "data": [[d.day.isoformat(), _rounded(d.delay)] for d in days if d.delay is not None],
    }
    smooth = {
        "name": "Mean of 7 days (min)",
        "type": "line",
        "showSymbol": False,
        "lineStyle": {"width": 2.5},
        "itemStyle": {"color": delay},
        "data": weekly(days),
    }
    flights = {
        "name": "Flights",
        "type": "bar",
        "xAxisIndex": 1,
        "yAxisIndex": 1,
        "barMaxWidth": 10,
        "itemStyle": {"color": ink, "opacity": 0.75},
        "data": [[d.day.isoformat(), d.flights] for d in days],
    }
    return _above_each_other(mode) | {
        "series": [single, flights] if is_sparse else [single, smooth, flights],
    }


def _above_each_other(mode: str) -> Option:
    """Two charts on one axis of time: minutes above, flights below."""
    return {
        "grid": [
            {"left": 46, "right": 14, "top": 30, "height": "50%"},
            {"left": 46, "right": 14, "bottom": 26, "height": "20%"},
        ],
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
            axis(mode, type="value", name="Minutes late", nameTextStyle=_name(mode)),
            axis(
                mode,
                type="value",
                gridIndex=1,
                name="Flights",
                nameTextStyle=_name(mode),
                splitNumber=2,
                minInterval=1,
            ),
        ],
    }


def weekly(days: Sequence[Day]) -> list[list[Any]]:
    """The mean delay of the seven days up to each day, weighted by their flights."""
    points: list[list[Any]] = []
    window: list[Day] = []
    for day in days:
        window = [*(d for d in window if d.day > day.day - WEEK), day]
        known = [d for d in window if d.delay is not None]
        flights = sum(d.flights for d in known)
        if flights:
            total = sum((d.delay or 0.0) * d.flights for d in known)
            points.append([day.day.isoformat(), round(total / flights, 1)])
    return points


def destinations(found: Sequence[Destination], mode: str) -> Option:
    """The most frequent destinations as bars, the longest on top."""
    labels = [f"{d.code}  {d.name}".strip() for d in found]
    bars = [
        {
            "value": d.flights,
            "name": f"{label}: {numbers.count(d.flights)} flights, {_late(d.delay)}",
            "label": {"formatter": f"{numbers.count(d.flights)}"},
        }
        for d, label in zip(found, labels, strict=True)
    ]
    return {
        "grid": {"left": 168, "right": 52, "top": 6, "bottom": 6},
        "tooltip": tooltip(mode, formatter="{b}"),
        "xAxis": axis(mode, type="value", show=False),
        "yAxis": axis(
            mode,
            type="category",
            inverse=True,
            data=labels,
            axisLine={"show": False},
            axisLabel=_label(mode, 152),
        ),
        "series": [
            {
                "type": "bar",
                "data": bars,
                "barMaxWidth": 16,
                "itemStyle": {"borderRadius": [0, 4, 4, 0], "color": theme.SERIES[mode][0]},
                "label": {"show": True, "position": "right", "color": theme.SOFT[mode]},
            }
        ],
    }


def hours(found: Sequence[Hour], mode: str) -> Option:
    """The mean departure delay of every hour of the week, as a map of colours."""
    cells = [hour for hour in found if hour.delay is not None]
    span = sorted({hour.hour for hour in cells})
    shown = list(range(span[0], span[-1] + 1)) if span else []
    values = sorted(c.delay or 0.0 for c in cells if c.flights >= FEW_FLIGHTS) or [0.0, 1.0]
    low, high = max(0, int(values[0])), max(1, round(values[int(len(values) * 0.97) - 1]))
    return {
        "grid": {"left": 42, "right": 8, "top": 8, "bottom": 74},
        "tooltip": tooltip(mode, formatter="{b}"),
        "xAxis": axis(
            mode,
            type="category",
            data=[f"{hour}:00" for hour in shown],
            axisLabel={"hideOverlap": True},
            splitLine={"show": False},
        ),
        "yAxis": axis(mode, type="category", data=list(WEEKDAYS), inverse=True),
        "visualMap": {
            "min": low,
            "max": max(high, low + 1),
            "calculable": False,
            "orient": "horizontal",
            "left": "center",
            "bottom": 0,
            "itemWidth": 12,
            "itemHeight": 140,
            "text": [f"{max(high, low + 1)} min or more", f"{low} min"],
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
                "data": [_cell(cell, shown) for cell in cells],
            }
        ],
    }


def _cell(cell: Hour, shown: list[int]) -> Option:
    said = f"{WEEKDAYS[cell.weekday]} {cell.hour}:00 – {numbers.count(cell.flights)} flights, "
    return {
        "name": said + _late(cell.delay),
        "value": [shown.index(cell.hour), cell.weekday, _rounded(cell.delay)],
    }


def _late(delay: float | None) -> str:
    return f"{numbers.minutes(delay)} on average"


def _rounded(delay: float | None) -> float | None:
    return None if delay is None else round(delay, 1)


def _name(mode: str) -> Option:
    return {"align": "left", "padding": [0, 0, 0, -38], "color": theme.SOFT[mode], "fontSize": 12}


def _label(mode: str, width: int) -> Option:
    return {
        "width": width,
        "overflow": "truncate",
        "align": "left",
        "margin": width + 8,
        "color": theme.INK[mode],
    }
