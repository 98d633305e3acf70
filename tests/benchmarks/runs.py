"""What a run takes from the order to `succeeded`, against papermill in the same process.

A worker with one warm kernel works in this process, with the queue, the policies, the report and
all. papermill starts a cold kernel, as it always does, and keeps its file. Both take turns, medians
are compared, and a turn begins when the next warm kernel has done its imports. With
`--scheduler PYTHON`, a Python that has jupyter-scheduler installed, that takes turns as well.
"""

import argparse
import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
import structlog
from papermill.execute import execute_notebook

from tests.support import people
from workbench.actor import Actor
from workbench.db import connect
from workbench.events.ears import Ear, Ears
from workbench.notebooks import Shelf
from workbench.permissions import Role
from workbench.runs import commands, queries
from workbench.settings import Settings
from workbench.worker import loop, warm
from workbench.worker import parts as parts_
from workbench.worker.parts import Parts

ROUNDS = 12
FIRST_MS = 150
FASTER = 10  # than jupyter-scheduler
IDLE_MB = 350
QUIET_LOOKS = 2  # one after the other
QUIET_SECONDS = 0.02  # of the processor between two looks
CASES = {
    "trivial": ("1 + 1", 0.30),
    "pandas": ("import pandas as pd\npd.DataFrame({'a': [1]})", 0.25),
}
Job = Callable[[str], Awaitable[float]]
KERNELSPEC = {"name": "python3", "language": "python", "display_name": "Python 3"}


