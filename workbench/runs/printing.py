"""A report as PDF, printed by a Chromium that reaches no network and no file but the report.

Reports are sanitised when they are written; here nothing relies on it. A policy before all else in
the page forbids scripts, frames and whatever is not written into the page. A refresh, which it does
not hold, reaches nothing: every name resolves to nowhere, and every request goes to a proxy that is
not there. As root, Chromium is the system's nobody, in a folder of its own; it never has our
environment.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from workbench.errors import TooMany, Unavailable

# The first draws without the work that windows make.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
NOBODY = 65534
SECONDS = 60.0
MOST_BYTES = 32 * 1024**2  # of a page
MOST_WAITING = 4
POLICY = (
    b'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="'
    b"default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; "
    b"base-uri 'none'\">"
)
OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
)


class NoPrinter(Unavailable):
    """No Chromium is installed that makes PDF: install `chromium`, or print the report yourself."""

    code = "no_printer"


class NotPrinted(Unavailable):
    """Chromium made no PDF of this report; try again, or print the report from your browser."""

    code = "not_printed"


def chromium() -> str | None:
    """Where a Chromium lies on this machine; None when there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass(slots=True)
class Printer:
    """Prints one page after another; who comes when many wait already is sent away."""

    binary: str | None = field(default_factory=chromium)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0

    async def pdf(self, page: bytes) -> bytes:
        """The page as PDF; raise NoPrinter where there is no Chromium, and NotPrinted."""
        if self.binary is None:
            raise NoPrinter
        if len(page) > MOST_BYTES:
            raise TooMany("This report is too large for a PDF; read it in a browser.")
        if self.waiting >= MOST_WAITING:
            raise Unavailable("Many reports are being printed; try again in a minute.")
        self.waiting += 1
        try:
            async with self.turn:
                return await _printed(self.binary, page)
        finally:
            self.waiting -= 1


async def _printed(binary: str, page: bytes) -> bytes:
    with TemporaryDirectory(prefix="print-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        page_file, made = folder / "page.html", folder / "page.pdf"
        await asyncio.to_thread(page_file.write_bytes, POLICY + page)
        await _run(binary, folder, f"--print-to-pdf={made}", page_file.as_uri())
        if not made.is_file():
            raise NotPrinted
        return await asyncio.to_thread(made.read_bytes)


async def _run(binary: str, folder: Path, *arguments: str) -> None:
    """Have Chromium do something, and leave nothing of it behind."""
    command = [binary, *OPTIONS, *_as_root(folder), f"--user-data-dir={folder}/profile", *arguments]
    # The loop that serves, uvloop, starts no process as another user.
    process = await asyncio.to_thread(_started, command, folder)
    try:
        await asyncio.to_thread(process.wait, SECONDS)
    except subprocess.TimeoutExpired as error:
        raise NotPrinted from error
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)


def _started(command: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        env=_environment(folder),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **_user(),
    )


def _is_root() -> bool:
    return os.geteuid() == 0


def _as_root(folder: Path) -> tuple[str, ...]:
    """Give the folder to nobody; Chromium's own sandbox refuses where root has started it."""
    if not _is_root():
        return ()
    for path in (folder, *folder.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    return ("--no-sandbox",)


def _user() -> Mapping[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if _is_root() else {}


def _environment(folder: Path) -> dict[str, str]:
    known = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
    return known | {"HOME": str(folder), "TMPDIR": str(folder)}
