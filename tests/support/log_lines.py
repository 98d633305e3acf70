"""The log lines of one test."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import structlog

from workbench import logs


@contextmanager
def collected(form: Literal["json", "console"] = "json") -> Iterator[io.StringIO]:
    """Collect what is logged, and leave the logging as it was."""
    root = logging.getLogger()
    handlers, level, config = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    logs.configure(form, stream=stream)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**config)


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    """Every line of a JSON log; each must be one object."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]
