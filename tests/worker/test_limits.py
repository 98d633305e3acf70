"""Hogs: a run that uses too much ends with one sentence, and its neighbour goes on."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.worker import outputs

SPAWN = "import subprocess, sys, time\n"
# While lines are counted, 100 MB take longer than a cell may.
pytestmark = pytest.mark.no_cover
HOLD = "held = bytearray(150 << 20); import time; time.sleep(60)"
HOGS: dict[str, tuple[dict[str, Any], str, str]] = {
    "one process that wants much memory": (
        {"kernel_memory": 1 << 30},
        "held = bytearray(3 << 30)",
        (
            "MemoryError (a run may use 1.0 GiB of memory, 256 processes, 4.0 GiB of files; "
            "WORKBENCH_KERNEL_MEMORY says how much memory)"
        ),
    ),
    "several that want it together": (
        {"kernel_memory": 400 << 20},
        (
            f"{SPAWN}for _ in range(4): subprocess.Popen([sys.executable, '-c', {HOLD!r}])\n"
            "time.sleep(60)"
        ),
        "The notebook needs more than 400.0 MiB of memory (WORKBENCH_KERNEL_MEMORY).",
    ),
    "a bomb of processes": (
        {"kernel_processes": 20},
        f"{SPAWN}import os\nfor _ in range(6):\n    os.fork()\ntime.sleep(60)",
        "The notebook started more than 20 processes (WORKBENCH_KERNEL_PROCESSES).",
    ),
    "one that fills the disk": (
        {"kernel_disk": 20 << 20},
        (
            "import time\nfor at in range(5): open(str(at), 'wb').write(bytes(10 << 20))\n"
            "time.sleep(60)"
        ),
        "The notebook wrote more than 20.0 MiB into its folder (WORKBENCH_KERNEL_DISK).",
    ),
    "one that writes a large file where nobody counts": (
        {"kernel_disk": 20 << 20},
        "import tempfile\ntempfile.TemporaryFile(dir='/tmp').write(bytes(30 << 20))",
        "OSError: [Errno 27] File too large",
    ),
}


@pytest.mark.parametrize("hog", HOGS)
async def test_a_hog_is_ended_and_its_neighbour_is_not(
    bench: Bench, actor: Actor, hog: str
) -> None:
    """What goes beyond a limit is killed or refused, and the status says why in one sentence."""
    limits, cell, sentence = HOGS[hog]
    settings = bench.parts.settings.model_copy(update=limits)
    limited = replace(bench, parts=replace(bench.parts, settings=settings))
    bench.put("hog", "pass", cell, "print('after')")
    bench.put("neighbour", "pass", "import time\ntime.sleep(1)\nprint('well')")
    runs = [await bench.order(actor, name) for name in ("hog", "neighbour")]

    ended, neighbour = await asyncio.gather(limited.execute(runs[0]), bench.execute(runs[1]))

    assert (ended.status, ended.error) == ("failed", sentence)
    assert bench.marks(ended) == ["executed", "failed", "unrun"]
    assert (neighbour.status, bench.said(neighbour)) == ("succeeded", "well\n")


async def test_what_a_notebook_declares_counts_where_it_is_less(bench: Bench, actor: Actor) -> None:
    """A limit of the contract ends the run and is named; one above the worker's changes nothing."""
    warm = replace(bench, warm=1)
    hold = "import time\nheld = [bytearray(90 << 20) for _ in range(4)]\ntime.sleep(60)"
    cases: dict[str, tuple[str, dict[str, str], str | None]] = {
        "at once": (
            "held = bytearray(900 << 20)",
            {"memory_limit": "500MiB"},
            (
                "MemoryError (a run may use 500.0 MiB of memory, 256 processes, 4.0 GiB of files; "
                "its memory_limit says how much memory)"
            ),
        ),
        "by and by": (
            hold,
            {"memory_limit": "300MiB"},
            "The notebook needs more than 300.0 MiB of memory (its memory_limit).",
        ),
        "shown": (
            "while True: print('x' * 1_000_000)",
            {"output_limit": "32MiB"},
            (
                "The notebook shows more than 32 MiB (its output_limit); "
                "let it publish a file instead."
            ),
        ),
        "within": (
            "held = bytearray(200 << 20)\nprint('x' * 100_000)",
            {"memory_limit": "1TiB", "output_limit": "1GiB"},
            None,
        ),
    }
    for cell, declared, sentence in cases.values():
        run = await warm.run(actor, cell, "print('after')", **declared)
        assert run.error == sentence
        assert run.status == ("succeeded" if sentence is None else "failed")
        marks = ["executed"] * 2 if sentence is None else ["failed", "unrun"]
        assert bench.marks(run) == ["executed", *marks]


async def test_outputs_are_cut_with_a_notice(bench: Bench, actor: Actor) -> None:
    """A cell that shows 100 MB, an error as long, and many cells that show some are all cut."""
    some = "print('z' * 3_500_000)"
    large = "from IPython.display import HTML\nHTML('h' * 9_000_000)"
    run = await bench.run(
        actor,
        "print('y' * 100_000_000)\nprint('more')",
        large,
        *[some] * 5,
        "print('short')",
        "raise ValueError('w' * 10_000_000)",
    )

    said = bench.said(run)
    assert (run.status, str(run.error)[:18]) == ("failed", "ValueError: wwwwww")
    assert said.count("Workbench cut the outputs of this cell here: 4 MiB a cell is kept.") == 2
    assert said.count("Workbench cut the outputs of this cell here: 16 MiB a run is kept.") >= 1
    assert "more" not in said
    size = next(file.size for file in run.artifacts if file.name == "notebook.ipynb")
    assert outputs.RUN_BYTES // 2 < size < outputs.RUN_BYTES * 1.2
