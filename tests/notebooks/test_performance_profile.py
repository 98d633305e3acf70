"""The performance profile as a notebook: plans, counts, budgets, and what earlier runs measured."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from tests.notebooks.shelf import assert_it_says_the_same, bench, figures, shelf, succeeded
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.bench import history
from workbench.bench.figures import Figure
from workbench.bench.history import History, OverBudget
from workbench.bench.profiling import plans

__all__ = ["bench", "shelf"]
NAME = "performance_profile"
SMALL = {"rows": 2_000, "parents": 50, "rounds": 1}
COUNTED = {"foreign_keys", "unindexed", "partly_indexed", "unserved", "wasteful", "statements"}


@pytest.mark.acts_as("engineer")
async def test_a_small_one_shows_plans_and_counts_and_says_the_same_twice(
    shelf: Bench, actor: Actor, tmp_path: Path
) -> None:
    """51 statements become 2, indexes serve what they promise, and every section has figures."""
    run = await succeeded(shelf, actor, NAME, **SMALL)

    found = figures(run)
    assert (found["lazy_statements"], found["eager_statements"]) == (51, 2)
    assert (found["unindexed"], found["unserved"]) == (0, 0)
    assert found.keys() > COUNTED | {"boundary_of_page", "keyset_deep", "pool_wait"}
    report = shelf.text(run, "report.html")
    assert "Index Scan using flights_pkey on flights" in report
    assert "Token check" in report
    assert "This is the first run with these parameters" in report
    assert "://" not in report
    assert shelf.text(run, "statements.csv").startswith(",question,number,rows,")
    await assert_it_says_the_same(shelf, actor, run, tmp_path, said=">51<", changed=">52<")


class _Measured:
    def __init__(self, *figures: Figure) -> None:
        self.figures = list(figures)


def _history(*values: float, budget: float = 2.0) -> History:
    rows = [
        {"run": str(n), "finished_at": datetime(2026, 1, n, tzinfo=UTC), "status": "succeeded"}
        | {"name": "page_of_plain", "value": value, "budget": budget}
        for n, value in enumerate(values, 1)
    ]
    columns = ["run", "finished_at", "status", "name", "value", "budget"]
    return History(pd.DataFrame(rows, columns=columns))


class TestHistory:
    """What earlier runs say of this one."""

    @pytest.mark.parametrize(
        ("before", "value", "is_worse"),
        [
            ((1, 1, 1), 1.6, True),
            ((1, 1, 1), 1.4, False),
            ((1, 1), 9, False),
            ((1, 1, 3), 9, False),
        ],
    )
    def test_what_is_much_more_than_the_last_good_runs_is_named(
        self, before: tuple[float, ...], value: float, *, is_worse: bool
    ) -> None:
        """Three good runs at least are needed; one over its budget is no good run."""
        figure = Figure("pages", "page_of_plain", "A page", value, "×", 10.0)
        slower = _history(*before).slower(_Measured(figure))
        assert [one.figure.title for one in slower] == (["A page"] if is_worse else [])

    def test_a_missed_budget_fails_with_its_name_and_the_last_good_run(self) -> None:
        """Metric, value, budget and the last good run stand in the error; what is met does not."""
        over = Figure("pages", "page_of_plain", "A page", 2.5, "×", 2.0)
        met = Figure("pages", "page_of_plain", "A page", 2.0, "×", 2.0)
        with pytest.raises(OverBudget) as caught:
            history.hold(_Measured(over), _history(1.25, 3.0))
        assert str(caught.value).replace("\N{NO-BREAK SPACE}", " ") == (
            "page_of_plain is 2.50 ×, at most 2.00 × "
            "(the last good run, of 2026-01-01 00:00 UTC, measured 1.25)"
        )
        with pytest.raises(OverBudget, match="no good run is known"):
            history.hold(_Measured(over), _history())
        history.hold(_Measured(met), _history())


def test_a_plan_is_a_tree_that_names_what_it_wastes() -> None:
    """Loops are counted, names put in, and a sort of many rows for few is waste."""
    scan = {"Node Type": "Seq Scan", "Relation Name": "d_1", "Actual Rows": 500, "Actual Loops": 4}
    found = {"Node Type": "Sort", "Actual Rows": 51, "Actual Loops": 1, "Plans": [scan]}

    plan = plans.read(found, {"d_1": "flights"})

    assert [(node.name, node.rows) for node in plan.walk()] == [
        ("Sort", 51),
        ("Seq Scan on flights", 2000),
    ]
    assert [node.kind for node in plan.walk() if node.is_wasteful] == ["Sort"]
    assert plans.tree(plan).splitlines()[2].startswith("└ Seq Scan on flights")
