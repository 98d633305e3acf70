"""The profile in words, tables and pictures."""

import json

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure as Picture
from pandas.io.formats.style import Styler

from workbench.bench.figures import LEAST_ROWS
from workbench.bench.history import History
from workbench.bench.profiling import plans
from workbench.bench.profiling.measuring import Profiled
from workbench.bench.profiling.pool import CONNECTIONS, HOLD_SECONDS
from workbench.bench.profiling.statements import Explained
from workbench.bench.summary import BAD, GOOD, THEIRS, counted, number, said

LAZY, EAGER = "lazy_time", "eager_time"


def verdict(found: Profiled, history: History) -> Markdown:
    """The result in a sentence, and what is worse than it was."""
    figures = {figure.name: figure for figure in found.figures}
    held = [figure for figure in found.figures if figure.budget is not None]
    over = [figure for figure in held if figure.is_over]
    lazy, eager = (number(figures[name].value, "ms") for name in (LAZY, EAGER))
    parents = f"{found.profile.parents:,}"
    rests = (
        f"{counted(held)} {parents} runs with their metrics took {lazy} loaded one by one, and "
        f"{eager} loaded together, of {found.profile.rows:,} records.{_few(found)}"
    )
    points = [
        *(f"* {figure.title}: {said(figure)}" for figure in over),
        *(f"* Slower than before: {one.figure.title}" for one in history.slower(found)),
    ]
    return Markdown("\n".join([rests, "", *points]))


def _few(found: Profiled) -> str:
    if found.profile.is_full:
        return ""
    return (
        f" Below {LEAST_ROWS:,} rows most ratios of times have no budget, since the start of each "
        "way outweighs its rows."
    )


def loaded(found: Profiled) -> Styler:
    """The statements that each way sent, and the rows that came; no times."""
    parents, ways = found.profile.parents, found.loaded
    rows = {
        "Way": [*ways.statements],
        "Runs": [f"{parents:,}"] * len(ways.statements),
        "Metrics": [f"{count:,}" for count in ways.children.values()],
        "Statements": [f"{count:,}" for count in ways.statements.values()],
    }
    return pd.DataFrame(rows).style.hide(axis="index")


def loading(found: Profiled) -> Picture:
    """The median of each way."""
    medians = {name: times.median * 1e3 for name, times in found.loaded.times.items()}
    labels = [f"{each:,.0f} ms" for each in reversed(medians.values())]
    return _bars(
        dict(reversed(medians.items())), labels, "Loading runs with their metrics, medians"
    )


def questions(found: Profiled) -> Picture:
    """What PostgreSQL took for each question, all of its statements together."""
    taken: dict[str, float] = {}
    for one in reversed(found.seen.statements):
        taken[one.question] = taken.get(one.question, 0) + one.plan.seconds * 1e3
    wasteful = {one.question for one in found.seen.waste}
    labels = [f"{each:,.2f} ms" for each in taken.values()]
    colours = [BAD if name in wasteful else GOOD for name in taken]
    title = "PostgreSQL's time for each question; red reads much and gives little"
    return _bars(taken, labels, title, colours)


def statements(found: Profiled) -> Styler:
    """One line for each statement."""
    seen = found.seen.statements
    rows = {
        "Question": [_named(one) for one in seen],
        "Rows": [f"{one.plan.rows:,.0f}" for one in seen],
        "ms": [f"{one.plan.seconds * 1e3:,.2f}" for one in seen],
        "Blocks": [f"{one.plan.hit + one.plan.read:,}" for one in seen],
        "Of them from disk": [f"{one.plan.read:,}" for one in seen],
    }
    return pd.DataFrame(rows).style.hide(axis="index")


def trees(found: Profiled) -> Markdown:
    """The plan of each statement."""
    parts = (
        f"**{_named(one)}**\n\n```\n{plans.tree(one.plan)}\n```" for one in found.seen.statements
    )
    return Markdown("\n\n".join(parts))


def indexes(found: Profiled) -> Styler:
    """The indexes that led to rows, and for whom."""
    used = found.seen.indexes
    rows = {"Index": [*used], "Serves": [", ".join(names) for names in used.values()]}
    return pd.DataFrame(rows).style.hide(axis="index")


def waste(found: Profiled) -> Styler | Markdown:
    """The steps that read much and give little: what an index could spare."""
    steps = [(one, step) for one in found.seen.waste for step in one.waste]
    if not steps:
        return Markdown("*No step reads many rows for each that it gives.*")
    rows = {
        "Question": [one.question for one, _ in steps],
        "Step": [step.name for _, step in steps],
        "Reads": [f"{step.taken:,.0f}" for _, step in steps],
        "Gives": [f"{step.rows:,.0f}" for _, step in steps],
    }
    return pd.DataFrame(rows).style.hide(axis="index")


