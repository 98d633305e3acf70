"""The visit in words, tables and pictures."""

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure as Picture
from pandas.io.formats.style import Styler

from workbench.bench.history import History
from workbench.bench.summary import BAD, GOOD, counted, said
from workbench.bench.visits import judging
from workbench.bench.visits.crowd import LEAST_SECONDS, LEAST_USERS
from workbench.bench.visits.measuring import Visited

BUCKETS = 40  # of the time that the visit took


def verdict(found: Visited, history: History) -> Markdown:
    """The result in a sentence, and what is worse than it was."""
    figures = {figure.name: figure for figure in found.figures}
    held = [figure for figure in found.figures if figure.budget is not None]
    over = [figure for figure in held if figure.is_over]
    crowd = found.crowd
    rests = (
        f"{counted(held)} {crowd.users} people of {crowd.tenants} tenants had "
        f"{figures['answers'].value:,.0f} answers in {crowd.seconds} s, "
        f"{figures['errors'].value:,.0f} of them errors.{_few(found)}"
    )
    points = [
        *(f"* {figure.title}: {said(figure)}" for figure in over),
        *(f"* Worse than before: {one.figure.title}" for one in history.slower(found)),
    ]
    return Markdown("\n".join([rests, "", *points]))


def _few(found: Visited) -> str:
    if found.crowd.is_full:
        return ""
    return (
        f" Below {LEAST_SECONDS} s and {LEAST_USERS} people ratios have no budget, since a tail is "
        "a single answer then."
    )


def kept(found: Visited) -> Styler:
    """What must hold however many come, tenant by tenant; the same whatever the machine."""
    left = found.left
    errors = found.answers[found.answers["error"].notna()]
    rows = {
        "Tenant": [*left],
        "Errors": [f"{int((errors['tenant'] == slug).sum()):,}" for slug in left],
        "Imports lost": [f"{one.ordered - one.loaded:,}" for one in left.values()],
        "Rows strayed": [f"{one.strays:,}" for one in left.values()],
    }
    return pd.DataFrame(rows).style.hide(axis="index")


def kinds(found: Visited) -> Styler:
    """How long each kind of answer took, in milliseconds."""
    table = judging.by_kind(found.answers)
    return _styled(table, {"name": "What", "answers": "Answers", "errors": "Errors"})


def tenants(found: Visited) -> Styler:
    """How each tenant fared."""
    table = judging.by_tenant(found.answers, list(found.left))
    table["share"] = table["share"].map("{:.1%}".format)
    table["answers"] = table["answers"].map("{:,.0f}".format)
    names = {"tenant": "Tenant", "answers": "Answers", "share": "Share", "errors": "Errors"}
    return _styled(table, names)


def latencies(found: Visited) -> Picture:
    """How long each kind took: the bar holds half of the answers, the line 95 of 100."""
    table = judging.by_kind(found.answers).iloc[::-1]
    picture, axes = plt.subplots(figsize=(9.0, 0.9 + 0.36 * len(table)))
    axes.barh(table["name"], table["p50"], color=GOOD, height=0.5, label="half, at most")
    axes.hlines(table["name"], table["p50"], table["p95"], color=GOOD, linewidth=2)
    axes.plot(table["p95"], table["name"], "|", color=BAD, markersize=14, label="95 of 100")
    axes.set_xscale("log")  # signing in is bcrypt, and takes a hundred times as long as a page
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f} ms")
    axes.set_xlim(left=1)
    axes.grid(visible=False, axis="y")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    return picture


def fairness(found: Visited) -> Picture:
    """Each tenant's share of the answers beside an equal one, and how long it waited."""
    table = judging.by_tenant(found.answers, list(found.left)).iloc[::-1]
    picture, (left, right) = plt.subplots(
        1, 2, sharey=True, figsize=(9.0, 0.9 + 0.4 * len(table)), width_ratios=[1, 1]
    )
    left.barh(table["tenant"], table["share"] * 100, color="C0", height=0.6)
    left.axvline(100 / len(table), color=BAD, linestyle="--", linewidth=1)
    left.set_xlabel("share of all answers, %; the line is an equal one")
    right.barh(table["tenant"], table["p95"], color="C1", height=0.6)
    right.barh(table["tenant"], table["p50"], color="C0", height=0.6)
    right.set_xlabel("half of the answers, and 95 of 100, ms")
    for axes in (left, right):
        axes.grid(visible=False, axis="y")
    return picture


def course(found: Visited) -> Picture:
    """Answers and waits over the time of the visit."""
    asked = judging.asked(found.answers)
    at = asked["at"] - asked["at"].min()
    width = max(at.max() / BUCKETS, 0.25)
    each = asked["milliseconds"].groupby((at // width) * width)
    picture, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(9.0, 4.2))
    above.bar(each.size().index, each.size() / width, width=width * 0.9, align="edge", alpha=0.6)
    above.set_ylabel("answers a second")
    below.plot(each.median().index + width / 2, each.median(), color=GOOD, label="half")
    late = each.quantile(0.95)
    below.plot(late.index + width / 2, late, color=BAD, label="95 of 100")
    below.set(ylabel="ms, at most", xlabel="seconds since the first")
    below.set_ylim(bottom=0)
    below.legend()
    return picture


def errors(found: Visited) -> Styler | Markdown:
    """What went wrong, and how often."""
    wrong = found.answers.dropna(subset="error")
    if wrong.empty:
        return Markdown("*Every answer was the one that was asked for.*")
    table = wrong.groupby(["name", "error"]).size().reset_index(name="Times")
    return table.rename(columns={"name": "What", "error": "Said"}).style.hide(axis="index")


def where(found: Visited) -> Markdown:
    """Where it was measured, and how to measure it again."""
    crowd = found.crowd
    return Markdown(
        f"{found.cores} cores, shared by PostgreSQL, one server process, one worker and Locust "
        f"({crowd.workers} of it); their load was {found.load:.1f} at the beginning. "
        "To measure again on the machine itself: `workbench run api_load_test --tenant … "
        f"-p users={crowd.users} -p seconds={crowd.seconds} -p workers={crowd.workers}`."
    )


def _styled(table: pd.DataFrame, names: dict[str, str]) -> Styler:
    waits = {"p50": "Half, ms", "p95": "95 of 100", "p99": "99 of 100", "longest": "Longest"}
    shown = table.assign(
        **{name: table[name].map("{:,.0f}".format) for name in waits if name in table},
        errors=table["errors"].map("{:,.0f}".format),
    )
    return shown.rename(columns=names | waits).style.hide(axis="index")
