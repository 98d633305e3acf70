"""The page that a browser gets in place of a problem document, wherever a page was asked for."""

import json
import re
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.login import app as login
from workbench.api.problems import MEDIA_TYPE

OURS = re.compile(r"/(dashboards|login|reset|invitation)(/|$)")
HEADERS = login.HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Vary": "Accept",
}
TITLES = {
    403: "This is not open to you",
    404: "There is no page here",
    429: "That was too often",
    500: "Something went wrong",
    503: "One moment, please",
}
SENTENCES = {404: "The address may be mistyped, or the page has moved."}
IN_A_WHILE = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class ProblemPages:
    """Turns problem documents into pages for people; programs get the documents as they are."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not wants_page(scope):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def send_page(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and is_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    await page(scope, start, json.loads(body))(scope, receive, send)

        await self.app(scope, receive, send_page)


def wants_page(scope: Scope) -> bool:
    """Whether a person's browser asks for one of our pages."""
    if scope["type"] != "http" or not OURS.match(scope["path"]):
        return False
    accepted = Headers(scope=scope).get("accept", "").lower()
    return "text/html" in accepted and "json" not in accepted


def is_problem(start: Message) -> bool:
    """Whether an answer is a problem document."""
    return Headers(raw=start["headers"]).get("content-type") == MEDIA_TYPE


def page(scope: Scope, start: Message, problem: dict[str, Any]) -> Response:
    """The problem as a page, with the status and the headers that it had."""
    status = start["status"]
    can_retry = status in IN_A_WHILE and scope["method"] in {"GET", "HEAD"}
    is_first = scope["path"] in {login.PATH, login.HOME}
    shown = login.TEMPLATES.get_template("problem.html").render(
        status=status,
        title=TITLES.get(status, "This did not work"),
        sentence=SENTENCES.get(status, problem["detail"]),
        request_id=problem["request_id"],
        can_retry=can_retry,
        home="" if can_retry and is_first else login.HOME,
    )
    answer = HTMLResponse(shown, status)
    kept = MutableHeaders(raw=[*start["headers"]])
    for name in ("content-type", "content-length"):
        del kept[name]
    answer.headers.update({**kept, **HEADERS})
    return answer
