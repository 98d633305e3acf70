"""Keep-alive clients that send one request after another, in a process of their own.

They speak just enough HTTP/1.1 for answers with a length, so that on a small machine the clients
take little of what is measured.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import cast
from urllib.parse import urlsplit

import uvloop

CLIENTS = 8
PATIENCE_SECONDS = 60
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Figures:
    """What the clients saw: answers a second, and how long one took, in seconds."""

    rate: float
    p50: float
    p99: float


class Refused(Exception):
    """An answer was no success."""


class _Client(asyncio.Protocol):
    """One connection; its `done` holds the seconds that each answer took."""

    def __init__(self, request: bytes, until: float, ended: "asyncio.Future[None]") -> None:
        self.request, self.until, self.ended = request, until, ended
        self.done: list[float] = []
        self._received = b""
        self._begin = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's says less
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(HEAD_END)
        if not end:
            return
        place = head.lower().index(LENGTH) + len(LENGTH)
        if len(body) < int(head[place:].split(b"\r\n", 1)[0]):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.ended.set_exception(Refused(self._received[:2000].decode()))
            return
        now = time.perf_counter()
        self.done.append(now - self._begin)
        self._received = b""
        if now < self.until:
            self._send()
        else:
            self.transport.close()
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        self._begin = time.perf_counter()
        self.transport.write(self.request)


def measure(urls: Sequence[str], token: str, seconds: float, rounds: int) -> list[list[Figures]]:
    """Have eight clients ask for each address in turn, for some seconds in each of the rounds.

    They live in another process; the first round warms up and does not count. Answers what they
    saw at each address, round by round.
    """
    order = json.dumps({"urls": urls, "token": token, "seconds": seconds, "rounds": rounds})
    command = [sys.executable, "-m", "workbench.bench.client"]
    answer = subprocess.run(
        command,
        input=order,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds * len(urls) * (rounds + 1) + PATIENCE_SECONDS,
    )
    if answer.returncode:
        raise Refused(answer.stderr)
    return [[Figures(*figures) for figures in found] for found in json.loads(answer.stdout)]


def median(seen: Sequence[Figures]) -> Figures:
    """The medians of what was seen in several rounds."""
    return Figures(*(statistics.median(each) for each in zip(*map(astuple, seen), strict=True)))


async def _rounds(
    urls: Sequence[str], token: str, seconds: float, rounds: int
) -> list[list[tuple[float, ...]]]:
    found = [[await _ask(url, token, seconds) for url in urls] for _ in range(rounds + 1)]
    return [[astuple(figures) for figures in one] for one in zip(*found[1:], strict=True)]


def _same(client: _Client) -> _Client:
    return client


async def _ask(url: str, token: str, seconds: float) -> Figures:
    place = urlsplit(url)
    request = (
        f"GET {place.path}?{place.query} HTTP/1.1\r\nHost: {place.netloc}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    begin = time.perf_counter()
    clients = [_Client(request, begin + seconds, loop.create_future()) for _ in range(CLIENTS)]
    for client in clients:
        factory = partial(_same, client)
        await loop.create_connection(factory, place.hostname or "", place.port or 0)
    await asyncio.gather(*(client.ended for client in clients))
    elapsed = time.perf_counter() - begin
    done = sorted(one for client in clients for one in client.done)
    return Figures(len(done) / elapsed, statistics.median(done), done[int(len(done) * 0.99)])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(_rounds(**json.load(sys.stdin)))))
