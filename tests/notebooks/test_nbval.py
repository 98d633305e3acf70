"""nbval: a notebook that is executed again, cell by cell, says again what it said."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.support import flights
from tests.support.bench import bench
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.notebooks import Shelf
from workbench.runs import tickets
from workbench.settings import ROOT
from workbench.tenants.models import Tenant
from workbench.worker import ticketing

__all__ = ["bench"]
SANITISE = Path(__file__).with_name("sanitise.cfg")


async def test_the_tenant_report_says_the_same_twice(
    bench: Bench, actor: Actor, tenant: Tenant, tmp_path: Path
) -> None:
    """The figures of a stored run come out again; a changed figure does not pass."""
    shelf = Shelf(ROOT / "notebooks")
    runs = replace(bench, parts=replace(bench.parts, shelf=shelf), folder=shelf.folder)
    await flights.load(runs.parts.database, tenant.id, "OO")
    run = await runs.execute(await runs.order(actor, "tenant_report"))
    executed = runs.text(run, "notebook.ipynb")
    async with runs.parts.database.session(actor) as session:
        ticket = await ticketing.issue(runs.parts, session, actor, timedelta(minutes=5))
    ticket.write(tmp_path / "ticket.json")
    (tmp_path / "true.ipynb").write_text(executed)
    (tmp_path / "false.ipynb").write_text(executed.replace(">32<", ">33<"))

    assert ">32<" in executed
    true, false = (nbval(tmp_path, f"{name}.ipynb") for name in ("true", "false"))

    assert true.returncode == 0, true.stdout
    assert false.returncode == 1
    assert "Cell outputs differ" in false.stdout


def nbval(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Execute a notebook again, with the ticket of its folder, and compare what it says."""
    command = (
        *(sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"),
        *("--nbval-sanitize-with", str(SANITISE), "-p", "no:randomly", "-p", "no:cacheprovider"),
        *("-c", os.devnull, "--rootdir", str(folder), str(folder / name)),
    )
    # Not traced: the notebook's own code is no part of the coverage, and takes three times as long.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment = plain | {tickets.VARIABLE: str(folder / "ticket.json"), "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
