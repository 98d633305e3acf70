"""What came of an execution: a status and one sentence, whatever papermill's file claims."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from workbench.runs.retries import Cause
from workbench.runs.schemas import Status
from workbench.worker import groups
from workbench.worker import secrets as notebook_secrets
from workbench.worker.engine import Execution

ERROR_CELL = "papermill-error-cell-tag"
MAX_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    status: Status
    error: str | None = None
    cause: Cause | None = Cause.FAILURE  # of another try, unless it succeeded

    def redacted(self, secrets: Iterable[str]) -> Self:
        """The same without secrets in its sentence, which is cut only then."""
        return replace(
            self,
            error=notebook_secrets.hidden(self.error, secrets)[:MAX_MESSAGE]
            if self.error
            else None,
        )


def of(execution: Execution, error: BaseException | None) -> Outcome:
    """Judge an execution that was not told to stop by its error and by the cells it completed."""
    if execution.broke is not None:
        return Outcome(Status.FAILED, str(execution.broke))
    if error is not None:
        return _failed(execution, error)
    if not execution.is_complete:
        return Outcome(Status.FAILED, "The notebook ended before all of its cells were executed.")
    return Outcome(Status.SUCCEEDED)


def _failed(execution: Execution, error: BaseException) -> Outcome:
    """Judge what papermill raises; raise what it should not."""
    if isinstance(error, CellTimeoutError):
        seconds = execution.contract.cell_limit_seconds
        said = f"A cell took longer than {seconds} seconds (its cell_limit_seconds)."
        return Outcome(Status.TIMED_OUT, said)
    if isinstance(error, DeadKernelError):
        return Outcome(Status.FAILED, _death(execution))
    if isinstance(error, PapermillExecutionError):
        said = f"{error.ename}: {error.evalue}".removesuffix(": ")
        return Outcome(Status.FAILED, said + _hint(error.ename, execution))
    if not execution.has_begun:
        return Outcome(Status.FAILED, "The kernel did not start.", Cause.FAULT)
    raise error


def _death(execution: Execution) -> str:
    place = execution.place
    if place.limits is not None and groups.ran_out(place.groups, place.folder.name):
        return str(place.limits.too_much_memory())
    return "The kernel died while the notebook ran."


def _hint(name: str, execution: Execution) -> str:
    """What to know of an error that our limits have caused."""
    limits = execution.place.limits
    if limits is not None and name == "BlockingIOError":  # what a fork without room raises
        return f" (a run may use {limits}; WORKBENCH_KERNEL_PROCESSES says how many processes)"
    if limits is None or not name.endswith("MemoryError"):
        return ""
    return f" (a run may use {limits}; {limits.memory_by} says how much memory)"


def redacted(notebook: NotebookNode, secrets: Iterable[str]) -> NotebookNode:
    """The executed notebook without secrets, and without what papermill says of files and cells."""
    kept = [cell for cell in notebook.cells if ERROR_CELL not in cell.metadata.get("tags", [])]
    notebook = nbformat.from_dict({**notebook, "cells": kept})
    for cell in kept:
        cell.metadata.pop("papermill", None)
    for name in ("input_path", "output_path", "environment_variables"):
        notebook.metadata.get("papermill", {}).pop(name, None)
    hidden: NotebookNode = nbformat.reads(
        notebook_secrets.hidden(nbformat.writes(notebook), secrets), as_version=4
    )
    return hidden
