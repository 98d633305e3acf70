"""The record of good runs of the shelf, so that a missed budget can tell what was measured before.

WORKBENCH_TEST_RECORD names a file, which CI keeps from one good execution to the next; without it
nothing is remembered. A line is a run that came to its end within its budgets.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.runs.models import Metric, Run

VARIABLE, COMMIT = "WORKBENCH_TEST_RECORD", "GITHUB_SHA"


def complaint(run: Run) -> str | None:
    """What is wrong with a run: how it ended, and each missed budget with the last good run."""
    over = [m for m in run.metrics if m.budget is not None and m.value > m.budget]
    said = [f"{m.name} is {_figure(m)}, at most {m.budget:g} ({_before(run, m)})" for m in over]
    if run.status != "succeeded":
        said.insert(0, f"it ended as {run.status}: {run.error}")
    return f"{run.notebook}: {'; '.join(said)}" if said else None


def keep(run: Run) -> None:
    """Remember a good run."""
    path = os.environ.get(VARIABLE)
    if path is None:
        return
    line = {
        "notebook": run.notebook,
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": os.environ.get(COMMIT, "")[:10],
        "metrics": {metric.name: metric.value for metric in run.metrics},
    }
    with Path(path).open("a") as file:
        file.write(json.dumps(line) + "\n")


def _before(run: Run, metric: Metric) -> str:
    good = [
        line
        for line in _lines()
        if line["notebook"] == run.notebook and metric.name in line["metrics"]
    ]
    if not good:
        return "no good run is on record"
    last = good[-1]
    commit = f" of {last['commit']}" if last["commit"] else ""
    return f"the last good run{commit}, {last['at']}, had {last['metrics'][metric.name]:.3g}"


def _lines() -> list[dict[str, Any]]:
    path = Path(os.environ.get(VARIABLE) or os.devnull)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _figure(metric: Metric) -> str:
    return f"{metric.value:.3g} {metric.unit or ''}".strip()
