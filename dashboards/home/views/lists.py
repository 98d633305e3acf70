"""Datasets and runs as lists, each with a next step when it is empty."""

from collections.abc import Sequence

from dashboards.components.face import Face
from dashboards.home.store import Known, Ran

REPORT = "/api/v1/runs/{id}/report"
DASHBOARDS = {"flights": "/dashboards/flights"}
STATUS = {
    "queued": "Waiting",
    "running": "Running",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "timed_out": "Took too long",
    "skipped": "Skipped",
}


class Lists:
    """What is here, and what ran last."""

    def __init__(self) -> None:
        """Show that both lists are on their way."""
        self._datasets = Face("datasets", is_loading=True, datasets=[], dashboards=DASHBOARDS)
        self._runs = Face("runs", is_loading=True, runs=[], status=STATUS, report=REPORT)
        self.datasets, self.runs = self._datasets.pane, self._runs.pane

    def show_datasets(self, datasets: Sequence[Known]) -> None:
        """Show the datasets."""
        self._datasets.show(is_loading=False, datasets=datasets, dashboards=DASHBOARDS)

    def show_runs(self, runs: Sequence[Ran]) -> None:
        """Show the last runs."""
        self._runs.show(is_loading=False, runs=runs, status=STATUS, report=REPORT)
