"""What the answers say: how long each kind took, whether tenants fared alike, and what was lost."""

from dataclasses import dataclass

import pandas as pd

from workbench.bench.figures import Figure
from workbench.bench.visits.crowd import Crowd
from workbench.bench.visits.driving import SAMPLE_ROWS
from workbench.errors import Unavailable

SIGN_IN, LOADED, LOOK = "sign in", "loaded", "look"
KINDS = ("page", "next page", "filter", "aggregate", "sql", "import")  # what people wait for
SHARE_BUDGET, TAIL_BUDGET = 1.5, 2.5  # the tenant that fares best against the one that fares worst
PAGE_BUDGET = 0.75


@dataclass(frozen=True, slots=True)
class Left:
    """What a tenant has afterwards: imports ordered and loaded, its rows, and rows elsewhere."""

    ordered: int
    loaded: int
    rows: int
    strays: int


def figures(crowd: Crowd, answers: pd.DataFrame, left: dict[str, Left]) -> list[Figure]:
    """The figures, those that must hold at any size first; raise Unavailable without answers."""
    if asked(answers).empty:
        raise Unavailable("Nobody was answered; let them stay for longer.")
    fair = _fair(crowd, by_tenant(answers, list(left)))
    return [*_whole(crowd, answers, left), *fair, *_latencies(crowd, answers)]


def asked(answers: pd.DataFrame) -> pd.DataFrame:
    """The answers that somebody waited for, without signing in and looking after imports."""
    return answers[answers["name"].isin(KINDS)]


def settled(answers: pd.DataFrame) -> pd.DataFrame:
    """Those from when the last had signed in, since whoever is in earlier asks for longer."""
    found = asked(answers)
    later = found[found["at"] > answers.loc[answers["name"] == SIGN_IN, "at"].max()]
    return found if later.empty else later


def by_tenant(answers: pd.DataFrame, tenants: list[str]) -> pd.DataFrame:
    """Each tenant's answers, its share of all, and how long half and 95 of 100 took.

    A tenant that was never answered is there as well.
    """
    found = settled(answers).groupby("tenant")["milliseconds"]
    table = found.agg(answers="size", p50="median", p95=lambda each: each.quantile(0.95))
    table = table.reindex(pd.Index(tenants, name="tenant"))
    table["answers"] = table["answers"].fillna(0)
    table["share"] = table["answers"] / table["answers"].sum()
    table["errors"] = answers[answers["error"].notna()].groupby("tenant").size()
    return table.fillna({"errors": 0}).reset_index()


def by_kind(answers: pd.DataFrame) -> pd.DataFrame:
    """How long each kind of answer took, in the order in which people meet them."""
    found = answers.groupby("name")["milliseconds"]
    table = found.agg(
        answers="size",
        p50="median",
        p95=lambda each: each.quantile(0.95),
        p99=lambda each: each.quantile(0.99),
        longest="max",
    )
    table["errors"] = answers[answers["error"].notna()].groupby("name").size()
    order = [name for name in (SIGN_IN, *KINDS, LOOK, LOADED) if name in table.index]
    return table.fillna({"errors": 0}).loc[order].reset_index()


def _whole(crowd: Crowd, answers: pd.DataFrame, left: dict[str, Left]) -> list[Figure]:
    section = "whole"
    ordered, loaded = (sum(getattr(one, n) for one in left.values()) for n in ("ordered", "loaded"))
    amiss = sum(abs(one.rows - crowd.rows - SAMPLE_ROWS * one.loaded) for one in left.values())
    errors = int(answers["error"].notna().sum())
    strays = sum(one.strays for one in left.values())
    return [
        Figure(section, "answers", "Answers", len(answers), ""),
        Figure(section, "errors", "Errors among them", errors, "", 0),
        Figure(section, "imports", "Imports ordered", ordered, ""),
        Figure(section, "imports_lost", "Imports that did not load", ordered - loaded, "", 0),
        Figure(section, "rows_amiss", "Rows too many or too few", amiss, "", 0),
        Figure(section, "rows_strayed", "Rows that reached another tenant", strays, "", 0),
    ]


def _fair(crowd: Crowd, table: pd.DataFrame) -> list[Figure]:
    section = "fairness"
    return [
        crowd.ratio(
            *(section, "share_spread", "Answers: the tenant with most against that with fewest"),
            value=table["answers"].max() / max(table["answers"].min(), 1),
            budget=SHARE_BUDGET,
        ),
        crowd.ratio(
            *(section, "tail_spread", "p95: the tenant that waits longest against the shortest"),
            value=table["p95"].max() / table["p95"].min(),
            budget=TAIL_BUDGET,
        ),
    ]


def _latencies(crowd: Crowd, answers: pd.DataFrame) -> list[Figure]:
    section, table = "latencies", by_kind(answers).set_index("name")
    found = asked(answers)
    seconds = found["at"].max() - found["at"].min()
    return [
        Figure(section, "second_of_answers", "For 1,000 answers", seconds / len(found) * 1e3, "s"),
        *(
            Figure(section, f"{name}_p95".replace(" ", "_"), f"{name}, p95", row["p95"], "ms")
            for name, row in table.iterrows()
        ),
        *_beside(crowd, section, {str(name): each for name, each in table["p50"].items()}),
    ]


def _beside(crowd: Crowd, section: str, medians: dict[str, float]) -> list[Figure]:
    """What a page takes beside what reads every row, where somebody asked for both."""
    if not {"page", "aggregate"} <= medians.keys():
        return []
    value = medians["page"] / medians["aggregate"]
    title = "A page against an aggregate of all rows, medians"
    return [crowd.ratio(section, "page_of_aggregate", title, value=value, budget=PAGE_BUDGET)]
