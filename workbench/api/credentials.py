"""Who sends a request: the bearer token, or the cookie of a browser that is on our own pages."""

from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.requests import HTTPConnection

from workbench.access.sign_in import SignedIn
from workbench.errors import Forbidden
from workbench.identity.tokens import REFRESH_LIFETIME

ACCESS_COOKIE = "workbench_access"
REFRESH_COOKIE = "workbench_refresh"
REFRESH_PATH = "/api/v1/auth"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ForeignOrigin(Forbidden):
    """A page of another site sent this; with a cookie, only our own pages may."""

    code = "foreign_origin"


def access_token(request: Request) -> str | None:
    """The access token of a request; a bearer token goes before a cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        return token.strip() if scheme.lower() == "bearer" else ""
    return _cookie(request, ACCESS_COOKIE)


def socket_token(connection: HTTPConnection) -> str | None:
    """The access token of who opens a socket; raise ForeignOrigin for a page of another site.

    A browser always names the origin of a socket, so a cookie without one is no browser's.
    """
    bearer, origin = connection.headers.get("authorization"), connection.headers.get("origin")
    own = connection.headers.get("host", "").lower()
    if (origin is not None or bearer is None) and urlsplit(origin or "").netloc.lower() != own:
        raise ForeignOrigin
    if bearer is None:
        return connection.cookies.get(ACCESS_COOKIE)
    scheme, _, token = bearer.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def is_bearer(request: HTTPConnection) -> bool:
    """Whether a request proves itself by a header, as programs do, and not by a cookie."""
    return "authorization" in request.headers


def refresh_token(request: Request) -> str | None:
    """The refresh token in the browser's cookie, if one of our own pages sends it."""
    return _cookie(request, REFRESH_COOKIE)


def address(request: Request) -> str:
    """Where the request comes from; headers have no say, except those of a trusted proxy."""
    return request.client.host if request.client else "unknown"


def set_cookies(request: Request, response: Response, signed_in: SignedIn) -> None:
    """Give a browser its tokens, out of reach of scripts and of other sites."""
    is_secure = request.url.scheme == "https"
    response.set_cookie(
        ACCESS_COOKIE,
        signed_in.access_token,
        max_age=signed_in.expires_in,
        secure=is_secure,
        httponly=True,
        samesite="lax",
    )
    response.set_cookie(
        REFRESH_COOKIE,
        signed_in.refresh_token,
        max_age=int(REFRESH_LIFETIME.total_seconds()),
        path=REFRESH_PATH,
        secure=is_secure,
        httponly=True,
        samesite="strict",
    )


def clear_cookies(response: Response) -> None:
    """Have a browser forget its tokens."""
    response.delete_cookie(ACCESS_COOKIE, httponly=True, samesite="lax")
    response.delete_cookie(REFRESH_COOKIE, path=REFRESH_PATH, httponly=True, samesite="strict")


def _cookie(request: Request, name: str) -> str | None:
    token = request.cookies.get(name)
    if token is not None and request.method not in SAFE and not _is_own(request):
        raise ForeignOrigin
    return token


def _is_own(request: Request) -> bool:
    origin = request.headers.get("origin")
    if origin is not None:
        given = urlsplit(origin)
        return (given.scheme, given.netloc) == (request.url.scheme, request.headers.get("host"))
    return request.headers.get("sec-fetch-site") == "same-origin"