def main() -> int:
    """Measure, print a line for each notebook, and answer 1 when one is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scheduler", metavar="PYTHON")
    python = parser.parse_args().scheduler
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder) / "home", warm_kernels=1)
        shelf = Path(folder) / "shelf"
        shelf.mkdir()
        for name, (cell, _) in CASES.items():
            _put(shelf, name, cell)
        with connect.server(settings):
            connect.migrate(settings)
            is_large = asyncio.run(_idle(settings))
            return int(asyncio.run(_measured(settings, shelf, python)) or is_large)


def _put(shelf: Path, name: str, cell: str) -> None:
    contract = {"title": name, "permissions": []}
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": KERNELSPEC, "workbench": contract},
        cells=[nbformat.v4.new_code_cell(each) for each in ("pass", cell)],
    )
    notebook.cells[0].metadata["tags"] = ["parameters"]
    (shelf / f"{name}.ipynb").write_text(nbformat.writes(notebook))


async def _measured(settings: Settings, shelf: Path, python: str | None) -> bool:
    parts = replace(parts_.make(settings), shelf=Shelf(shelf))
    tenant = await people.make_tenant(parts.database)
    actor = await people.make_actor(parts.database, tenant.id, Role.ANALYST)
    stop = asyncio.Event()
    work = asyncio.create_task(loop.work(parts, stop))
    over = False
    try:
        async with _jobs(python, shelf) as job:
            for name in CASES:
                over |= await _compared(parts, actor, shelf, name, job)
    finally:
        stop.set()
        await work
        await parts.database.close()
    return over


async def _compared(parts: Parts, actor: Actor, shelf: Path, name: str, job: Job | None) -> bool:
    ours, firsts, theirs, jobs = [], [], [], []
    ears = Ears(parts.database)
    with ears.opened(actor) as ear:
        for _ in range(ROUNDS):
            await _rest()
            first, whole = await _run(parts, actor, ear, name)
            ours.append(whole)
            firsts.append(first)
            await _rest()
            theirs.append(await _papermill(shelf, name))
            if job is not None:
                jobs.append(await job(name))
    await ears.close()
    run, first, plain = (statistics.median(times[1:]) for times in (ours, firsts, theirs))
    budget = CASES[name][1]
    sys.stdout.write(
        f"{name:<10} run {run * 1e3:>6.0f} ms, papermill {plain * 1e3:>6.0f} ms, "
        f"ratio {run / plain:.3f}, budget {budget}; "
        f"first progress {first * 1e3:.0f} ms, budget {FIRST_MS}\n"
    )
    is_slow = run / plain > budget or first * 1e3 > FIRST_MS
    if job is None:
        return is_slow
    faster = statistics.median(jobs[1:]) / run
    sys.stdout.write(
        f"{name:<10} jupyter-scheduler {statistics.median(jobs[1:]) * 1e3:>6.0f} ms, "
        f"{faster:.1f} times as long, budget {FASTER}\n"
    )
    return is_slow or faster < FASTER


@asynccontextmanager
async def _jobs(python: str | None, shelf: Path) -> AsyncIterator[Job | None]:
    """What executes a notebook as a job of jupyter-scheduler, and answers the seconds."""
    if python is None:
        sys.stdout.write("jupyter-scheduler is not compared: name a Python by --scheduler\n")
        yield None
        return
    script = Path(__file__).with_name("scheduler.py")
    process = await asyncio.create_subprocess_exec(
        *(python, "-I", str(script), str(shelf)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told, answered = process.stdin, process.stdout

    async def job(name: str) -> float:
        told.write(f"{name}.ipynb\n".encode())
        return float(await answered.readline())

    try:
        yield job
    finally:
        told.close()
        await process.wait()


async def _run(parts: Parts, actor: Actor, ear: Ear, name: str) -> tuple[float, float]:
    """Order a run; how long it takes until its first progress is heard of, and until its end."""
    begin, first = time.perf_counter(), None
    async with parts.database.session(actor) as session:
        run = await commands.start(session, actor, parts.shelf.named(name), {})
    while True:
        await ear.wait(0, 1)
        async with parts.database.session(actor) as session:
            seen = (await session.scalars(queries.some(actor, [run.id]))).one()
        now = time.perf_counter() - begin
        if first is None and seen.cells is not None:
            first = now
        if seen.status == "succeeded":
            return first or now, now
        if seen.status not in {"queued", "running"}:
            message = f"the run has {seen.status}"
            raise RuntimeError(message)


async def _papermill(shelf: Path, name: str) -> float:
    source, target = shelf / f"{name}.ipynb", shelf.parent / "out.ipynb"
    begin = time.perf_counter()
    await asyncio.to_thread(execute_notebook, source, target, progress_bar=False)
    return time.perf_counter() - begin


async def _rest(worker: psutil.Process | None = None) -> None:
    """Wait until a worker's warm kernels have done their imports and do nothing."""
    await asyncio.sleep(1)
    quiet = 0
    while quiet < QUIET_LOOKS:
        used = _seconds(worker)
        await asyncio.sleep(0.3)
        quiet = quiet + 1 if _seconds(worker) - used < QUIET_SECONDS else 0


def _kernels(worker: psutil.Process | None = None) -> list[psutil.Process]:
    children = (worker or psutil.Process()).children()
    return [process for process in children if warm.MODULE in process.cmdline()]


def _seconds(worker: psutil.Process | None) -> float:
    """What the kernels have used of the processor, or what no kernel ever could while none is."""
    used = 0.0
    with suppress(psutil.Error):
        for process in _kernels(worker):
            times = process.cpu_times()
            used += times.user + times.system
    return used


async def _idle(settings: Settings) -> bool:
    """What a worker of its own and its warm kernel hold in memory, shared pages shared out."""
    code = (
        "import asyncio; from workbench.worker import loop; "
        "from workbench.settings import Settings; "
        f"asyncio.run(loop.serve(Settings(_env_file=None, home={str(settings.home)!r})))"
    )
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code), stdout=asyncio.subprocess.DEVNULL
    )
    seen = psutil.Process(worker.pid)
    while not _kernels(seen):
        await asyncio.sleep(0.3)
    await _rest(seen)
    held = [process.memory_full_info().pss / 1024**2 for process in (seen, *_kernels(seen))]
    worker.terminate()
    await worker.wait()
    sys.stdout.write(
        f"idle worker {held[0]:.0f} MB + warm kernel {held[1]:.0f} MB, budget {IDLE_MB} MB\n"
    )
    return bool(sum(held) > IDLE_MB)


if __name__ == "__main__":
    sys.exit(main())
