"""The documentation of the API: OpenAPI, and Swagger UI whose files come from this server."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import iter_route_contexts

from workbench.api.routes import ActorRoute, PublicRoute
from workbench.errors import NotFound

ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
# Swagger UI begins with a script in the page and sets styles of its own.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

router = APIRouter(route_class=PublicRoute, include_in_schema=False)


@router.get("/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    """Describe every route for programs."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def docs() -> HTMLResponse:
    """Show every route to people."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Workbench API",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
        swagger_ui_parameters={"persistAuthorization": False, "validatorUrl": None},
    )
    page.headers["Content-Security-Policy"] = POLICY
    return page


@router.get("/docs/assets/{name}")
async def asset(name: str) -> Response:
    """Send a file of Swagger UI."""
    if name not in ASSETS:
        raise NotFound
    content = files("fastapi_offline").joinpath("static", name).read_bytes()
    return Response(content, media_type=ASSETS[name], headers={"Cache-Control": "max-age=86400"})


def operations(app: FastAPI) -> Iterator[tuple[str, str, ActorRoute]]:
    """Every path and method of our own routes."""
    for context in iter_route_contexts(app.routes):
        route: Any = context.original_route
        if isinstance(route, ActorRoute):
            for method in sorted(route.methods or ()):
                yield route.path_format, method, route
