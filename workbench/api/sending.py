"""Bytes of storage on their way out: all of them, or the part that was asked for (RFC 9110, 14)."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from fastapi import HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from werkzeug.http import parse_range_header

from workbench.storage import Storage

CHUNK = 256 * 1024


def documented(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    """What a route says that answers with a file or a part of it."""
    content: dict[str, Any] = {"content": {media_type: {}}}
    return {
        200: content | {"description": description},
        206: content | {"description": "The part that was asked for"},
    }


async def sent(
    request: Request,
    storage: Storage,
    key: str,
    *,
    size: int,
    tag: str,
    headers: Mapping[str, str],
) -> Response:
    """Answer with a file, or one range of it; `tag` names its bytes and never names others.

    Several ranges at once, and one that nobody understands, are answered by the whole file.
    """
    etag = f'"{tag}"'
    found = _part(request, size, etag)
    start, end = found or (0, size)
    file = await asyncio.to_thread(storage.read, key)
    every = {"Accept-Ranges": "bytes", "ETag": etag, "Content-Length": str(end - start), **headers}
    if found is None:
        return StreamingResponse(chunks(file), 200, every)
    every["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return StreamingResponse(chunks(file, start, end - start), 206, every)


def _part(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """The first byte that is wanted and the one after the last; None for all of them."""
    wanted = parse_range_header(request.headers.get("range"))
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    if request.headers.get("if-range", etag) != etag:
        return None  # what its sender has the beginning of is another file
    start, end = wanted.ranges[0]
    if start < 0:  # so many from the end, or all where there are fewer
        start = max(0, size + start)
    if start >= size:
        raise HTTPException(
            416, "The file ends before this range begins.", {"Content-Range": f"bytes */{size}"}
        )
    return start, size if end is None else min(end, size)


def chunks(file: BinaryIO, start: int = 0, count: int | None = None) -> Iterator[bytes]:
    """What is in a file, or so many bytes of it, piece by piece; it is closed at the end."""
    with file:
        if start:
            file.seek(start)
        while chunk := file.read(CHUNK if count is None else min(CHUNK, count)):
            if count is not None:
                count -= len(chunk)
            yield chunk
