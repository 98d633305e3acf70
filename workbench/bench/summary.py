"""The load test in words, tables and two pictures, for people who do not know the code."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure as Picture
from pandas.io.formats.style import Styler

from workbench.bench.figures import LEAST_ROWS, Figure, Figured
from workbench.bench.measuring import Measured

GOOD, BAD, THEIRS = "#0f9d6c", "#dc2626", "#7b8794"
OTHERS = ("COPY", "pandas.to_sql", "ADBC alone", "pandas on psycopg", "plain")
DIGITS = {1000: 0, 20: 1, 1: 2, 0: 3}  # behind the point, from which value on
SPACE = "\N{NO-BREAK SPACE}"


def verdict(measured: Measured) -> str:
    """The result in one sentence, and what it rests on in another."""
    budgets = [figure for figure in measured.figures if figure.budget is not None]
    over = measured.over
    plan = measured.plan
    if not plan.is_full:
        return (
            f"**No verdict: {min(plan.rows, plan.read_rows):,} rows are too few.** Below "
            f"{LEAST_ROWS:,} rows the start of each way takes longer than its rows, so that ratios "
            "have no budget. Counts were compared all the same, and agree."
        )
    missed = "".join(f"\n* {figure.title}: {said(figure)}" for figure in over)
    told = f"{counted(budgets)} {_rests(measured)}"
    return f"{told}\n{missed}" if over else told


def counted(held: Sequence[Figure]) -> str:
    """How many of the figures that have a budget are over it."""
    over = sum(figure.is_over for figure in held)
    if over:
        return f"**{over} of {len(held)} budgets are missed.**"
    return f"**All {len(held)} budgets are met.**"


def said(figure: Figure) -> str:
    """A figure that has a budget, with it."""
    return f"{number(figure.value, figure.unit)}, at most {number(figure.budget or 0, figure.unit)}"


def _rests(measured: Measured) -> str:
    plan = measured.plan
    return (
        f"Medians of {plan.rounds} rounds, every way taken in turn, with {plan.rows:,} rows to "
        f"import and {plan.read_rows:,} to read."
    )


def figures(measured: Figured, section: str) -> Styler:
    """The figures of one section, with their budgets."""
    found = [figure for figure in measured.figures if figure.section == section]
    rows = {
        "Figure": [figure.title for figure in found],
        "Measured": [number(figure.value, figure.unit) for figure in found],
        "Budget": ["" if f.budget is None else number(f.budget, f.unit) for f in found],
        "": [_mark(figure) for figure in found],
    }
    return pd.DataFrame(rows).style.hide(axis="index")


def budgets(measured: Figured) -> Picture:
    """Each figure as a share of its budget; what passes the line is over."""
    found = [figure for figure in reversed(measured.figures) if figure.budget]
    shares = [figure.value / (figure.budget or 1) for figure in found]
    picture, axes = plt.subplots(figsize=(9.0, 0.7 + 0.34 * max(1, len(found))))
    colours = [BAD if figure.is_over else GOOD for figure in found]
    bars = axes.barh([figure.name for figure in found], shares, color=colours, height=0.62)
    axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=4, fontsize=9)
    axes.axvline(1, color=BAD, linewidth=1.2, linestyle="--", alpha=0.6, zorder=0)
    axes.set_xlim(0, max([1.15, *shares]) * 1.1)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    axes.set_title("Share of its budget that each figure takes")
    axes.grid(visible=False, axis="y")
    return picture


def times(measured: Measured, section: str) -> Picture:
    """The median of each way in one section, in milliseconds; ours stand out."""
    found = dict(reversed(measured.times[section].items()))
    medians = [times.median * 1e3 for times in found.values()]
    picture, axes = plt.subplots(figsize=(9.0, 0.7 + 0.34 * len(found)))
    colours = [GOOD if _is_ours(name) else THEIRS for name in found]
    bars = axes.barh(list(found), medians, color=colours, height=0.62)
    axes.bar_label(bars, [f"{value:,.4g} ms" for value in medians], padding=4, fontsize=9)
    axes.set_xlim(0, max(medians) * 1.18)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f} ms")
    axes.set_title("Medians; Workbench is green")
    axes.grid(visible=False, axis="y")
    return picture


def _is_ours(name: str) -> bool:
    return name not in OTHERS and not name.endswith("by hand")


def frame(measured: Measured) -> pd.DataFrame:
    """Every time that was taken, in seconds."""
    return pd.DataFrame(
        [
            {"section": section, "way": way, "round": number, "seconds": seconds}
            for section, ways in measured.times.items()
            for way, times in ways.items()
            for number, seconds in enumerate(times.seconds, 1)
        ]
    )


def where(measured: Measured) -> str:
    """Where it was measured, and how to measure it again."""
    plan = measured.plan
    return (
        f"PostgreSQL {measured.server}, schema revision {measured.revision}, {measured.cores} "
        f"cores shared by server, clients and database, whose load was {measured.load:.1f} at the "
        "beginning. The database was made for this run and is gone; its server does not wait for "
        "the disk, on either side of a comparison. To measure again on the machine itself: "
        f"`workbench run load_test --tenant … -p rows={plan.rows}`."
    )


def _mark(figure: Figure) -> str:
    if figure.budget is None:
        return ""
    return f"over{SPACE}budget" if figure.is_over else "met"


def number(value: float, unit: str) -> str:
    """A figure as people read it, with as many digits as mean something."""
    if not unit:
        return f"{value:,.0f}"
    digits = next(digits for least, digits in DIGITS.items() if abs(value) >= least)
    return f"{value:,.{digits}f}{SPACE}{unit}"
