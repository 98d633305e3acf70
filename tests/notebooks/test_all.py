"""Every notebook of the shelf, with its defaults, through the real kernel, for real tenants."""

import ast
from dataclasses import replace

import nbformat
import pytest

from tests.conftest import MakeActor
from tests.support import flights
from tests.support.bench import bench
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.notebooks import Notebook, Shelf
from workbench.permissions import Role
from workbench.settings import ROOT
from workbench.tenants.models import Tenant

__all__ = ["bench"]
SHELF = Shelf(ROOT / "notebooks")
NOTEBOOKS = SHELF.all()
# Defaults that take minutes are made small; budgets of time have no meaning then, and are not set.
SMALL = {"load_test": {"rows": 2_000, "read_rows": 3_000, "rounds": 1, "seconds": 1}}
every_notebook = pytest.mark.parametrize(
    "notebook", NOTEBOOKS, ids=[notebook.name for notebook in NOTEBOOKS]
)


@pytest.fixture
def shelf_bench(bench: Bench) -> Bench:
    """The bench with the real shelf."""
    return replace(bench, parts=replace(bench.parts, shelf=SHELF), folder=SHELF.folder)


@every_notebook
class TestEvery:
    """What holds for every notebook."""

    def test_its_parameters_cell_names_what_its_schema_names(self, notebook: Notebook) -> None:
        """A cell tagged `parameters` assigns each parameter its default, and nothing else."""
        cells = nbformat.read(notebook.path, as_version=4).cells
        (cell,) = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
        assigned = {
            ast.unparse(statement.targets[0]): ast.literal_eval(statement.value)
            for statement in ast.parse(cell.source).body
            if isinstance(statement, ast.Assign)
        }

        assert assigned == notebook.defaults()

    def test_its_functions_are_short(self, notebook: Notebook) -> None:
        """A function of a notebook takes at most ten lines, and its docstring one more."""
        cells = nbformat.read(notebook.path, as_version=4).cells
        source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]

        assert {f.name: len(f.body) for f in functions if (f.end_lineno or 0) - f.lineno > 11} == {}

    async def test_it_runs_with_its_defaults(
        self, notebook: Notebook, shelf_bench: Bench, make_actor: MakeActor, tenant: Tenant
    ) -> None:
        """A tenant with 32 rows gets its report; what would take minutes, a small one."""
        actor = await make_actor(tenant, Role.ENGINEER if notebook.sandbox else Role.ANALYST)
        await flights.load(shelf_bench.parts.database, tenant.id, "OO")

        small = SMALL.get(notebook.name, {})
        run = await shelf_bench.execute(await shelf_bench.order(actor, notebook.name, **small))

        assert (run.status, run.error) == ("succeeded", None)
        assert run.progress == 1.0
        assert all(m.budget is None or m.value <= m.budget for m in run.metrics)


class TestTenantReport:
    """The report of a tenant's flights."""

    async def test_it_says_so_when_no_flight_matches(
        self, shelf_bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """A range of months that is empty gives sentences instead of figures, and succeeds."""
        await flights.load(shelf_bench.parts.database, tenant.id, "OO")

        run = await shelf_bench.execute(
            await shelf_bench.order(actor, "tenant_report", first_month=5, last_month=2)
        )

        assert (run.status, run.error) == ("succeeded", None)
        report = shelf_bench.text(run, "report.html")
        assert "No flight matches" in report
        assert "<img" not in report

    async def test_it_shows_figures_where_there_are_flights(
        self, shelf_bench: Bench, actor: Actor, tenant: Tenant
    ) -> None:
        """A large carrier's report holds figures, counts and nothing to fetch."""
        count = await flights.load(shelf_bench.parts.database, tenant.id, "UA")

        run = await shelf_bench.execute(await shelf_bench.order(actor, "tenant_report"))

        report = shelf_bench.text(run, "report.html")
        assert report.count('src="data:image/png;base64,') == 3
        assert [m.value for m in run.metrics if m.name == "rows_read"] == [count]
        assert "://" not in report
        assert "<script" not in report
