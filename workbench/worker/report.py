"""The report: an executed notebook as one page that fetches nothing and runs nothing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any

import jinja2
import nbformat
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from workbench.runs.schemas import MetricMessage, Status
from workbench.worker import marks, sanitise
from workbench.worker.marks import Mark
from workbench.worker.outcome import Outcome

FOLDER = Path(__file__).parent
SIZES = ("width", "height")
LOCK = Lock()  # the exporter fills one notebook at a time
LARGE = 1000  # from here on, nobody reads what stands behind the point
NONE: Mapping[str, str] = MappingProxyType({})
WORDS = {
    Status.SUCCEEDED: "Succeeded",
    Status.FAILED: "Failed",
    Status.TIMED_OUT: "Took too long",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a report says about itself; parameters by the titles that people read."""

    title: str
    tenant: str
    parameters: dict[str, Any]
    started_at: datetime | None


def html(
    notebook: NotebookNode,
    facts: Facts,
    outcome: Outcome,
    metrics: Iterable[MetricMessage] = (),
    unkept: Mapping[str, str] = NONE,
) -> str:
    """Write the page; outputs are sanitised, code is left out, metrics stand at the end.

    A metric over its budget is said before everything else, and so is a file that was published
    and not kept, with the reason.
    """
    kept = list(metrics)
    # Code is left out, so a cell that shows nothing is left out too.
    cells = [_plain(cell) for cell in _noted(notebook.cells) if _is_shown(cell)]
    shown = nbformat.v4.new_notebook(cells=cells)
    with LOCK:
        body, _ = _exporter().from_notebook_node(shown)
    page = _page()
    return page.render(
        facts=facts,
        outcome=outcome,
        status=WORDS[outcome.status],
        metrics=kept,
        unkept=unkept,
        over=[each for each in kept if _is_over(each)],
        is_over=_is_over,
        number=_number,
        style=Markup(_file("report.css")),  # noqa: S704 (a file of ours)
        body=Markup(body),  # noqa: S704 (sanitised above)
    )


@cache
def _exporter() -> HTMLExporter:
    """The exporter, made once: its templates take ten times as long to compile as to fill."""
    return HTMLExporter(
        template_name="basic",
        sanitize_html=True,
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        filters={"clean_html": sanitise.clean},
    )


@cache
def _page() -> jinja2.Template:
    return jinja2.Environment(autoescape=True).from_string(_file("report.html.j2"))


def _noted(cells: list[NotebookNode]) -> Iterator[NotebookNode]:
    """The cells, with a word where one did not come to its end and where nothing ran any more."""
    found = [marks.read(cell) for cell in cells]
    count, left = len(found) - found.count(None), found.count(Mark.UNRUN)
    for at, (cell, found_mark) in enumerate(zip(cells, found, strict=True)):
        place = at + 1 - found[: at + 1].count(None)
        if found_mark == Mark.UNRUN and Mark.UNRUN not in found[:at]:
            yield _said(f"From here on nothing was executed: {left} of {count} cells.")
        yield cell
        if found_mark == Mark.FAILED:
            yield _said(f"Cell {place} of {count} did not come to its end.")


def _said(words: str) -> Any:
    return nbformat.v4.new_markdown_cell(f"**{words}**")


def _is_over(metric: MetricMessage) -> bool:
    return metric.budget is not None and metric.value > metric.budget


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= LARGE else f"{value:,.3g}"


def _is_shown(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" or bool(_outputs(cell))


def _outputs(cell: NotebookNode) -> list[NotebookNode]:
    # Warnings are for who mends the notebook, and stay in its executed file.
    return [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]


def _plain(cell: NotebookNode) -> Any:
    if cell.cell_type == "markdown":
        return nbformat.v4.new_markdown_cell(cell.source)
    return nbformat.v4.new_code_cell("", outputs=[_output(output) for output in _outputs(cell)])


def _output(output: NotebookNode) -> Any:
    """The output without metadata, which the template would write into tags, but for sizes."""
    if "data" not in output:
        return output
    given = output.get("metadata", {}).get("image/png", {})
    sizes = {name: given[name] for name in SIZES if isinstance(given.get(name), int)}
    return nbformat.v4.new_output("display_data", output.data, metadata={"image/png": sizes})


def _file(name: str) -> str:
    return (FOLDER / name).read_text()
