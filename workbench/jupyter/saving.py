"""What JupyterLab saves of a notebook: cells and contract, and nothing of a tenant's rows.

The shelf is everybody's, whatever tenant they act in, and results belong to runs.
"""

from typing import Any


def scrub(*, model: dict[str, Any], **_: Any) -> None:
    """Leave out of a notebook that is about to be saved what its cells have shown.

    What the kernel says about itself goes too, so that looking at a notebook changes no file.
    """
    if model["type"] != "notebook" or model.get("content") is None:
        return
    metadata = model["content"]["metadata"]
    if "language_info" in metadata:
        metadata["language_info"] = {"name": metadata["language_info"].get("name", "python")}
    if metadata.get("workbench", {}).get("keeps_outputs"):
        return
    for cell in model["content"]["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
