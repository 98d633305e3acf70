"""What a run left: its report, its figures with their verdicts, its parameters and its files."""

from typing import Any

import panel as pn

from dashboards.components import layout
from dashboards.components.face import Face
from dashboards.components.report_frame import ReportFrame
from dashboards.runs.store.running import NOTEBOOK, REPORT, Measured, Seen
from dashboards.runs.views import words
from dashboards.runs.views.watching import FILE

MOST = 10  # figures that are shown at once; those with a budget come first
ADDRESS = "/api/v1/runs/{id}/report"
COLUMNS = """
:host {
  display: grid !important;
  grid-template-columns: minmax(0, 1fr) 340px;
  gap: 20px;
  align-items: start;
}
@media (max-width: 1000px) { :host { display: flex !important; gap: 14px; } }
"""
MISSING = {
    "failed": "It failed before it could write a report.",
    "timed_out": "It was ended before it could write a report.",
    "cancelled": "It was cancelled, and has left no report.",
}


class Reading:
    """The report, and beside it what was measured, given and kept."""

    def __init__(self) -> None:
        """Make an empty place for what a run left."""
        self._frame = ReportFrame(sizing_mode="stretch_width", is_loading=True)
        self._head = Face("run_report", address="")
        self._figures = Face("run_metrics", is_loading=True, metrics=[], is_live=False)
        self._given = Face("run_parameters", parameters={})
        self._files = Face("run_files", files=[], is_live=False)
        side = layout.stack(self._figures.pane, self._files.pane, self._given.pane)
        report = layout.card(self._head.pane, self._frame)
        report.stylesheets = [*report.stylesheets, ":host { gap: 12px; padding-bottom: 18px; }"]
        self.pane: pn.Column = layout.column(report, side, css=COLUMNS)

    def tell(self, run: Seen) -> None:
        """Show what a run has left so far."""
        address = ADDRESS.format(id=run.id) if run.has_report and not run.is_live else ""
        missing = MISSING.get(run.status, "It has left no report.")
        if run.is_live:
            missing = "The report appears here as soon as the run has ended."
        self._head.show(address=address)
        self._frame.param.update(
            address=address and f"{address}?of={_ended(run)}",  # a run that was repeated loads anew
            title=f"Report of {run.title}",
            missing=missing,
            is_loading=False,
        )
        figures = sorted(run.metrics, key=lambda each: each.budget is None)
        metrics = [_told(each) for each in figures]
        self._figures.show(is_loading=False, metrics=metrics, is_live=run.is_live, most=MOST)
        given = {name: words.value(held) for name, held in run.parameters.items()}
        self._given.show(parameters=given)
        self._files.show(files=_files(run), is_live=run.is_live)


def _ended(run: Seen) -> int:
    return int(run.finished.timestamp()) if run.finished else 0


def _told(metric: Measured) -> dict[str, Any]:
    tones = {None: "", True: "over", False: "kept"}
    return {
        "name": metric.name.replace("_", " "),
        "value": words.figure(metric.value, metric.unit),
        "budget": "" if metric.budget is None else words.figure(metric.budget, metric.unit),
        "verdict": words.verdict(metric.value, metric.budget),
        "tone": tones[metric.is_over],
    }


def _files(run: Seen) -> list[dict[str, str]]:
    return [
        {
            "name": left.name,
            "size": words.size(left.size),
            "address": FILE.format(id=run.id, name=left.name),
        }
        for left in run.artifacts
        if left.name not in {REPORT, NOTEBOOK}
    ]
