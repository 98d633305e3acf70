"""Signing in and out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from workbench.access import sign_in, switching
from workbench.access.sign_in import SignedIn
from workbench.api import attempts, credentials
from workbench.api.dependencies import CurrentActor, Parts, Session
from workbench.api.routes import ActorRoute, LoginRoute, PersonRoute
from workbench.api.shapes import Order, PageView
from workbench.errors import Unauthenticated
from workbench.identity import queries as identity
from workbench.tenants import queries as tenants

public = APIRouter(prefix="/api/v1/auth", route_class=LoginRoute, tags=["auth"])
router = APIRouter(prefix="/api/v1/auth", route_class=PersonRoute, tags=["auth"])
anyone = APIRouter(prefix="/api/v1/auth", route_class=ActorRoute, tags=["auth"])

Slug = Annotated[str, Field(min_length=1, max_length=40)]


class Credentials(Order):
    """An e-mail address and a password; the tenant's slug where the user belongs to several."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"email": "analyst@ua.example", "password": "correct horse battery", "tenant": "ua"}
            ]
        },
    )

    email: str = Field(min_length=3, max_length=254)
    password: SecretStr = Field(max_length=1000)
    tenant: Slug | None = None


class RefreshOrder(Order):
    """A refresh token; a browser may leave it out and send its cookie."""

    refresh_token: SecretStr | None = Field(default=None, max_length=4000)


class Switch(Order):
    """The slug of the tenant to go to."""

    tenant: Slug


class TokensView(BaseModel):
    """An access token, the refresh token that gets the next one, and how many seconds it lasts."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105 (RFC 6750)
    expires_in: int


class TenantRef(BaseModel):
    """The tenant that somebody acts in."""

    id: UUID
    slug: str
    name: str


class MeView(BaseModel):
    """Who is signed in, where, and with which permissions now."""

    id: UUID
    email: str
    name: str
    is_operator: bool
    tenant: TenantRef | None
    permissions: list[str]


@public.post("/login")
async def login(
    order: Credentials, request: Request, response: Response, parts: Parts
) -> TokensView:
    """Sign in; a browser gets its cookies too."""
    async with attempts.counted(request, parts, order.email):
        signed_in = await sign_in.sign_in(
            parts.database,
            parts.tokens,
            email=order.email,
            password=order.password.get_secret_value(),
            tenant=order.tenant,
            user_agent=request.headers.get("user-agent", ""),
            address=credentials.address(request),
            now=parts.clock(),
        )
    return _answer(request, response, signed_in)


@public.post("/refresh")
async def refresh(
    request: Request, response: Response, parts: Parts, order: RefreshOrder | None = None
) -> TokensView:
    """Trade a refresh token for new tokens; each refresh token serves once."""
    given = order.refresh_token if order else None
    token = given.get_secret_value() if given else credentials.refresh_token(request)
    if token is None:
        raise Unauthenticated
    signed_in = await sign_in.refresh(parts.database, parts.tokens, token, parts.clock())
    return _answer(request, response, signed_in)


@router.post("/logout", status_code=204)
async def logout(actor: CurrentActor, parts: Parts, response: Response) -> None:
    """Sign out; every token of this login is refused from now on."""
    await sign_in.sign_out(parts.database, actor, parts.clock())
    credentials.clear_cookies(response)


@anyone.get("/tenants")
async def places(actor: CurrentActor, parts: Parts) -> PageView[TenantRef]:
    """List the tenants that the signed-in person belongs to, by name."""
    found = await switching.places(parts.database, actor)
    items = [TenantRef(id=place.id, slug=place.slug, name=place.name) for place in found]
    return PageView(items=items, next_cursor=None)


@anyone.post("/switch")
async def switch(
    order: Switch, request: Request, response: Response, actor: CurrentActor, parts: Parts
) -> TokensView:
    """Go to another tenant that one belongs to; the present log-in ends."""
    signed_in = await switching.switch(
        parts.database,
        parts.tokens,
        actor,
        order.tenant,
        user_agent=request.headers.get("user-agent", ""),
        address=credentials.address(request),
        now=parts.clock(),
    )
    return _answer(request, response, signed_in)


@anyone.get("/me")
async def me(actor: CurrentActor, session: Session) -> MeView:
    """Tell who is signed in."""
    user = (await session.scalars(identity.myself(actor))).one()
    tenant = None
    if actor.tenant_id is not None:
        found = (await session.scalars(tenants.tenant(actor, actor.tenant_id))).one()
        tenant = TenantRef(id=found.id, slug=found.slug, name=found.name)
    return MeView(
        id=user.id,
        email=user.email,
        name=user.name,
        is_operator=user.is_operator,
        tenant=tenant,
        permissions=sorted(actor.permissions),
    )


def _answer(request: Request, response: Response, signed_in: SignedIn) -> TokensView:
    credentials.set_cookies(request, response, signed_in)
    return TokensView(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        expires_in=signed_in.expires_in,
    )
