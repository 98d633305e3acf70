"""Reports become PDF by a real Chromium that fetches nothing (N15)."""

import asyncio
import base64
import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
import uvloop
from PIL import Image

from tests.support import chromium
from workbench.errors import TooMany
from workbench.runs import printing
from workbench.runs.printing import NoPrinter, NotPrinted, Printer

NOISE = 300_000  # bytes of a picture that no PDF makes smaller
SMALL = 100_000


@pytest.fixture
def printer() -> Printer:
    """A printer of this machine."""
    return Printer(chromium.needed())


def noise() -> bytes:
    """A picture that takes NOISE bytes, whatever it is written into."""
    buffer = BytesIO()
    side = int((NOISE / 3) ** 0.5)
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(buffer, "PNG")
    return buffer.getvalue()


def _open(path: Path) -> None:
    """Let everybody read a file of the test, so that only the printer keeps it out."""
    for part in (path, *path.parents):
        if part.stat().st_uid == os.geteuid() and part != Path("/"):
            part.chmod(part.stat().st_mode | 0o055)


async def test_a_page_is_printed_and_fetches_nothing(printer: Printer, tmp_path: Path) -> None:
    """What is written into the page is printed; no address is asked, and no file is read."""
    picture = noise()
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture)
    words = tmp_path / "secret.txt"
    words.write_bytes(base64.b64encode(os.urandom(NOISE)))
    _open(words)
    _open(secret)
    asked: list[str] = []

    async def hear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    hostile = f"""<h1>Report</h1>
        <script>document.body.innerHTML += '<img src="{address}/by-script">'</script>
        <img src="{address}/x.png"><img src="{secret.as_uri()}" onerror="fetch('{address}')">
        <link rel="stylesheet" href="{address}/x.css"><style>@import url({address}/y.css);
        body {{ background: url({secret.as_uri()}) }}</style>
        <iframe src="{words.as_uri()}" width="900" height="900"></iframe>
        <iframe srcdoc="<img src='{address}'>"></iframe>
        <object data="{secret.as_uri()}"></object><embed src="{secret.as_uri()}">
        <svg><image href="{secret.as_uri()}"/></svg><video src="{address}/v"></video>
        <form action="{address}"></form><base href="{address}/">
        <img src="http://169.254.169.254/latest/meta-data">"""
    made = await printer.pdf(hostile.encode())
    assert made.startswith(b"%PDF")
    assert len(made) < SMALL
    for there in (words.as_uri(), f"{address}/refreshed"):
        refresh = f'<meta http-equiv="refresh" content="0;url={there}">'
        with suppress(NotPrinted):  # it depends on what comes first
            assert len(await printer.pdf(refresh.encode())) < SMALL
    written = f"<img src='data:image/png;base64,{base64.b64encode(picture).decode()}'>"
    assert len(await printer.pdf(written.encode())) > NOISE * 0.8
    async with server:
        await asyncio.sleep(0)
    assert asked == []


async def test_without_chromium_it_says_what_to_do() -> None:
    """No Chromium, one that does nothing, a page too large, a crowd: each has words of its own."""
    with pytest.raises(NoPrinter, match="install"):
        await Printer(binary=None).pdf(b"x")
    with pytest.raises(NotPrinted, match="your browser"):
        await Printer(binary="/bin/true").pdf(b"x")
    with pytest.raises(TooMany, match="too large"):
        await Printer(binary="/bin/true").pdf(bytes(printing.MOST_BYTES + 1))
    crowd = Printer(binary="/bin/true")
    found = await asyncio.gather(*(crowd.pdf(b"x") for _ in range(6)), return_exceptions=True)
    assert [type(error).__name__ for error in found].count("NotPrinted") == printing.MOST_WAITING
    assert crowd.waiting == 0


async def test_it_prints_on_the_loop_that_serves(printer: Printer) -> None:
    """The server's own loop starts no process as another user, and still pages are printed."""
    made = await asyncio.to_thread(uvloop.run, printer.pdf(b"<h1>Report</h1>"))

    assert made.startswith(b"%PDF")
