"""The API as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import workbench
from workbench.api import docs, once, problems
from workbench.api.limits import Limiter
from workbench.api.middleware import Guarded, Recorded
from workbench.api.parts import Clock, Parts, utc_now
from workbench.api.routers import (
    access,
    api_tokens,
    audit,
    auth,
    comparisons,
    datasets,
    definitions,
    downloads,
    events,
    exports,
    files,
    grants,
    health,
    impersonations,
    imports,
    invitations,
    logins,
    members,
    notebooks,
    operations,
    orders,
    pages,
    passwords,
    prints,
    purges,
    relations,
    roles,
    rows,
    run_trash,
    runs,
    saved_queries,
    schedules,
    sql,
    subscriptions,
    tenants,
    uploads,
)
from workbench.db.session import Database
from workbench.files.schemas import Bounds
from workbench.identity.tokens import Tokens
from workbench.notebooks.shelf import Shelf
from workbench.runs.quotas import Quota
from workbench.settings import ROOT, Settings
from workbench.storage import Storage

DESCRIPTION = """\
Every address under `/api/v1` acts as the signed-in user in one tenant: sign in with
`POST /api/v1/auth/login` and send the access token as `Authorization: Bearer …`; programs send an
API token in its place.
Lists answer `items` and `next_cursor`; errors answer one format, `application/problem+json`.
"""
# Log lines, /metrics and Sentry tell what happens; asking for OpenTelemetry costs each request.
SILENT: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
# Addresses are compared one after another: rows, which are asked for most often, stand first.
ROUTERS = (
    pages.router,
    datasets.router,
    auth.public,
    auth.router,
    auth.anyone,
    api_tokens.router,
    logins.router,
    tenants.router,
    exports.router,
    purges.router,
    operations.router,
    impersonations.router,
    members.router,
    invitations.router,
    invitations.sending,
    invitations.public,
    passwords.asking,
    passwords.confirming,
    roles.router,
    grants.router,
    access.router,
    definitions.router,
    orders.router,
    relations.router,
    downloads.router,
    rows.router,
    imports.router,
    files.router,
    uploads.router,
    saved_queries.router,
    sql.router,
    notebooks.router,
    runs.router,
    schedules.router,
    subscriptions.router,
    subscriptions.notices,
    comparisons.router,
    run_trash.router,
    prints.router,
    audit.router,
    events.router,
    health.router,
    docs.router,
)


def create(
    settings: Settings,
    database: Database,
    storage: Storage,
    *,
    clock: Clock = utc_now,
    with_rooms: bool = True,
) -> FastAPI:
    """Put the API together; nothing connects before the first request.

    `with_rooms=False` leaves health and metrics alone, for a process of dashboards.
    """
    app = FastAPI(
        title="Workbench",
        description=DESCRIPTION,
        version=workbench.__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        responses=problems.RESPONSES,
        lifespan=_lifespan,
        telemetry=SILENT,
    )
    limiter = Limiter(
        settings.rate_limit_url,
        every=settings.rate_limit,
        login=settings.login_limit,
        mail=settings.mail_limit,
    )
    tokens = Tokens(settings.secret_keys, reread=settings.read_keys)
    shelf = Shelf(ROOT / "notebooks")
    bounds = Bounds(settings.file_limit, settings.file_quota)
    quota = Quota(settings.runs_at_once, settings.runs_waiting, settings.runs_a_day)
    parts = Parts(database, storage, tokens, limiter, shelf, clock, bounds, quota)
    app.state.parts = parts
    for router in ROUTERS if with_rooms else (health.router,):
        app.include_router(router)
    problems.install(app)
    app.add_exception_handler(once.Replay, once.replay)
    app.add_middleware(Guarded, hosts=settings.allowed_hosts, upload=settings.file_limit)
    app.add_middleware(Recorded, metrics=parts.metrics)
    if settings.proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.proxies))
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await app.state.parts.ears.close()
    await app.state.parts.limiter.close()


def _operation_id(route: APIRoute) -> str:
    tag = str(route.tags[0]) if route.tags else "other"
    return f"{tag}_{route.name}"


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        components = schema.setdefault("components", {})
        problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        places = problem.pop("$defs")
        components.setdefault("schemas", {}).update({"Problem": problem, **places})
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
        _close(schema, app)
        app.openapi_schema = schema
    return app.openapi_schema


def _close(schema: dict[str, Any], app: FastAPI) -> None:
    # A lock in the documentation wherever the route asks who it is.
    for path, method, route in docs.operations(app):
        operation = schema["paths"].get(path, {}).get(method.lower())
        if operation is not None and not route.is_public:
            operation["security"] = [{"bearer": []}]
