"""The API load test as a notebook: visitors by Locust, answers that are right, nothing lost."""

from pathlib import Path

import pandas as pd
import pytest

from tests.notebooks.shelf import assert_it_says_the_same, bench, figures, shelf, succeeded
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.bench.visits import driving, judging
from workbench.bench.visits.crowd import Crowd
from workbench.bench.visits.judging import Left

__all__ = ["bench", "shelf"]
NAME = "api_load_test"
# A master and two workers, since that is how it is spread over machines.
SMALL = {"tenants": 2, "users": 4, "seconds": 2, "workers": 2, "rows": 1_000}


@pytest.mark.acts_as("engineer")
async def test_a_small_one_loses_nothing_and_says_the_same_twice(
    shelf: Bench, actor: Actor, tmp_path: Path
) -> None:
    """Both tenants are served and see themselves alone, and what was imported is there once."""
    run = await succeeded(shelf, actor, NAME, **SMALL)

    found = figures(run)
    assert found["answers"] > SMALL["users"]  # more than signing in
    lost = ("errors", "imports_lost", "rows_amiss", "rows_strayed")
    assert [found[name] for name in lost] == [0] * len(lost)
    assert min(found["sign_in_p95"], found["page_p95"]) > 0
    report = shelf.text(run, "report.html")
    assert "Every answer was the one that was asked for." in report
    assert "://" not in report
    answers = shelf.text(run, "answers.csv")
    assert answers.startswith(",tenant,name,at,milliseconds,error")
    assert {"tenant-1", "tenant-2"} <= {line.split(",")[1] for line in answers.splitlines()[1:]}
    said, changed = "tenant-2</td>", "tenant-9</td>"
    await assert_it_says_the_same(shelf, actor, run, tmp_path, said=said, changed=changed)


def _answers(*rows: tuple[str, str, float, str | None]) -> pd.DataFrame:
    lines = [(tenant, name, at, took, error) for at, (tenant, name, took, error) in enumerate(rows)]
    return pd.DataFrame(lines, columns=driving.COLUMNS)


class TestFigures:
    """What the answers of a crowd are judged by."""

    def test_one_tenant_that_waits_is_unfair(self) -> None:
        """Twice the answers and ten times the wait are over budget, where enough is asked."""
        calm, late = ("a", "page", 10.0, None), ("b", "page", 95.0, None)
        same, entered = ("b", "page", 12.0, None), ("b", "sign in", 900.0, None)
        left = {"a": Left(0, 0, 9, 0), "b": Left(0, 0, 9, 0)}
        for crowd, answers, over in (
            (Crowd(2, 20, 30, 1, 9), [calm, calm, late], {"share_spread", "tail_spread"}),
            (Crowd(2, 20, 30, 1, 9), [calm, calm], {"share_spread"}),  # b was never answered
            (Crowd(2, 20, 30, 1, 9), [calm, same], set()),
            (Crowd(2, 20, 30, 1, 9), [calm, calm, entered, calm, same], set()),
            (Crowd(2, 4, 4, 1, 9), [calm, calm, late], set()),
        ):
            found = judging.figures(crowd, _answers(*answers), left)
            assert {figure.name for figure in found if figure.is_over} == over

    def test_what_is_lost_or_strays_is_over_at_any_size(self) -> None:
        """An error, an import that never loads, and rows amiss or elsewhere."""
        answers = _answers(("a", "page", 1.0, "503"), ("b", "page", 1.0, None))
        left = {"a": Left(2, 1, 9, 1), "b": Left(0, 0, 9, 0)}
        found = judging.figures(Crowd(2, 2, 2, 1, 9), answers, left)
        assert {figure.name: figure.value for figure in found if figure.is_over} == {
            "errors": 1,
            "imports_lost": 1,
            "rows_amiss": driving.SAMPLE_ROWS,
            "rows_strayed": 1,
        }
