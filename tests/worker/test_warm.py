"""Warm kernels: who gets one, who does not, and what is left of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from jupyter_client.multikernelmanager import AsyncMultiKernelManager
from nbclient import NotebookClient
from papermill.execute import execute_notebook

from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.worker import kernel, provisioner
from workbench.worker.warm import Kernels

LOADED = "import sys\nprint('pandas' in sys.modules, 'workbench.lab' in sys.modules)"


@pytest.fixture
def kernels() -> Iterator[Kernels]:
    """One warm kernel."""
    with closing(Kernels(lambda: kernel.settle(None), 1)) as made:
        made.fill()
        yield made


@pytest.fixture
def shared() -> Iterator[Kernels]:
    """The warm kernel of this process, which is no worker; none is left for later tests."""
    with closing(provisioner.shared()) as made:
        made.fill()
        yield made
    provisioner.shared.cache_clear()


def _until_filled(kernels: Kernels) -> int:
    """Wait for the next warm kernel, and answer its process."""
    until = time.monotonic() + 60
    while not kernels.waiting:
        assert time.monotonic() < until, "nobody has filled up"
        time.sleep(0.05)
    return kernels.waiting[0].process.pid


class TestRuns:
    """Runs that take a warm kernel."""

    async def test_each_has_a_kernel_of_its_own_with_the_imports_done(
        self, bench: Bench, actor: Actor, kernels: Kernels
    ) -> None:
        """A run finds pandas imported; the next one nothing of what the first has left."""
        bench.put(
            "cells", "pass", LOADED, "import os\nprint(os.getpid(), 'kept' in dir())\nkept = 1"
        )
        runner, said = bench.runner(kernels), []
        for _ in range(2):
            waiting = _until_filled(kernels)
            run = await bench.order(actor, "cells")
            await runner.execute(run.tenant_id, run.id)
            ended = await bench.seen(run.tenant_id, run.id)
            assert (ended.status, ended.error) == ("succeeded", None)
            said.append(bench.said(ended).split("\n")[:2])
            assert said[-1] == ["True True", f"{waiting} False"]
            assert not psutil.pid_exists(waiting)
        assert said[0] != said[1]

    async def test_its_ticket_comes_when_it_is_taken(
        self, bench: Bench, actor: Actor, kernels: Kernels
    ) -> None:
        """The ticket of the run is written when its kernel is taken, and names the run."""
        bench.put("cells", "pass", "from workbench import lab\nprint(lab.open_run().id)")
        (waiting,) = kernels.waiting
        assert not waiting.ticket.exists()
        run = await bench.order(actor, "cells")

        await bench.runner(kernels).execute(run.tenant_id, run.id)

        assert bench.said(await bench.seen(run.tenant_id, run.id)).strip() == str(run.id)
        assert not waiting.folder.exists()


class TestTake:
    """Which kernel is handed out."""

    def test_a_dead_stopped_or_old_one_is_replaced(self, kernels: Kernels) -> None:
        """What does not live, does not hear or is stale is thrown away; a fresh one is taken."""
        for harm in (signal.SIGKILL, signal.SIGSTOP, None):
            pid = _until_filled(kernels)
            (waiting,) = kernels.waiting
            if harm is None:
                kernels.__dict__["_waiting"][0] = replace(waiting, since=waiting.since - 7200)
            else:
                os.kill(pid, harm)
                _reach(pid, {psutil.STATUS_ZOMBIE, psutil.STATUS_STOPPED})
            assert kernels.take() is None
            assert not waiting.folder.exists()
        _until_filled(kernels)
        taken = kernels.take()
        assert taken is not None
        assert taken.is_fit
        taken.discard()

    def test_none_is_left_when_they_are_closed_or_their_worker_is_killed(
        self, kernels: Kernels
    ) -> None:
        """Closing ends the process and removes its folder; a killed worker's end by themselves."""
        (waiting,) = kernels.waiting
        kernels.close()
        assert (psutil.pid_exists(waiting.process.pid), waiting.folder.exists()) == (False, False)

        code = (
            "import time; from workbench.worker import kernel, warm\n"
            "kernels = warm.Kernels(lambda: kernel.settle(None), 1); kernels.fill()\n"
            "print(kernels.waiting[0].process.pid, kernels.waiting[0].folder, flush=True)\n"
            "time.sleep(60)"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
        ) as worker:
            assert worker.stdout is not None
            pid, folder = worker.stdout.readline().split()
            worker.kill()
        kernel.clear()
        assert not Path(folder).exists()
        assert not psutil.pid_exists(int(pid)) or _reach(int(pid), {psutil.STATUS_ZOMBIE})


def _reach(pid: int, states: set[str]) -> bool:
    for _ in range(100):
        if psutil.Process(pid).status() in states:
            return True
        time.sleep(0.05)
    return False


class TestKernelspec:
    """The kernelspec `workbench`, by which others take warm kernels."""

    def test_papermill_and_nbclient_take_one_and_are_where_they_asked_to_be(
        self, tmp_path: Path, shared: Kernels
    ) -> None:
        """The second notebook of a process has its imports done, its folder and its variables."""
        cell = nbformat.v4.new_code_cell(
            f"{LOADED}\nimport os\nprint(os.getcwd(), os.environ['JPY_SESSION_NAME'])"
        )
        notebook = nbformat.v4.new_notebook(cells=[cell])
        notebook.metadata["kernelspec"] = {"name": "workbench", "display_name": "Workbench"}
        warm = _until_filled(shared)

        client = NotebookClient(notebook, kernel_name="workbench")
        client.execute(cwd=str(tmp_path), env=os.environ | {"JPY_SESSION_NAME": "mine"})

        assert notebook.cells[0].outputs[0].text == f"True True\n{tmp_path} mine\n"
        assert not psutil.pid_exists(warm)
        notebook.cells[0].source = LOADED
        _until_filled(shared)
        ended = execute_notebook(notebook, None, kernel_name="workbench", progress_bar=False)
        assert ended.cells[0].outputs[0].text == "True True\n"

    async def test_jupyters_servers_restart_it(self, tmp_path: Path, shared: Kernels) -> None:
        """A restart in JupyterLab keeps the sockets, and starts a kernel that works."""
        several = AsyncMultiKernelManager()
        _until_filled(shared)
        kernel_id = await several.start_kernel(kernel_name="workbench", cwd=str(tmp_path))
        before = several.get_kernel(kernel_id).get_connection_info()
        await several.restart_kernel(kernel_id, now=True)
        assert several.get_kernel(kernel_id).get_connection_info() == before
        client: Any = several.get_kernel(kernel_id).client()
        client.start_channels()
        await client.wait_for_ready(timeout=30)
        reply = await client.execute_interactive("2 + 2", timeout=20)
        client.stop_channels()
        await several.shutdown_kernel(kernel_id, now=True)

        assert reply["content"]["status"] == "ok"
