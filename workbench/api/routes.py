"""Routes that prove who asks and count the request before they read its body."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.routing import APIRoute

from workbench.access import api_tokens as access
from workbench.api import credentials, limits, once, parts
from workbench.errors import Forbidden, Unauthenticated
from workbench.identity import api_tokens
from workbench.identity.api_tokens import ApiTokenClaims
from workbench.identity.tokens import BadToken, Claims

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PeopleOnly(Forbidden):
    """No API token serves here; a person signs in for this."""

    code = "people_only"


class ActorRoute(APIRoute):
    """A route for signed-in callers; counts by user, by API token, or else by address."""

    limit: ClassVar[str] = limits.EVERY
    is_public: ClassVar[bool] = False
    takes_api_tokens: ClassVar[bool] = True

    def get_route_handler(self) -> Handler:
        """Put the proof and the count in front of reading the body and of the endpoint."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                claims = None if self.is_public else await _proved(request)
            except Unauthenticated:
                await self._count(request, credentials.address(request))
                raise
            request.state.claims = claims
            await self._count(request, _name(claims) or credentials.address(request))
            if isinstance(claims, ApiTokenClaims) and not self.takes_api_tokens:
                raise PeopleOnly
            response = await self.quick(request) or await inner(request)
            await once.keep(request, response)
            return response

        return handle

    async def quick(self, request: Request) -> Response | None:
        """The answer, where the route knows a quick way to it; None sends on to the endpoint."""
        del request
        return None

    async def _count(self, request: Request, who: str) -> None:
        method_and_path = f"{request.method} {self.path_format}"
        try:
            standing = await parts.of(request).limiter.hit(self.limit, method_and_path, who)
        except limits.OverLimit as error:
            request.state.standing = error.standing
            raise
        request.state.standing = standing


class PersonRoute(ActorRoute):
    """A route for people who have signed in themselves, and for no API token of theirs."""

    takes_api_tokens = False


class PublicRoute(ActorRoute):
    """A route for everybody; counts by address."""

    is_public = True


class LoginRoute(PublicRoute):
    """A route at which passwords are tried; counts by address under the log-in's limit."""

    limit = limits.LOGIN


class MailRoute(ActorRoute):
    """A route of signed-in callers that makes mail; counts by user under the mail's limit."""

    limit = limits.MAIL


class PublicMailRoute(PublicRoute):
    """A route for everybody that makes mail; counts by address under the mail's limit."""

    limit = limits.MAIL


async def _proved(request: Request) -> Claims:
    token = credentials.access_token(request)
    if token is None:
        raise Unauthenticated
    if not token:
        raise BadToken
    house = parts.of(request)
    if credentials.is_bearer(request) and api_tokens.is_one(token):
        return await access.claims_of(house.database, token, house.clock())
    return house.tokens.read_access(token, house.clock())


def _name(claims: Claims | None) -> str | None:
    if isinstance(claims, ApiTokenClaims):
        return f"token {claims.sid}"
    return str(claims.user_id) if claims else None
