"""From an answer to a drawing: pure functions, one for each kind, in a colour scheme."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards import theme
from dashboards.components import numbers
from dashboards.components.chart import Option, axis, tooltip
from dashboards.explore.figures import Answer, Cell, Field, is_ordered
from dashboards.explore.state import Question
from dashboards.explore.views import texts

ROW = 26  # pixels that a bar lying down takes
MANY = 60  # points of a line from which on it has no dots
FEW_COLUMNS = 40


@dataclass(frozen=True)
class Drawn:
    """A question with its answer, and the names of its groups in their order."""

    question: Question
    fields: Mapping[str, Field]
    answer: Answer

    def names(self, place: int) -> dict[Any, str]:
        """The groups at a place by key, in the order of the answer, the second in its own."""
        keys = list(dict.fromkeys(cell.key[place] for cell in self.answer.cells))
        if place:
            keys.sort(key=lambda key: (key is None, "" if key is None else key))
        return {key: self.name(place, key) for key in keys}

    def name(self, place: int, key: Any) -> str:
        """The name of a group."""
        group = self.question.by[place]
        return texts.key(self.fields[group.column], group, key, self.question.zone)

    def said(self, cell: Cell) -> str:
        """A group with its figure and its rows."""
        names = ", ".join(self.name(place, key) for place, key in enumerate(cell.key))
        return f"{names}: {self.figure(cell)} ({numbers.count(cell.rows)} rows)"

    def figure(self, cell: Cell) -> str:
        """A figure with its unit."""
        return texts.figure(self.question.show, self.fields, cell.value, self.question.zone)

    def mark(self, cell: Cell, at: int, **more: Any) -> Option:
        """A piece of the drawing that knows which cell of the answer it is."""
        return {"name": self.said(cell), "cell": at, **more}

    @property
    def is_lying(self) -> bool:
        """Whether bars lie, so that there is room for names: of categories alone."""
        group = self.question.by[0]
        is_time = is_ordered(group, self.fields[group.column])
        return not is_time or len(self.names(0)) > FEW_COLUMNS


def height(drawn: Drawn, kind: str) -> int:
    """How many pixels high a drawing is."""
    if kind in ("bar", "stacked") and drawn.is_lying:
        return max(140, min(1600, ROW * len(drawn.names(0)) + (56 if kind == "stacked" else 30)))
    if kind == "heat":
        return max(240, min(1200, 28 * len(drawn.names(1)) + 120))
    return 360


def draw(drawn: Drawn, kind: str, mode: str) -> Option:
    """The drawing of a kind."""
    kinds: dict[str, Callable[[Drawn, str], Option]] = {"line": line, "heat": heat}
    if kind in kinds:
        return kinds[kind](drawn, mode)
    return bars(drawn, mode, is_stacked=kind == "stacked")


def bars(drawn: Drawn, mode: str, *, is_stacked: bool) -> Option:
    """Bars: lying for categories, standing for times and bins; a series for each second group."""
    names = drawn.names(0)
    series = _series(drawn, mode, [*names], {"type": "bar", "barMaxWidth": 22})
    for each in series:
        if is_stacked:
            each["stack"] = "all"
        elif len(series) == 1:
            radius = [0, 4, 4, 0] if drawn.is_lying else [4, 4, 0, 0]
            each["itemStyle"] = {"borderRadius": radius}
    named = axis(
        mode,
        type="category",
        data=[*names.values()],
        inverse=drawn.is_lying,
        axisLabel=_label(mode, names.values()) if drawn.is_lying else {"hideOverlap": True},
        splitLine={"show": False},
    )
    valued = axis(mode, type="value", axisLabel={"hideOverlap": True}, splitNumber=4)
    x, y = (valued, named) if drawn.is_lying else (named, valued)
    return _frame(drawn, mode, series) | {"xAxis": x, "yAxis": y, "series": series}


def line(drawn: Drawn, mode: str) -> Option:
    """Lines over the first group."""
    names = drawn.names(0)
    points = {"type": "line", "symbolSize": 7, "lineStyle": {"width": 2.5}, "connectNulls": False}
    series = _series(drawn, mode, [*names], points | {"showSymbol": len(names) <= MANY})
    return _frame(drawn, mode, series) | {
        "xAxis": axis(
            mode,
            type="category",
            data=[*names.values()],
            axisLabel={"hideOverlap": True},
            splitLine={"show": False},
        ),
        "yAxis": axis(mode, type="value", scale=drawn.question.show.function != "count"),
        "series": series,
    }


def heat(drawn: Drawn, mode: str) -> Option:
    """A map of colours: the first group across, the second down."""
    across, down = drawn.names(0), drawn.names(1)
    places = [{key: at for at, key in enumerate(names)} for names in (across, down)]
    cells = [
        drawn.mark(cell, at, value=[places[0][cell.key[0]], places[1][cell.key[1]], cell.value])
        for at, cell in enumerate(drawn.answer.cells)
        if isinstance(cell.value, int | float)
    ]
    values = sorted(cell["value"][2] for cell in cells) or [0, 1]
    low, high = values[0], values[max(0, int(len(values) * 0.98) - 1)]
    return {
        "grid": {"left": 8, "right": 12, "top": 8, "bottom": 56, "containLabel": True},
        "tooltip": tooltip(mode, formatter="{b}"),
        "xAxis": axis(
            mode,
            type="category",
            data=[*across.values()],
            axisLabel={"hideOverlap": True},
            splitLine={"show": False},
        ),
        "yAxis": axis(mode, type="category", data=[*down.values()], inverse=True),
        "visualMap": {
            "min": low,
            "max": high if high > low else low + 1,
            "calculable": False,
            "orient": "horizontal",
            "left": "center",
            "bottom": 0,
            "itemWidth": 12,
            "itemHeight": 140,
            "text": [texts.amount(high), texts.amount(low)],
            "textStyle": {"color": theme.SOFT[mode], "fontSize": 12},
            "inRange": {"color": theme.SCALE[mode]},
        },
        "series": [
            {
                "type": "heatmap",
                "itemStyle": {"borderColor": theme.CARD[mode], "borderWidth": 1, "borderRadius": 3},
                "data": cells,
            }
        ],
    }


def _series(drawn: Drawn, mode: str, keys: Sequence[Any], look: Option) -> list[Option]:
    """One series, or one for each second group, each with a mark for every first group."""
    seconds = drawn.names(1) if len(drawn.question.by) > 1 else {None: ""}
    is_one = len(drawn.question.by) == 1
    found: dict[Any, dict[Any, Option]] = {second: {} for second in seconds}
    for at, cell in enumerate(drawn.answer.cells):
        second = None if is_one else cell.key[1]
        value = cell.value if isinstance(cell.value, int | float) else None
        found[second][cell.key[0]] = drawn.mark(cell, at, value=value)
    colours = [*theme.SERIES[mode], *theme.SCALE[mode][1:4]]
    return [
        {
            **look,
            "name": name,
            "color": colours[at % len(colours)],
            "data": [found[second].get(key, {"value": None}) for key in keys],
        }
        for at, (second, name) in enumerate(seconds.items())
    ]


def _frame(drawn: Drawn, mode: str, series: Sequence[Option]) -> Option:
    has_legend = len(drawn.question.by) > 1
    legend = {
        "show": has_legend,
        "type": "scroll",
        "top": 0,
        "left": 0,
        "icon": "roundRect",
        "itemWidth": 12,
        "itemHeight": 12,
        "textStyle": {"color": theme.SOFT[mode]},
        "pageTextStyle": {"color": theme.SOFT[mode]},
        "pageIconColor": theme.SOFT[mode],
        "data": [each["name"] for each in series],
    }
    return {
        "grid": {
            "left": 8,
            "right": 24,
            "top": 36 if has_legend else 12,
            "bottom": 8,
            "containLabel": True,
        },
        "legend": legend,
        "tooltip": tooltip(mode, formatter="{b}"),
    }


def _label(mode: str, names: Any) -> Option:
    widest = max((len(name) for name in names), default=0)
    return {
        "color": theme.INK[mode],
        "width": min(170, 8 * widest + 8),
        "overflow": "truncate",
    }
