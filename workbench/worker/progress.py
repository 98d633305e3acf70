"""How far an execution is and what it prints: written down soon, seldom, and the last of it always.

The engine's thread tells here what happens, as often as it likes; the loop writes at most ten times
a second. What waits to be written is bounded, however fast a notebook prints.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from threading import Lock

import structlog
from nbformat import NotebookNode
from sqlalchemy.exc import DBAPIError

from workbench.runs.attempts import StaleAttempt, Standing
from workbench.runs.logs import MOST
from workbench.worker import marks, secrets
from workbench.worker.marks import Mark

PAUSE_SECONDS = 0.1
TRIES = 20
LONGEST_LINE = 8192
MAX_TITLE = 200
LEFT_OUT = "\n[Lines were left out here: the notebook prints too fast.]\n"
HEADING = re.compile(r"^#{1,6}\s+(.+)$", re.MULTILINE)
OVERWRITTEN = re.compile(r"[^\n]*\r")
Keep = Callable[[Standing, str], Awaitable[None]]
log = structlog.get_logger(__name__)


class Progress:
    """What is to be written of one execution; `cell`, `done` and `say` may come from any thread."""

    def __init__(self, hidden: Callable[[], Collection[str]]) -> None:
        """Begin with nothing; what `hidden` answers stands in no line."""
        self._loop = asyncio.get_running_loop()
        self._hidden = hidden
        self._changed = asyncio.Event()
        self._lock = Lock()
        self._standing = Standing()
        self._said = ""
        self._rest = ""  # the beginning of a line, which may be that of a secret
        self._over = asyncio.Event()

    def cell(self, notebook: NotebookNode, index: int) -> None:
        """A cell begins, below its heading."""
        self._stand(cell_title=heading(notebook, index), **_counted(notebook))

    def done(self, notebook: NotebookNode) -> None:
        """A cell was executed."""
        self._stand(**_counted(notebook))

    def reach(self, share: float | None) -> None:
        """The notebook tells how far it is, between 0 and 1."""
        if share != self._standing.progress:
            self._stand(progress=share)

    def say(self, text: str) -> None:
        """The notebook prints; of what cannot be written in time the end is kept."""
        with self._lock:
            said = self._said + text
            self._said = said if len(said) <= MOST else LEFT_OUT + said[len(LEFT_OUT) - MOST :]
        self._mark()

    async def written(self, keep: Keep) -> None:
        """Write down what changes until `close`, and then the last of it."""
        tries = 0
        while not self._over.is_set() or self._changed.is_set():
            await self._changed.wait()
            self._changed.clear()
            standing, text = self._taken()
            try:
                await keep(standing, text)
                tries = 0
            except StaleAttempt:
                return
            except DBAPIError:
                tries += 1
                if tries > TRIES:
                    log.warning("progress_not_kept")
                    return
                self._put_back(text)
            await self._pause(tries)

    def close(self) -> None:
        """Nothing more will happen."""
        self._over.set()
        self._changed.set()

    async def _pause(self, tries: int) -> None:
        """Wait a while, though not for the last when all is well."""
        if tries:
            await asyncio.sleep(5 * PAUSE_SECONDS)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE_SECONDS):
                await self._over.wait()

    def _stand(self, **values: object) -> None:
        with self._lock:
            self._standing = self._standing._replace(**values)  # type: ignore[arg-type]
        self._mark()

    def _mark(self) -> None:
        if not self._changed.is_set():
            with suppress(RuntimeError):  # the loop has ended, and so has the attempt
                self._loop.call_soon_threadsafe(self._changed.set)

    def _taken(self) -> tuple[Standing, str]:
        with self._lock:
            standing, said, self._said = self._standing, self._said, ""
        text, self._rest = lines(self._rest + said, self._hidden(), is_last=self._over.is_set())
        return standing, text

    def _put_back(self, text: str) -> None:
        self._rest = text + self._rest
        self._changed.set()


def lines(text: str, hidden: Collection[str], *, is_last: bool) -> tuple[str, str]:
    """The whole lines of a text, without secrets and NUL, and the rest, which is to be continued.

    A secret may be printed in pieces, so a line is shown when it has ended or is very long.
    """
    clean = text.replace("\0", "").replace("\r\n", "\n").encode(errors="replace").decode()
    clean = secrets.hidden(clean, hidden)
    end = len(clean) if is_last else clean.rfind("\n") + 1
    if len(clean) - end > LONGEST_LINE:
        end = len(clean) - max((len(secret) for secret in hidden), default=0)
    return OVERWRITTEN.sub("", clean[:end]), clean[end:]


def heading(notebook: NotebookNode, index: int) -> str | None:
    """The heading above a cell."""
    for cell in reversed(notebook.cells[: index + 1]):
        found = HEADING.findall(cell.source) if cell.cell_type == "markdown" else []
        if found:
            return str(found[-1]).replace("\0", "").strip()[:MAX_TITLE]
    return None


def _counted(notebook: NotebookNode) -> dict[str, int]:
    found = marks.of(notebook)
    return {"cells": len(found), "cells_done": found.count(Mark.EXECUTED)}
