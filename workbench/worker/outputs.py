"""How much of its outputs a run keeps: so much of a cell, so much in all, and the rest is cut."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from pydantic import ByteSize

from workbench.errors import TooMany

CELL_BYTES = 4 * 1024**2
RUN_BYTES = 16 * 1024**2
MOST_BYTES = 256 * 1024**2  # what a run may say at all, cut or not
TRACE_CHARACTERS = 20_000
SHOWN = {"stream", "display_data", "execute_result", "update_display_data"}
NOTICE = "\n[Workbench cut the outputs of this cell here: {limit} is kept.]\n"


class Endless(TooMany):
    """The notebook shows more than a run may; let it publish a file instead."""

    code = "endless_output"


@dataclass(slots=True)
class Meter:
    """Counts what the cells of one execution show; the notebook may declare that it shows less."""

    declared: int | None = None
    cell: int = -1
    of_cell: int = 0
    kept: int = 0
    said: int = 0
    is_cut: bool = False

    def admits(self, message: Mapping[str, Any], cell: NotebookNode, index: int) -> bool:
        """Whether the message is kept; the first that is not leaves a notice in its cell.

        Raise Endless when the run has said more than it may at all.
        """
        kind, content = message["msg_type"], message["content"]
        if kind == "error":
            _shorten(content)
        if kind not in SHOWN:
            return True
        if index != self.cell:
            self.cell, self.of_cell, self.is_cut = index, 0, False
        size = _size(content)
        self.said += size
        if self.said > min(MOST_BYTES, self.declared or MOST_BYTES):
            raise self._endless()
        if not self.is_cut and self._has_room(size):
            self.of_cell += size
            self.kept += size
            return True
        if not self.is_cut:
            self._cut(kind, content, cell)
        return False

    def _endless(self) -> Endless:
        limit = _read(MOST_BYTES)
        if self.declared is not None and self.declared < MOST_BYTES:
            limit = f"{_read(self.declared)} (its output_limit)"
        return Endless(f"The notebook shows more than {limit}; let it publish a file instead.")

    def _has_room(self, size: int) -> bool:
        return self.of_cell + size <= CELL_BYTES and self.kept + size <= RUN_BYTES

    def _cut(self, kind: str, content: Mapping[str, Any], cell: NotebookNode) -> None:
        """Keep what of a text there is room for, and say that the rest is gone."""
        self.is_cut = True
        room = max(0, min(CELL_BYTES - self.of_cell, RUN_BYTES - self.kept))
        if kind == "stream":
            # At four bytes a character it still fits.
            text = content["text"][: room // 4]
            cell.outputs.append(new_output("stream", name=content["name"], text=text))
            self.kept += len(text)
        limit = "4 MiB a cell" if room == CELL_BYTES - self.of_cell else "16 MiB a run"
        notice = NOTICE.format(limit=limit)
        cell.outputs.append(new_output("stream", name="stdout", text=notice))


def _read(size: int) -> str:
    return ByteSize(size).human_readable(separator=" ").replace(".0 ", " ")


def _shorten(content: Any) -> None:
    content["evalue"] = str(content["evalue"])[:TRACE_CHARACTERS]
    room = TRACE_CHARACTERS
    for at, line in enumerate(content["traceback"]):
        content["traceback"][at] = line[:room]
        room -= len(content["traceback"][at])


def _size(value: Any) -> int:
    """About how many bytes a part of a message takes."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(name) + _size(part) for name, part in value.items())
    if isinstance(value, list | tuple):
        return sum(1 + _size(part) for part in value)
    return 8
