"""What CI says when a notebook of the shelf misses a budget."""

from pathlib import Path

import pytest

from tests.notebooks import record
from workbench.runs.models import Metric, Run


def _run(value: float, *, status: str = "succeeded", error: str | None = None) -> Run:
    metrics = [
        Metric(name="page_of_plain", value=value, unit="×", budget=0.4),
        Metric(name="rows", value=7.0),
    ]
    return Run(notebook="load_test", status=status, error=error, metrics=metrics)


def test_a_missed_budget_names_metric_budget_and_the_last_good_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest good run counts, and a run within its budgets is no complaint."""
    monkeypatch.setenv(record.VARIABLE, str(tmp_path / "record.jsonl"))
    monkeypatch.setenv(record.COMMIT, "0123456789abcdef")
    over = "load_test: page_of_plain is 0.5 ×, at most 0.4 "
    assert record.complaint(_run(0.5)) == over + "(no good run is on record)"

    for value in (0.1, 0.35):
        assert record.complaint(_run(value)) is None
        record.keep(_run(value))

    said = record.complaint(_run(0.5)) or ""
    assert said.startswith(over + "(the last good run of 0123456789, ")
    assert said.endswith(" UTC, had 0.35)")
    ended = record.complaint(_run(0.5, status="failed", error="OverBudget: too slow")) or ""
    assert ended.startswith("load_test: it ended as failed: OverBudget: too slow; page_of_plain")


def test_without_a_record_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's tests write no file of their own."""
    monkeypatch.delenv(record.VARIABLE, raising=False)
    record.keep(_run(0.1))
    assert "no good run is on record" in (record.complaint(_run(0.5)) or "")
