"""What came of each cell with code: a mark of ours in its metadata, true whatever ended the run."""

from enum import StrEnum

from nbformat import NotebookNode

KEY = "workbench"


class Mark(StrEnum):
    """What came of a cell."""

    EXECUTED = "executed"
    FAILED = "failed"  # it began, and did not come to its end
    UNRUN = "unrun"


def mark(cell: NotebookNode, what: Mark) -> None:
    """Write a mark into a cell."""
    cell.metadata.setdefault(KEY, {})["status"] = str(what)


def read(cell: NotebookNode) -> Mark | None:
    """The mark of a cell; None for prose and for a cell without code."""
    said = cell.metadata.get(KEY, {}).get("status")
    return Mark(said) if said is not None else None


def unrun(notebook: NotebookNode) -> NotebookNode:
    """The notebook, each of its cells with code marked as not yet executed."""
    for cell in notebook.cells:
        cell.metadata.get(KEY, {}).pop("status", None)
        if cell.cell_type == "code" and cell.source.strip():
            mark(cell, Mark.UNRUN)
    return notebook


def of(notebook: NotebookNode) -> list[Mark]:
    """The marks of a notebook's cells with code, in their order."""
    return [found for cell in notebook.cells if (found := read(cell)) is not None]