def keys(found: Profiled) -> Styler | Markdown:
    """The foreign keys that no index serves."""
    if not found.keys.bare:
        return Markdown(f"**Each of the {found.keys.count} foreign keys is served by an index.**")
    bare = found.keys.bare
    rows = {
        "Table": [key.table for key in bare],
        "Key": [", ".join(key.columns) for key in bare],
        "Refers to": [key.parent for key in bare],
        "Served": ["in part" if key.is_begun else "by nothing" for key in bare],
    }
    return pd.DataFrame(rows).style.hide(axis="index")


def boundary(found: Profiled) -> Picture:
    """Each statement both ways."""
    pairs = ("aggregate, by hand", "aggregate, through policies", "page, by hand")
    names = (*pairs, "page, through policies", "nothing, no token", "nothing, token told")
    medians = {name: found.boundary[name].median * 1e3 for name in names}
    labels = [f"{each:,.3g} ms" for each in medians.values()]
    colours = [GOOD if "policies" in name or "told" in name else THEIRS for name in names]
    return _bars(medians, labels, "Whole transactions, medians; Workbench is green", colours)


def paging(found: Profiled) -> Picture:
    """How late pages take longer, or do not."""
    picture, axes = plt.subplots(figsize=(9.0, 3.2))
    ways = (("by cursor", found.paged.cursor, GOOD), ("by offset", found.paged.offset, THEIRS))
    for name, times, colour in ways:
        medians = [each.median * 1e3 for each in times.values()]
        axes.plot([*times], medians, color=colour, marker="o", label=name)
    axes.set(xlabel="rows before the page", ylabel="ms", title="A page of 50 rows, medians")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    axes.set_ylim(bottom=0)
    axes.legend()
    return picture


def pool(found: Profiled) -> Picture:
    """How long one waits, the median and the 95th of 100."""
    crowds = found.waits.by_crowd
    picture, axes = plt.subplots(figsize=(9.0, 3.0))
    for name, share, colour in (("95 of 100", 0.95, BAD), ("half", 0.5, GOOD)):
        waits = [times.quantile(share) * 1e3 for times in crowds.values()]
        axes.plot([*crowds], waits, color=colour, marker="o", label=f"{name} wait at most")
    axes.axvline(CONNECTIONS, color=THEIRS, linestyle="--", linewidth=1)
    title = f"Waiting for one of {CONNECTIONS} connections, each held {HOLD_SECONDS * 1e3:.0f} ms"
    axes.set(xlabel="who ask at once", ylabel="ms", title=title)
    axes.legend()
    return picture


def frame(found: Profiled) -> pd.DataFrame:
    """Every statement as it was sent, with what its plan took."""
    return pd.DataFrame(
        [
            {
                "question": one.question,
                "number": one.number,
                "rows": one.plan.rows,
                "milliseconds": one.plan.seconds * 1e3,
                "blocks": one.plan.hit + one.plan.read,
                "sql": one.sql[:4000],
                "plan": plans.tree(one.plan),
                "steps": json.dumps(plans.told(one.plan)),
            }
            for one in found.seen.statements
        ]
    )


def where(found: Profiled) -> Markdown:
    """Where it was measured, and how to measure it again."""
    profile = found.profile
    return Markdown(
        f"PostgreSQL {found.server}, schema revision {found.revision}, {found.cores} cores whose "
        f"load was {found.load:.1f} at the beginning. The database was made for this run and is "
        "gone; its server does not wait for the disk. To measure again on the machine itself: "
        f"`workbench run performance_profile --tenant … -p rows={profile.rows} "
        f"-p parents={profile.parents} -p rounds={profile.rounds}`."
    )


def _named(one: Explained) -> str:
    return one.question if one.number == 1 else f"{one.question} ({one.number})"


def _bars(
    values: dict[str, float], labels: list[str], title: str, colours: list[str] | None = None
) -> Picture:
    picture, axes = plt.subplots(figsize=(9.0, 0.7 + 0.34 * len(values)))
    bars = axes.barh([*values], [*values.values()], color=colours or GOOD, height=0.62)
    axes.bar_label(bars, labels, padding=4, fontsize=9)
    axes.set_xlim(0, max(values.values()) * 1.18)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.4g} ms")
    axes.set_title(title)
    axes.grid(visible=False, axis="y")
    return picture
