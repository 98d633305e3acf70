"""Problems: the one format in which every error leaves the house (RFC 9457)."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from limits.errors import StorageError
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from workbench import observability
from workbench.api.sql_states import of_postgres
from workbench.errors import (
    Conflict,
    Detail,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    WorkbenchError,
)

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:workbench:problem:"
RETRY_SECONDS = 5
MAX_ERRORS = 20
UNEXPECTED = "Something went wrong on our side; the request id helps to find it."

# The first base that fits decides: the more particular stands first.
STATUS: dict[type[WorkbenchError], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Stale: 412,
    Conflict: 409,
    Invalid: 422,
    TooLarge: 413,
    TooMany: 429,
    Unavailable: 503,
}
CODES = {
    400: "bad_request",
    404: NotFound.code,
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
}
MESSAGES = {
    404: str(NotFound()),
    405: "This address does not know this method.",
    413: "The request is too large.",
}

log = structlog.stdlib.get_logger(__name__)


class TextPosition(BaseModel):
    """A place in a text: line and column count from 1, `excerpt` is the line around it."""

    model_config = ConfigDict(extra="forbid")

    line: int
    column: int
    length: int
    excerpt: str


class Place(BaseModel):
    """One place in a request and what is wrong there; `position` and `hint` for a text alone."""

    model_config = ConfigDict(extra="forbid")

    place: str
    message: str
    position: TextPosition | None = None
    hint: str | None = None


class Problem(BaseModel):
    """What went wrong; `code` is for programs, `detail` for people."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "type": f"{TYPE}not_found",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "There is no such thing here.",
                    "code": "not_found",
                    "request_id": "0199a1c2e4b87d10a6e5f3b2c1d0e9f8",
                    "errors": [],
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[Place]


REFERENCE: dict[str, Any] = {
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request was refused", **REFERENCE},
    "5XX": {"description": "Workbench could not answer", **REFERENCE},
}


def install(app: FastAPI) -> None:
    """Have every error that a route raises answered as a problem."""
    for kind in (
        WorkbenchError,
        HTTPException,
        RequestValidationError,
        SQLAlchemyError,
        psycopg.Error,
        StorageError,
        ConnectionError,
    ):
        app.add_exception_handler(kind, _handle)


def answer(request: Request, error: Exception) -> Response:
    """The problem document of any error; an unexpected one is logged and reported, not told."""
    known = understood(error)
    if isinstance(known, HTTPException):
        return _of_http(request, known)
    if known is None:
        unexpected(request, error)
        return document(request, 500, "internal", UNEXPECTED)
    status = next(code for base, code in STATUS.items() if isinstance(known, base))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("unavailable", cause=repr(error))
    return document(request, status, known.code, str(known), known.details, _headers(known, status))


def understood(error: Exception) -> WorkbenchError | HTTPException | None:
    """The error as one of ours or of HTTP; None when nobody expected it."""
    if isinstance(error, HTTPException):
        return error
    if isinstance(error, WorkbenchError):
        return error if isinstance(error, tuple(STATUS)) else None
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, PoolTimeout | StorageError | ConnectionError):
        return Unavailable()
    if isinstance(error, DBAPIError) and isinstance(error.orig, psycopg.Error):
        return of_postgres(error.orig)
    return of_postgres(error) if isinstance(error, psycopg.Error) else None


def unexpected(request: Request, error: Exception) -> None:
    """Log an error that nobody expected, and report it."""
    log.error("unexpected error", exc_info=error)
    state = request.scope.get("state", {})
    route = getattr(request.scope.get("route"), "path_format", None)
    claims = state.get("claims")
    observability.report(
        error,
        request_id=state.get("request_id"),
        route=route,
        method=request.method,
        tenant=str(claims.tenant_id) if claims else None,
        user=str(claims.user_id) if claims else None,
    )


def document(
    request: Request,
    status: int,
    code: str,
    detail: str,
    details: tuple[Detail, ...] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """Write a problem document."""
    content = {
        "type": TYPE + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request.scope.get("state", {}).get("request_id", ""),
        "errors": [_place(detail) for detail in details],
    }
    return JSONResponse(content, status, headers, MEDIA_TYPE)


def _place(detail: Detail) -> dict[str, Any]:
    return {name: value for name, value in asdict(detail).items() if value is not None}


async def _handle(request: Request, error: Exception) -> Response:
    return answer(request, error)


def _of_http(request: Request, error: HTTPException) -> Response:
    status = error.status_code
    code = CODES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_"))
    detail = MESSAGES.get(status, str(error.detail))
    return document(request, status, code, detail, headers=dict(error.headers or {}))


def _of_validation(error: RequestValidationError) -> Invalid:
    # Pydantic's own error holds the input, which may be a secret: place and message are enough.
    details = [
        Detail(".".join(str(part) for part in found["loc"]), str(found["msg"]))
        for found in error.errors()[:MAX_ERRORS]
    ]
    return Invalid(details=details)


def _headers(error: WorkbenchError, status: int) -> dict[str, str]:
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after)}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(RETRY_SECONDS)}
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    return {}
