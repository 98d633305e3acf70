"""Log lines: one JSON object each, and no secret in any."""

import json
import logging

import pytest
import structlog

from tests.support import log_lines

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SECRETS = ("hunter2", TOKEN, "s3cr3t-value")


def test_a_line_is_one_json_object() -> None:
    """Level, logger, time and what was bound to the request are there."""
    with log_lines.collected() as stream:
        structlog.contextvars.bind_contextvars(request_id="request-1")
        structlog.stdlib.get_logger("here").info("something", count=3)
        structlog.contextvars.clear_contextvars()
    (line,) = log_lines.read(stream)
    assert line["message"] == "something"
    assert (line["level"], line["logger"], line["count"]) == ("info", "here", 3)
    assert line["request_id"] == "request-1"
    assert line["timestamp"].endswith("Z")


def test_lines_of_other_libraries_go_the_same_way() -> None:
    """Uvicorn's own lines become JSON too, and its access lines with query strings are off."""
    with log_lines.collected() as stream:
        logging.getLogger("uvicorn.error").warning("Started %s", "server", extra={"more": 1})
        logging.getLogger("uvicorn.access").info("GET /x?token=%s", "s3cr3t-value")
        logging.getLogger("httpx").info("GET http://u:hunter2@host/")
    (line,) = log_lines.read(stream)
    assert line["message"] == "Started server"
    assert line["more"] == 1


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_is_written(form: str) -> None:
    """Neither under a telling key, nor in a message, a nested value or an error's text."""
    with log_lines.collected("json" if form == "json" else "console") as stream:
        log = structlog.stdlib.get_logger("here")
        log.info("a", password="hunter2", refresh_token="hunter2", Authorization="hunter2")
        log.info("b", nested={"cookie": "hunter2", "list": [{"api_key": "hunter2"}]})
        log.info("token %s", TOKEN)
        log.info("c", url="postgresql://app:hunter2@localhost/db")
        log.info("d", header="Bearer s3cr3t-value")
        log.info("e", text="host=x password=hunter2 port=1", sentry_dsn="hunter2")
        logging.getLogger("other").warning("failed with %s", f"Bearer {TOKEN}")
        log.error("f", exc_info=ValueError("postgresql://app:hunter2@localhost/db"))
    assert not [secret for secret in SECRETS if secret in stream.getvalue()]
    for word in ("localhost/db", "port=1", "ValueError"):
        assert word in stream.getvalue()


def test_no_input_begins_a_line() -> None:
    """Line breaks and control characters in values stay inside their line."""
    forged = 'x\r\n{"message": "forged"}\u2028\x1b[31m'
    with log_lines.collected() as stream:
        structlog.stdlib.get_logger("here").info(forged, value=forged)
        logging.getLogger("other").warning(forged)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in lines] == [forged, forged]


def test_a_value_that_is_no_json_is_written_as_text() -> None:
    """A line is never lost for the type of a value."""
    with log_lines.collected() as stream:
        structlog.stdlib.get_logger("here").info("a", value=object(), data=b"x", pair=(1, {2}))
    (line,) = log_lines.read(stream)
    assert line["value"].startswith("<object")
