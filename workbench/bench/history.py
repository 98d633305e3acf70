"""Earlier runs of a notebook with the same parameters: what got worse, and the last good one."""

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from pandas.io.formats.style import Styler

from workbench.bench.figures import Figure, Figured
from workbench.bench.summary import BAD, GOOD, number, said
from workbench.errors import Conflict
from workbench.lab.run import LabRun
from workbench.runs.budgets import LEAST, MEDIAN_OF, SLOWER

ACROSS, MOST, WIDTH, HEIGHT = 3, 12, 9.0, 1.7
EARLIER = """
    select r.id::text as run, r.finished_at, r.status, m.name, m.value, m.budget
    from metrics m join (
        select * from runs
        where notebook = :notebook and status in ('succeeded', 'failed')
          and parameters = cast(cast(:parameters as text) as jsonb)
        order by finished_at desc limit 20
    ) r on r.id = m.run_id
    order by r.finished_at, m.name
"""


class OverBudget(Conflict):
    """A figure exceeds its budget."""

    code = "over_budget"


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure beside the median of the last good runs; None where there are too few."""

    figure: Figure
    median: float | None

    @property
    def is_slower(self) -> bool:
        """Whether it is so much more than it was that somebody should look."""
        return bool(self.median) and self.figure.value > SLOWER * (self.median or 0)


@dataclass(frozen=True, slots=True)
class History:
    """The metrics of earlier runs, one a row, the oldest run first."""

    metrics: pd.DataFrame

    @property
    def good(self) -> pd.DataFrame:
        """Those of runs that succeeded within every budget."""
        over = self.metrics[self.metrics["value"] > self.metrics["budget"]]["run"]
        kept = (self.metrics["status"] == "succeeded") & ~self.metrics["run"].isin(over)
        return self.metrics[kept]

    @property
    def runs(self) -> int:
        """How many runs there were."""
        return int(self.metrics["run"].nunique())

    @property
    def is_enough(self) -> bool:
        """Whether there are as many good runs as it takes to compare."""
        return int(self.good["run"].nunique()) >= LEAST

    def of(self, name: str) -> pd.DataFrame:
        """One metric, run by run."""
        return self.metrics[self.metrics["name"] == name]

    def compared(self, measured: Figured) -> list[Compared]:
        """Each figure beside its median."""
        good = {name: list(each["value"]) for name, each in self.good.groupby("name")}
        return [_compared(figure, good.get(figure.name, [])) for figure in measured.figures]

    def slower(self, measured: Figured) -> list[Compared]:
        """The figures that are so much more than they were."""
        return [one for one in self.compared(measured) if one.is_slower]

    def last_good(self, name: str) -> str:
        """What the last good run measured, in words."""
        found = self.good[self.good["name"] == name].tail(1)
        if found.empty:
            return "no good run is known"
        when, value = found["finished_at"].iloc[0], found["value"].iloc[0]
        return f"the last good run, of {when:%Y-%m-%d %H:%M} UTC, measured {value:,.3g}"


def earlier(run: LabRun, notebook: str, parameters: Mapping[str, Any]) -> History:
    """The runs of a notebook with the same parameters, up to twenty."""
    given = {"notebook": notebook, "parameters": json.dumps(dict(parameters))}
    return History(run.frame(EARLIER, given))


def hold(measured: Figured, history: History) -> None:
    """Raise OverBudget, naming each figure that is over, its budget and the last good run."""
    over = [figure for figure in measured.figures if figure.is_over]
    if over:
        raise OverBudget(
            "; ".join(f"{f.name} is {said(f)} ({history.last_good(f.name)})" for f in over)
        )


def _compared(figure: Figure, values: list[float]) -> Compared:
    last = values[-MEDIAN_OF:]
    return Compared(figure, statistics.median(last) if len(last) >= LEAST else None)


def told(measured: Figured, history: History) -> Markdown:
    """What became slower, in a sentence or a list."""
    if not history.runs:
        return Markdown("*This is the first run with these parameters; the next compares with it.*")
    if not history.is_enough:
        return Markdown(f"*{LEAST} good runs are needed to compare; there are not as many yet.*")
    slower = history.slower(measured)
    if not slower:
        return Markdown(f"**Nothing is {SLOWER:g} times what it was** in the last good runs.")
    lines = (
        f"* **{one.figure.title}**: {number(one.figure.value, one.figure.unit)}, and "
        f"{number(one.median or 0, one.figure.unit)} before"
        for one in slower
    )
    return Markdown(f"**{len(slower)} figures are worse than they were:**\n\n" + "\n".join(lines))


def table(measured: Figured, history: History) -> Styler:
    """Each figure beside the median of the last good runs."""
    found = [one for one in history.compared(measured) if one.median is not None]
    rows = {
        "Figure": [one.figure.title for one in found],
        "This run": [number(one.figure.value, one.figure.unit) for one in found],
        "Before": [number(one.median or 0, one.figure.unit) for one in found],
        "Change": [_change(one) for one in found],
    }
    return pd.DataFrame(rows).style.hide(axis="index")


def trend(measured: Figured, history: History) -> Picture:
    """The figures that have a unit, run by run; the last point is this run."""
    found = [f for f in measured.figures if f.unit and not history.of(f.name).empty]
    found = sorted(found, key=lambda figure: figure.budget is None)[:MOST]
    down = -(-len(found) // ACROSS)
    picture, axes = plt.subplots(
        down, ACROSS, figsize=(WIDTH, HEIGHT * down), squeeze=False, sharex=True
    )
    for place in axes.flat[len(found) :]:
        place.set_visible(False)
    for place, figure in zip(axes.flat, found, strict=False):
        _line(place, figure, list(history.of(figure.name)["value"]))
    return picture


def _line(place: Axes, figure: Figure, before: list[float]) -> None:
    values = [*before, figure.value]
    place.plot(range(len(values)), values, color=GOOD, marker="o", markersize=3)
    last = BAD if figure.is_over else GOOD
    place.plot(len(values) - 1, figure.value, "o", color=last, markersize=7)
    top = [*values]
    if figure.budget:
        place.axhline(figure.budget, color=BAD, linestyle="--", linewidth=1, alpha=0.6)
        top.append(figure.budget)
    place.set_ylim(0, max(top) * 1.2)
    place.set_title(f"{figure.name}, {figure.unit}" if figure.unit else figure.name, fontsize=9)
    place.set_xticks([])


def _change(one: Compared) -> str:
    if not one.median:
        return ""
    return f"{one.figure.value / one.median - 1:+.0%}"
