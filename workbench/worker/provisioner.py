"""How Jupyter's clients get our kernels: from the warm ones while there are some, else cold.

The worker's manager brings the place in which its kernel lives. Any other client of Jupyter's
(papermill, nbclient, JupyterLab) that uses the kernelspec `workbench` shares the warm kernels of
its own process; to those its folder and its environment are told when they are taken.
"""

import asyncio
import atexit
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from workbench.settings import Settings
from workbench.worker.kernel import Guest, Place
from workbench.worker.warm import Kernels, Warm

NAME = "workbench-warm"
METADATA = {"kernel_provisioner": {"provisioner_name": NAME}}
POLL_SECONDS = 0.01
ANSWER_SECONDS = 30
MOVE = "import os as _os; _os.chdir({folder!r}); _os.environ.update({environment!r}); del _os"


class Provisioner(LocalProvisioner):
    """Launches a kernel by taking one that waits."""

    place: Place | None = None
    _own: Warm | None = None  # that this provisioner has taken itself, and removes

    async def pre_launch(self, **options: Any) -> dict[str, Any]:
        """Choose between a warm kernel and a cold one; a restart keeps its sockets, so is cold."""
        manager: Any = self.parent
        self.place = getattr(manager, "place", None)
        if self.place is None and not manager.shell_port:
            self._own = shared().take()
            self.place = self._own
        if not isinstance(self.place, Warm) or manager.shell_port:
            launched: dict[str, Any] = await super().pre_launch(**options)
            return launched
        manager.load_connection_info(self.place.info)
        manager.connection_file = str(self.place.folder / "kernel.json")
        self.connection_info = manager.get_connection_info()
        return {**options, "cmd": []}

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Take over the warm kernel's process, or start one."""
        if cmd or not isinstance(self.place, Warm):
            connection = await super().launch_kernel(cmd, **options)
            if self.place is not None and self.pid is not None:
                self.place.enter(self.pid)
            return connection
        process = self.place.process
        self.process, self.pid, self.pgid = process, process.pid, process.pid
        self.cwd = options.get("cwd", Path.cwd())
        if self._own is not None:
            await self._move(str(self.cwd), options.get("env") or {})
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait until the process has ended."""
        while await self.poll() is None:  # noqa: ASYNC110 (nothing tells of a process's end)
            await asyncio.sleep(POLL_SECONDS)
        ended: int | None = await super().wait()
        return ended

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 (Jupyter's)
        """Remove what was made for a kernel that was taken here."""
        await super().cleanup(restart)
        if self._own is not None and not restart:
            shutil.rmtree(self._own.folder, ignore_errors=True)

    async def _move(self, folder: str, environment: dict[str, str]) -> None:
        """Have the kernel go to its folder and take its environment, before anybody uses it."""
        client = AsyncKernelClient()
        client.load_connection_info(self.connection_info)
        client.start_channels()
        try:
            told = MOVE.format(folder=folder, environment=environment)
            asked = client.execute(told, silent=True, store_history=False)
            async with asyncio.timeout(ANSWER_SECONDS):
                while True:
                    reply = await client.get_shell_msg()
                    if reply["parent_header"].get("msg_id") == asked:
                        return
        finally:
            client.stop_channels()


class KernelManager(AsyncKernelManager):
    """Starts and ends the kernel of one place."""

    def __init__(self, place: Place) -> None:
        connection = str(place.folder / "kernel.json")
        super().__init__(transport="ipc", connection_file=connection)
        self.place = place

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command that starts a cold kernel, without variables and folders of Python."""
        argv = self.place.command("-m", "ipykernel_launcher", "-f", "{connection_file}")
        return KernelSpec(argv=argv, language="python", metadata=METADATA)

    def write_connection_file(self, **options: Any) -> None:
        """Write the file that tells the kernel its sockets, for its eyes only."""
        super().write_connection_file(**options)
        self.place.give(Path(self.connection_file))

    @property
    def process(self) -> "subprocess.Popen[bytes] | None":
        """The kernel's process, once it is started."""
        return getattr(self.provisioner, "process", None)

    def kill(self) -> None:
        """Kill the kernel with its descendants, and wait until it is gone."""
        self.strike(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def strike(self, signum: signal.Signals) -> None:
        """Send a signal to the kernel's process group and to all its descendants."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        with suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.send_signal(signum)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signum)


@cache
def shared() -> Kernels:
    """The warm kernels of a process that is no worker of ours; they end with it."""
    kernels = Kernels(Guest.settle, Settings().warm_kernels)
    atexit.register(kernels.close)
    return kernels


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Say to a Jupyter server that this module is one of its extensions."""
    return [{"module": __name__}]


def _load_jupyter_server_extension(_: object) -> None:
    """Start kernels as a Jupyter server starts, so that its first notebook finds one."""
    shared().fill()
