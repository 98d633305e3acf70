"""Log lines: one JSON object each, with the request's id, tenant and user, and without secrets.

The lines of other libraries, uvicorn's too, take the same way through structlog.
"""

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"
SECRET_KEY = re.compile(
    r"passw|token|authorization|cookie|secret|dsn|api_?key|credential|private_?key", re.IGNORECASE
)
API_TOKEN = re.compile(r"wbt_[0-9a-f]{8,}\w*", re.IGNORECASE)
SECRET_TEXT = (
    API_TOKEN,
    re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"),  # a JWT
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),  # user and password of a URL
    re.compile(r"(?<=bearer )\S+", re.IGNORECASE),
    re.compile(r"(?<=password=)\S+", re.IGNORECASE),
)
# No text without one of these holds a secret that the patterns would find.
HINT = re.compile(r"wbt_|eyj|://|bearer |password=", re.IGNORECASE)
QUIET = (
    *("alembic", "asyncio", "bokeh_fastapi", "httpcore", "httpx", "multipart", "papermill"),
    *("procrastinate", "python_multipart"),
)


class Writer(structlog.WriteLogger):
    """Writes finished lines to a stream, and knows the name of who logs."""

    def __init__(self, stream: TextIO, name: str = "") -> None:
        """Write to the stream for those of a name."""
        super().__init__(stream)
        self.name = name


def configure(
    form: Literal["json", "console"], *, stream: TextIO | None = None, level: int = logging.INFO
) -> None:
    """Send every log line of this process to one stream, in one form."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    out = stream or sys.stdout
    structlog.configure(
        processors=[*shared, *_last(form)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lru_cache(partial(Writer, out)),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_last(form),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _adopt_others()


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Take secrets out of a line: values under telling keys, and what looks like a token."""
    for key, value in event.items():
        event[key] = REDACTED if is_telling(key) else scrubbed(value)
    return event


@lru_cache(maxsize=1000)
def is_telling(key: str) -> bool:
    """Whether what stands under a key is a secret, by its name."""
    return SECRET_KEY.search(key) is not None


def scrubbed(value: Any) -> Any:
    """The value without secrets, at any depth."""
    if isinstance(value, str):
        if HINT.search(value):
            for pattern in SECRET_TEXT:
                value = pattern.sub(REDACTED, value)
        return value
    if isinstance(value, Mapping):
        return {
            key: REDACTED if is_telling(str(key)) else scrubbed(item) for key, item in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [scrubbed(item) for item in value]
    return value


def holds_api_token(text: str) -> bool:
    """Whether an API token, or the better part of one, stands in a text."""
    return API_TOKEN.search(text) is not None


def _last(form: Literal["json", "console"]) -> list[Processor]:
    # A traceback becomes text before it is redacted, since messages of errors may quote secrets.
    if form == "console":
        return [
            structlog.processors.format_exc_info,
            redact,
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0),
        ]
    return [
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(ensure_ascii=True, default=str),
    ]


def _adopt_others() -> None:
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "procrastinate"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    # Our own access line says more than uvicorn's, which holds the query string.
    logging.getLogger("uvicorn.access").disabled = True
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
