"""What real runs leave is compared, printed, and says what was executed."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import chromium
from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.notebooks import Shelf
from workbench.runs import comparing, reports
from workbench.runs.cells import Change
from workbench.runs.printing import Printer
from workbench.worker import versions

CELLS = (
    "top = 3",
    "from workbench import lab\nrun = lab.open_run()",
    "run.metric('seconds', top, unit='s', budget=4)\nrun.publish('sample', {'top': top})",
    "import pandas as pd\npd.DataFrame({'n': range(top)})",
    "object()",
    "print('the same')",
)


async def test_two_real_runs_are_compared(bench: Bench, actor: Actor) -> None:
    """Only the cell whose output depends on the parameter differs; the report becomes PDF."""
    bench.put("left", *CELLS, parameters={"top": {"type": "integer", "default": 3}})
    runs = [await bench.execute(await bench.order(actor, "left", top=top)) for top in (3, 6)]
    assert [run.status for run in runs] == ["succeeded"] * 2
    file = (bench.parts.shelf.folder / "left.ipynb").read_bytes()
    for run in runs:
        assert (run.commit, run.notebook_hash) == (None, hashlib.sha256(file).hexdigest())

    parts = bench.parts
    async with parts.database.session(actor) as session:
        ids = [run.id for run in runs]
        found = await comparing.compare(session, actor, parts.storage, *ids)
        key = await reports.to_print(session, actor, ids[0])
    [parameter] = found.parameters
    assert (parameter.name, parameter.value, parameter.other) == ("top", 3, 6)
    [metric] = found.metrics
    assert (metric.ratio, metric.crossed) == (2.0, "exceeded")
    [cell] = found.cells
    assert (cell.change, cell.diff[-3:]) == (Change.OUTPUT, ["+3  3", "+4  4", "+5  5"])
    made = await Printer(chromium.needed()).pdf(reports.read(parts.storage, key))
    assert made.startswith(b"%PDF")


def test_a_checkout_tells_its_commit(tmp_path: Path) -> None:
    """Its commit, and whether files differ from it; a folder inside another checkout has none."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("no git found")

    def do(folder: Path, *words: str) -> str:
        told = ["-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.example"]
        done = subprocess.run([git, *told, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    found = []
    for name in ("clean", "changed"):
        folder = tmp_path / name
        (folder / "notebooks").mkdir(parents=True)
        do(folder, "init", "-q")
        (folder / "notebooks" / "count.ipynb").write_text("{}")
        do(folder, "add", ".")
        do(folder, "commit", "-q", "-m", "one")
        if name == "changed":
            (folder / "notebooks" / "count.ipynb").write_text("{ }")
        commit = do(folder, "rev-parse", "HEAD")
        version = versions.of(Shelf(folder / "notebooks"), "count")
        found.append((version.commit or "").replace(commit, "HEAD"))
        assert versions.of(Shelf(folder / "notebooks"), "nothing").notebook_hash is None
        inner = folder / "inner" / "notebooks"
        inner.mkdir(parents=True)
        assert versions.of(Shelf(inner), "count") == (None, None)
    assert found == ["HEAD", "HEAD-dirty"]
