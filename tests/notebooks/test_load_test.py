"""The load test as a notebook: every figure, counts that agree, and budgets that can be missed.

With few rows no budget of time is set: the start of each way outweighs its rows then. What holds at
any size is asserted: counts agree (the run fails otherwise) and memory stays below its budget.
"""

from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from dashboards.flights.figures import ON_TIME
from dashboards.flights.state import Choice
from dashboards.flights.store import Store
from dashboards.visits import House, Screen, Visit
from tests.notebooks.shelf import assert_it_says_the_same, bench, shelf, succeeded
from tests.support import flights
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.bench import aggregates, figures, imports, shelve, summary
from workbench.bench.figures import Figure, Plan
from workbench.bench.measuring import Measured
from workbench.bench.timing import Times, in_turn
from workbench.datasets.answers import Answer, Answers
from workbench.datasets.models import Dataset
from workbench.datasets.schemas import Aggregation
from workbench.db.session import Database
from workbench.errors import Conflict
from workbench.tenants.models import Tenant

__all__ = ["bench", "shelf"]
NAME = "load_test"
# Budgets of time have no meaning then, and are not set.
SMALL = {"rows": 2_000, "read_rows": 3_000, "rounds": 1, "seconds": 0.2}
BUDGETS = {
    "import_of_copy": 2.0,
    "import_of_pandas": 0.25,
    "import_of_superset": 0.02,
    "import_memory": 400,
    "frame_of_adbc": 1.15,
    "frame_of_pandas": pytest.approx(1 / 4.5),
    "aggregates_of_direct": 1.3,
    "aggregate_kept": 5.0,
    "export_of_copy": pytest.approx(1 / 0.6),
    "export_memory_csv": 1.15,
    "export_memory_parquet": 1.15,
    "export_memory_arrow": 1.15,
    "page_of_plain": 0.4,
    "page_tail": 5.0,
    "page_deep": 1.2,
}


@pytest.mark.acts_as("engineer")
async def test_a_small_one_measures_everything_and_says_the_same_twice(
    shelf: Bench, actor: Actor, tmp_path: Path
) -> None:
    """All figures are there, and the cells that do not tell times say the same again."""
    run = await succeeded(shelf, actor, NAME, **SMALL)

    found = {metric.name: metric for metric in run.metrics}
    assert found.keys() > BUDGETS.keys()
    assert all(metric.value > 0 for metric in run.metrics)
    # Memory is bounded at any size; every other budget is about time.
    assert [m.name for m in run.metrics if m.budget is not None] == ["import_memory"]
    assert found["import_memory"].value <= 400
    report = shelf.text(run, "report.html")
    assert "No verdict: 2,000 rows are too few." in report
    assert "://" not in report
    times = shelf.text(run, "times.csv").splitlines()
    assert times[0] == ",section,way,round,seconds"
    said, changed = "2,000 rows are too few", "9 rows are too few"
    await assert_it_says_the_same(shelf, actor, run, tmp_path, said=said, changed=changed)


class TestBudgets:
    """What is promised, and when a promise can be judged."""

    def test_enough_rows_have_budgets_and_few_have_none(self) -> None:
        """A ratio is compared with its budget from 100,000 rows on, imported and read."""
        enough, few = Plan(100_000, 100_000, 1, 1), Plan(100_000, 99_999, 1, 1)
        parts = {"ours": 3.0, "theirs": 1.0, "budget": 2.0}
        assert enough.ratio("import", "a", "A", **parts).is_over
        assert not enough.ratio("import", "a", "A", **parts | {"ours": 2.0}).is_over
        assert few.ratio("import", "a", "A", **parts).budget is None

    def test_the_verdict_names_what_is_missed(self) -> None:
        """One sentence says how many budgets are missed, and which, with both numbers."""
        over = Figure(imports.SECTION, "import_of_copy", "Import", 3.5, "×", 2.0)
        kept = Figure(imports.SECTION, "import_memory", "Memory", 12, "MB", 400)
        measured = Measured(
            Plan(100_000, 336_776, 5, 2), [over, kept], {}, "18", "1", cores=2, load=0.5
        )
        said = summary.verdict(measured).replace(summary.SPACE, " ")
        assert said.startswith("**1 of 2 budgets are missed.** Medians of 5 rounds")
        assert said.endswith("* Import: 3.50 ×, at most 2.00 ×")
        assert f"over{summary.SPACE}budget" in summary.figures(measured, imports.SECTION).to_html()
        fine = replace(measured, figures=[kept])
        assert summary.verdict(fine).startswith("**All 1 budgets are met.**")

    async def test_every_way_is_taken_in_turn(self) -> None:
        """A round takes each way once; rounds that warm up do not count."""
        taken: list[str] = []

        async def way(name: str) -> None:
            taken.append(name)

        times = await in_turn({"a": lambda: way("a"), "b": lambda: way("b")}, 2)

        assert taken == ["a", "b"] * 3
        assert [len(each.seconds) for each in times.values()] == [2, 2]
        assert Times((3.0, 1.0, 2.0)).median == Times((3.0, 1.0, 2.0)).quantile(0.5) == 2.0


class TestShelve:
    """How the shelf keeps what a run showed."""

    def test_outputs_come_and_nothing_else(self) -> None:
        """Pictures and tables stay; text that stands for them, times and metadata do not."""
        shelved, executed = _notebook(), _notebook()
        executed.cells.insert(0, nbformat.v4.new_code_cell("rows = 5"))
        executed.cells[0].metadata["tags"] = [shelve.INJECTED]
        data = {"text/html": "<p>1</p>", "text/plain": "<Styler at 0x7f>"}
        executed.cells[1].outputs = [nbformat.v4.new_output("execute_result", data)]
        executed.cells[1].metadata["papermill"] = {"duration": 1}

        (cell,) = shelve.kept(shelved, executed).cells

        assert cell.outputs[0].data == {"text/html": "<p>1</p>"}
        assert (cell.execution_count, cell.metadata) == (1, {})

    def test_another_notebook_is_refused(self) -> None:
        """Outputs of other cells than those on the shelf are not theirs."""
        other = _notebook()
        other.cells[0].source = "other"
        with pytest.raises(Conflict):
            shelve.kept(_notebook(), other)


def _notebook() -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell("figures()")
    made: nbformat.NotebookNode = nbformat.v4.new_notebook(cells=[cell])
    return made


class Listening(Answers):
    """Answers that remember what they were asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Aggregation] = []

    async def answer(
        self,
        session: AsyncSession,
        actor: Actor,
        dataset: Dataset,
        question: Aggregation,
        *,
        is_fresh: bool = False,
    ) -> Answer:
        """Note the question and answer it."""
        self.asked.append(question)
        return await super().answer(session, actor, dataset, question, is_fresh=is_fresh)


async def test_the_aggregates_are_the_dashboards(
    database: Database, actor: Actor, tenant: Tenant, tmp_path: Path
) -> None:
    """What is measured is what the dashboard of flights asks when nothing is chosen."""
    await flights.load(database, tenant.id, "OO")
    listening = Listening()

    await Store(Visit(actor, House(database, tmp_path, listening), Screen())).figures(Choice())

    def texts(questions: list[Aggregation]) -> list[str]:
        return sorted(question.model_dump_json() for question in questions)

    assert texts(listening.asked) == texts([*aggregates.QUESTIONS.values()])
    assert ON_TIME == 15
    assert figures.LEAST_ROWS == 100_000
