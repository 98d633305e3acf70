"""Keep what a run of the load test showed: its outputs, in the notebook on the shelf.

`python -m workbench.bench.shelve notebook.ipynb` reads the executed notebook that a run left. What
was executed has to be what lies on the shelf, cell by cell.
"""

import sys

import nbformat
from nbformat import NotebookNode

from workbench.errors import Conflict
from workbench.settings import ROOT

SHELVED = ROOT / "notebooks" / "load_test.ipynb"
INJECTED = "injected-parameters"


def main(executed: str) -> int:
    """Write the outputs of an executed notebook into the one on the shelf."""
    shelved = nbformat.read(SHELVED, as_version=4)
    SHELVED.write_text(nbformat.writes(kept(shelved, nbformat.read(executed, as_version=4))) + "\n")
    return 0


def kept(shelved: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """The notebook on the shelf with the outputs of its run; raise Conflict when they differ."""
    cells = [c for c in executed.cells if INJECTED not in c.metadata.get("tags", [])]
    if [cell.source for cell in cells] != [cell.source for cell in shelved.cells]:
        raise Conflict("This run executed another notebook than the one on the shelf.")
    number = 0
    for cell, ran in zip(shelved.cells, cells, strict=True):
        if cell.cell_type == "code":
            number += 1
            cell.execution_count = number
            cell.outputs = [_output(output, number) for output in ran.outputs]
    return shelved


def _output(output: NotebookNode, number: int) -> NotebookNode:
    """An output without the text that stands for it where nothing better can be shown."""
    better = {kind: data for kind, data in output.data.items() if kind != "text/plain"}
    sizes = output.metadata if "image/png" in better else {}
    options = {"execution_count": number} if output.output_type == "execute_result" else {}
    shown: NotebookNode = nbformat.v4.new_output(
        output.output_type, better or output.data, metadata=sizes, **options
    )
    return shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
