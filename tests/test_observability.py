"""Reports of errors: what reaches Sentry, seen where Sentry would receive it."""

import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar

import brotli
import httpx
import pytest
import sentry_sdk
from fastapi import FastAPI
from sqlalchemy import text

from tests.api.conftest import bearer, open_client
from workbench import observability
from workbench.actor import Actor
from workbench.api import app as api
from workbench.api.dependencies import Session
from workbench.api.routes import ActorRoute
from workbench.db.session import Database
from workbench.identity.tokens import Tokens
from workbench.settings import Settings
from workbench.storage import Storage

# Sentry's client takes brotli where that is installed.
UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress}
SECRET = "a value that nobody may read"


class Sink(BaseHTTPRequestHandler):
    """Receives what would go to Sentry."""

    received: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Keep a report."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        unpack = UNPACK.get(self.headers.get("Content-Encoding", ""), bytes)
        self.received.append(unpack(body).decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def sink() -> Iterator[list[str]]:
    """A server on this machine in Sentry's place, and reports that go to it."""
    Sink.received.clear()
    server = HTTPServer(("127.0.0.1", 0), Sink)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    dsn = f"http://public@127.0.0.1:{server.server_port}/1"
    observability.configure(dsn, release="1.2.3", environment="test")
    yield Sink.received
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)
    server.shutdown()
    thread.join()
    server.server_close()


def event_of(received: list[str]) -> dict[str, Any]:
    """The one report that was received."""
    sentry_sdk.flush()
    (envelope,) = received
    event: dict[str, Any] = json.loads(envelope.splitlines()[2])
    return event


def test_nothing_leaves_without_a_dsn() -> None:
    """Without an address reporting does nothing."""
    observability.configure(None, release="1", environment="test")
    observability.report(ValueError("x"))
    assert not sentry_sdk.is_initialized()


def test_a_report_tells_where_and_not_with_what(sink: list[str]) -> None:
    """Type, place and tags are there; variables and later lines of a message are not."""

    def fail(value: str) -> None:
        local = value
        raise ValueError(f"it broke\nDETAIL: Key (email)=({local})")

    try:
        fail(SECRET)
    except ValueError as error:
        observability.report(error, request_id="request-1", tenant=None)
    event = event_of(sink)
    (exception,) = event["exception"]["values"]
    assert (exception["type"], exception["value"]) == ("ValueError", "it broke")
    assert exception["stacktrace"]["frames"][-1]["function"] == "fail"
    assert event["tags"] == {"request_id": "request-1"}
    assert event["release"] == "1.2.3"
    assert SECRET not in sink[0]


async def test_a_failing_request_reports_no_data(
    sink: list[str], settings: Settings, database: Database, storage: Storage, actor: Actor
) -> None:
    """Neither body, header, query string, cookie nor SQL parameter reaches Sentry."""
    app: FastAPI = api.create(settings, database, storage)

    async def fail(session: Session, order: dict[str, str]) -> None:
        """Send the order where it cannot go."""
        await session.execute(text("select :value from nowhere"), {"value": order["secret"]})

    app.router.route_class = ActorRoute
    app.post("/test/fail")(fail)
    token = bearer(Tokens(settings.secret_keys), actor)
    headers = {"Authorization": f"Bearer {token}", "Cookie": f"c={SECRET}"}
    async with open_client(app, headers) as client:
        response: httpx.Response = await client.post(
            f"/test/fail?q={SECRET}", json={"secret": SECRET}
        )
    assert response.status_code == 500
    event = event_of(sink)
    assert event["tags"]["request_id"] == response.headers["x-request-id"]
    assert event["tags"]["tenant"] == str(actor.tenant_id)
    assert event["tags"]["route"] == "/test/fail"
    assert SECRET not in sink[0]
    assert "eyJ" not in sink[0]
    assert "request" not in event


def test_an_expected_error_is_not_reported(sink: list[str]) -> None:
    """Reports are of what nobody expected; nothing else listens in."""
    import logging  # noqa: PLC0415

    logging.getLogger("any").error("an error line")
    sentry_sdk.flush()
    assert sink == []
