"""Control groups of kernels, where this machine lets us make some, and what is said of them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.cli import doctor
from workbench.errors import Unavailable
from workbench.settings import Settings
from workbench.worker import groups, kernel

# Controllers that hold nothing else of this machine's; its memory is counted by somebody else.
CONTROLLERS = ("/sys/fs/cgroup/pids", "/sys/fs/cgroup/cpu")
ESCAPE = """
import subprocess
from pathlib import Path
left = subprocess.Popen(["sleep", "300"], start_new_session=True, env={})
print(left.pid, "workbench-run-" in Path("/proc/self/cgroup").read_text())
"""


@pytest.fixture
def folders() -> Iterator[tuple[Path, ...]]:
    """Folders of control groups that this process may write; none on many a machine."""
    made = []
    for controller in CONTROLLERS:
        folder = Path(controller) / f"workbench-test-{os.getpid()}"
        with suppress(OSError):
            folder.mkdir()
            made.append(folder)
    yield tuple(made)
    for folder in made:
        folder.rmdir()


async def test_nothing_leaves_the_group_of_a_kernel(
    bench: Bench, actor: Actor, settings: Settings, folders: tuple[Path, ...], tmp_path: Path
) -> None:
    """A process that left its session and its environment ends with the run; doctor tells which.

    Where groups cannot be made the worker says so before it begins, and doctor does.
    """
    named = ",".join(map(str, folders))
    grouped = settings.model_copy(update={"kernel_groups": named, "kernel_processors": 0.5})
    limited = replace(bench, parts=replace(bench.parts, settings=grouped), warm=1)
    run = await limited.run(actor, ESCAPE)
    pid, is_grouped = bench.said(run).split()
    assert (run.status, is_grouped) == ("succeeded", str(bool(folders)))
    with suppress(psutil.NoSuchProcess):
        escaped = psutil.Process(int(pid))
        assert (escaped.status() == psutil.STATUS_ZOMBIE) == bool(folders)
        escaped.kill()
    assert [child for folder in folders for child in folder.iterdir() if child.is_dir()] == []

    told = doctor.limits(grouped)
    held = ["processes", "processors"] if folders else []
    assert groups.held(folders) == held
    assert told.state == ("ok" if folders else "wrong")
    assert ("control groups hold it to its processes, processors" in told.detail) == bool(folders)
    wrong = settings.model_copy(update={"kernel_groups": str(tmp_path)})
    with pytest.raises(Unavailable, match="no folder of control groups"):
        kernel.check_groups(wrong.control_groups)
    told = doctor.limits(wrong)
    assert (told.state, "no folder of control groups" in told.detail) == ("wrong", True)
    plain = doctor.limits(settings)
    assert "no control group holds it (WORKBENCH_KERNEL_GROUPS)" in plain.detail
