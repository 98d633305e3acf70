"""How a JupyterLab of ours is started, whoever starts it."""

from pathlib import Path

KERNEL = "workbench"  # our kernelspec: kernels that are started ahead
AHEAD = "workbench.worker.provisioner"  # fills up when JupyterLab starts, for the first notebook
BESIDE = "workbench.jupyter"  # answers the page's cards and orders
CARDS = Path(__file__).parent / "labextension"
# The page asks nobody outside, and nobody installs anything from it.
OPTIONS = (
    f"--MultiKernelManager.default_kernel_name={KERNEL}",
    f"--ServerApp.jpserver_extensions={AHEAD}=True",
    f"--ServerApp.jpserver_extensions={BESIDE}=True",
    f"--LabApp.extra_labextensions_path={CARDS}",
    "--LabApp.extension_manager=readonly",
)
