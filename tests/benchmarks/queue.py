"""How long a full queue takes, against the time that its kernels alone would need.

So many runs of a trivial notebook wait when a worker begins; it ends when the last has succeeded,
and every one must have, at its first attempt. Kernels alone: warm ones, as many at once as the
worker has hands, started with their imports, asked for `1 + 1` and ended, without database, queue,
ticket or report. A part is measured before the worker and one after it, for a busy machine is slow
for both. `--jobs 40` takes fewer.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import nbformat
import structlog
from jupyter_client.asynchronous.client import AsyncKernelClient
from sqlalchemy import text

from tests.support import people
from workbench.actor import Actor
from workbench.db import connect
from workbench.notebooks import Shelf
from workbench.permissions import Role
from workbench.runs import commands
from workbench.settings import Settings
from workbench.worker import loop
from workbench.worker import parts as parts_
from workbench.worker.parts import Parts
from workbench.worker.tasks import Share
from workbench.worker.warm import start

JOBS = 500
HANDS = 4
BUDGET = 1.25
SAMPLE = 12  # kernels alone, before and after
CELL = "1 + 1"
KERNELSPEC = {"name": "python3", "language": "python", "display_name": "Python 3"}
STATES = text("select status, attempt from runs")


def main() -> int:
    """Measure, print what it took, and answer 1 when a run was lost or it took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS)
    jobs = parser.parse_args().jobs
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder) / "home", runs_at_once=HANDS)
        shelf = Path(folder) / "shelf"
        shelf.mkdir()
        _put(shelf)
        with connect.server(settings):
            connect.migrate(settings)
            return int(asyncio.run(_measured(settings, shelf, jobs)))


def _put(shelf: Path) -> None:
    contract = {"title": "Trivial", "permissions": []}
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": KERNELSPEC, "workbench": contract},
        cells=[nbformat.v4.new_code_cell(each) for each in ("pass", CELL)],
    )
    notebook.cells[0].metadata["tags"] = ["parameters"]
    (shelf / "trivial.ipynb").write_text(nbformat.writes(notebook))


async def _measured(settings: Settings, shelf: Path, jobs: int) -> bool:
    parts = replace(parts_.make(settings), shelf=Shelf(shelf))
    tenant = await people.make_tenant(parts.database)
    actor = await people.make_actor(parts.database, tenant.id, Role.ANALYST)
    for _ in range(jobs):
        async with parts.database.session(actor) as session:
            await commands.start(session, actor, parts.shelf.named("trivial"), {})
    before = await _kernels(parts, SAMPLE)
    took, states = await _worked(parts, actor, jobs)
    alone = (before + await _kernels(parts, SAMPLE)) / (2 * SAMPLE) * jobs
    await parts.database.close()
    lost = jobs - states["succeeded", 1]
    sys.stdout.write(
        f"{jobs} runs, {HANDS} at once: {took:.1f} s, kernels alone {alone:.1f} s, "
        f"ratio {took / alone:.2f}, budget {BUDGET}; not succeeded at once: {lost}\n"
    )
    return lost > 0 or took / alone > BUDGET


async def _worked(parts: Parts, actor: Actor, jobs: int) -> tuple[float, Counter[tuple[str, int]]]:
    stop = asyncio.Event()
    begin = time.perf_counter()
    work = asyncio.create_task(loop.work(parts, stop, Share(concurrency=HANDS)))
    states: Counter[tuple[str, int]] = Counter()
    try:
        while sum(n for (status, _), n in states.items() if status == "succeeded") < jobs:
            await asyncio.sleep(0.2)
            async with parts.database.session(actor) as session:
                rows = await session.execute(STATES)
                states = Counter((row.status, row.attempt) for row in rows)
            if not any(status in {"queued", "running"} for status, _ in states):
                break
        return time.perf_counter() - begin, states
    finally:
        stop.set()
        await work


async def _kernels(parts: Parts, count: int) -> float:
    """Start so many kernels, as many at once as there are hands; the seconds that it takes."""
    free = asyncio.Semaphore(HANDS)

    async def one() -> None:
        async with free:
            warm = await asyncio.to_thread(lambda: start(parts.place()))
            client = AsyncKernelClient()
            client.load_connection_info(cast("Any", warm.info))
            client.start_channels()
            try:
                await client.execute(CELL, reply=True, timeout=60)
            finally:
                client.stop_channels()
                await asyncio.to_thread(warm.discard)

    begin = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(count)))
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
