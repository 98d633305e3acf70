"""Notebooks written for one test, and their runs."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import nbformat

from workbench.actor import Actor
from workbench.permissions import Permission
from workbench.runs import commands, queries
from workbench.runs.models import Run
from workbench.worker import marks
from workbench.worker.parts import Parts
from workbench.worker.runs import Runner
from workbench.worker.warm import Kernels

KERNELSPEC = {"name": "python3", "language": "python", "display_name": "Python 3"}


@dataclass(frozen=True)
class Bench:
    """A shelf of test notebooks, and a runner that executes them without the queue."""

    parts: Parts
    folder: Path
    pool: ThreadPoolExecutor
    warm: int = 0

    def put(self, name: str, *cells: str, **contract: Any) -> None:
        """Put a notebook on the shelf; its first cell holds the parameters."""
        declared = {
            "title": name.replace("_", " ").capitalize(),
            "permissions": [Permission.ROW_READ, Permission.DATASET_READ],
        } | contract
        notebook = nbformat.v4.new_notebook(
            metadata={"kernelspec": KERNELSPEC, "workbench": declared},
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        )
        notebook.cells[0].metadata["tags"] = ["parameters"]
        (self.folder / f"{name}.ipynb").write_text(nbformat.writes(notebook))

    async def order(self, actor: Actor, name: str, **parameters: Any) -> Run:
        """Order a run of a notebook on the shelf."""
        async with self.parts.database.session(actor) as session:
            notebook = self.parts.shelf.named(name)
            return await commands.start(session, actor, notebook, parameters)

    def runner(self, kernels: Kernels | None = None) -> Runner:
        """A runner, without warm kernels unless some are given."""
        return Runner(self.parts, self.pool, kernels or Kernels(self.parts.place, 0))

    async def execute(self, run: Run) -> Run:
        """Execute a run, and answer how it ended."""
        with closing(Kernels(self.parts.place, self.warm)) as kernels:
            kernels.fill()
            await self.runner(kernels).execute(run.tenant_id, run.id)
        return await self.seen(run.tenant_id, run.id)

    async def run(self, actor: Actor, *cells: str, **contract: Any) -> Run:
        """Execute cells as the actor, and answer how they ended."""
        self.put("cells", "pass", *cells, **contract)
        return await self.execute(await self.order(actor, "cells"))

    async def seen(self, tenant_id: UUID, run_id: UUID) -> Run:
        """A run with its metrics and artifacts."""
        reader = Actor.of_system("test", Permission.RUN_READ, tenant_id=tenant_id)
        async with self.parts.database.session(reader) as session:
            return (await session.scalars(queries.run(reader, run_id))).one()

    def text(self, run: Run, name: str) -> str:
        """The text of a file that a run left behind."""
        file_id = next(file.file_id for file in run.artifacts if file.name == name)
        (stored,) = self.parts.storage.folder(run.tenant_id, "files", file_id)
        with self.parts.storage.read(stored.key) as file:
            return file.read().decode()

    def marks(self, run: Run) -> list[str]:
        """What came of the cells of a run, as its notebook says."""
        notebook = nbformat.reads(self.text(run, "notebook.ipynb"), as_version=4)
        return [str(mark) for mark in marks.of(notebook)]

    def said(self, run: Run) -> str:
        """All that the cells of a run printed."""
        notebook = nbformat.reads(self.text(run, "notebook.ipynb"), as_version=4)
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        return "".join(output.get("text", "") for output in outputs)
