"""Every route that there is keeps the rules of the house."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from sqlalchemy import make_url
from starlette.routing import Route, WebSocketRoute

from workbench.api import app as api
from workbench.api import dependencies, limits, once
from workbench.api.routers.files import upload as upload_file
from workbench.api.routers.imports import start as start_import
from workbench.api.routes import ActorRoute
from workbench.db.session import Database, Logins
from workbench.settings import Settings
from workbench.storage import Storage

PUBLIC = {
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/password-reset",
    "POST /api/v1/auth/password-reset/confirm",
    "POST /api/v1/invitations/accept",
    "POST /api/v1/invitations/show",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /docs",
    "GET /docs/assets/{name}",
    "GET /openapi.json",
}
# A POST that makes nothing that a second one would make again, or answers a token, which is kept
# nowhere.
MAKES_NOTHING = {
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/logout-everywhere",
    "POST /api/v1/auth/password",
    "POST /api/v1/auth/switch",
    "POST /api/v1/auth/password-reset",
    "POST /api/v1/auth/password-reset/confirm",
    "POST /api/v1/invitations/accept",
    "POST /api/v1/invitations/show",
    "POST /api/v1/deleted-tenants/{tenant_id}/restore",
    "POST /api/v1/files/uploads/{upload_id}/finish",
    "POST /api/v1/files/{file_id}/restore",
    "POST /api/v1/members/{member_id}/restore",
    "POST /api/v1/sql",
    "POST /api/v1/sql/explain",
    "POST /api/v1/sql/export",
    "POST /api/v1/datasets/{name}/columns/{column}/restore",
    "POST /api/v1/sql/saved/{saved_query_id}/restore",
    "POST /api/v1/sql/saved/{saved_query_id}/run",
    "POST /api/v1/sql/{statement_id}/cancel",
    "POST /api/v1/datasets/{name}/query",
    "POST /api/v1/datasets/{name}/restore",
    "POST /api/v1/datasets/{name}/rows/{row_id}/restore",
    "POST /api/v1/datasets/{name}/rows/restore",
    "POST /api/v1/imports/preview",
    "POST /api/v1/imports/{import_id}/cancel",
    "POST /api/v1/imports/{import_id}/retry",
    "POST /api/v1/imports/{import_id}/undo",
    "POST /api/v1/runs/{run_id}/cancel",
    "POST /api/v1/runs/{run_id}/purge",
    "POST /api/v1/runs/{run_id}/restore",
    "POST /api/v1/runs/{run_id}/retry",
    "POST /api/v1/notifications/read",
    "POST /api/v1/operations/failed-jobs/{job_id}/retry",
    "POST /api/v1/notifications/{notice_id}/read",
    "POST /api/v1/schedules/{schedule_id}/pause",
    "POST /api/v1/schedules/{schedule_id}/restore",
    "POST /api/v1/schedules/{schedule_id}/resume",
    "POST /api/v1/tenants/{slug}/enter",
    "POST /api/v1/tenants/{slug}/suspend",
    "POST /api/v1/tenants/{slug}/resume",
}


# Routes that may answer before their endpoint and what it depends on are asked.
QUICK = {"GET /api/v1/datasets/{name}/rows"}


def make_app() -> FastAPI:
    """The application; it connects to nothing while its routes are looked at."""
    nowhere = make_url("postgresql+psycopg://nobody@localhost/nothing")
    settings = Settings(_env_file=None, secret_key="x" * 32)
    return api.create(
        settings, Database(Logins(nowhere, nowhere, nowhere), "x"), Storage("memory:")
    )


APP = make_app()
EVERY: list[Any] = [context.original_route for context in iter_route_contexts(APP.routes)]
# Sockets have no methods; each proves its caller itself, as its own tests show.
SOCKETS = {"/api/v1/events"}
ROUTES: list[Any] = [route for route in EVERY if not isinstance(route, WebSocketRoute)]
IDS = [f"{min(route.methods)} {route.path}" for route in ROUTES]
SHOWN = [route for route in ROUTES if route.include_in_schema]
each_route = pytest.mark.parametrize("route", ROUTES, ids=IDS)
each_shown = pytest.mark.parametrize(
    "route", SHOWN, ids=[f"{min(route.methods)} {route.path}" for route in SHOWN]
)


def name_of(route: APIRoute) -> str:
    """A route as method and address."""
    return f"{min(route.methods or ())} {route.path}"


def needs(dependant: Dependant) -> Iterator[Any]:
    """Everything that an endpoint depends on, at any depth."""
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from needs(dependency)


def operation(route: APIRoute) -> dict[str, Any]:
    """What the documentation says of a route."""
    found: dict[str, Any] = APP.openapi()["paths"][route.path][min(route.methods or ()).lower()]
    return found


def test_there_are_routes() -> None:
    """The rules below look at something, and the list of public routes names only what there is."""
    assert len(ROUTES) > 30
    assert set(IDS) >= PUBLIC | MAKES_NOTHING
    assert len(set(IDS)) == len(IDS)


def test_every_socket_is_known() -> None:
    """No socket is opened without a look at how it proves its caller."""
    assert {route.path for route in EVERY if isinstance(route, WebSocketRoute)} == SOCKETS


@each_route
def test_route_is_one_of_ours(route: Route) -> None:
    """Every route proves and counts its caller before it reads a body."""
    assert isinstance(route, ActorRoute)
    assert len(route.methods or ()) == 1


@each_route
def test_route_asks_for_an_actor(route: ActorRoute) -> None:
    """A route depends on an actor, or stands in the list of public routes."""
    is_public = name_of(route) in PUBLIC
    assert route.is_public is is_public
    assert (dependencies.actor in needs(route.dependant)) is not is_public


@each_route
def test_route_with_a_quick_way_is_known(route: ActorRoute) -> None:
    """All prove and count alike; what comes after that, only reading may shorten."""
    is_quick = type(route).quick is not ActorRoute.quick
    assert is_quick is (name_of(route) in QUICK)
    assert type(route).get_route_handler is ActorRoute.get_route_handler
    assert type(route).handle is APIRoute.handle


@each_route
def test_route_has_a_limit(route: ActorRoute) -> None:
    """Every route has a limit that the counter knows."""
    assert route.limit in APP.state.parts.limiter.items
    if route.path.endswith(("/auth/login", "/auth/refresh")):
        assert route.limit == limits.LOGIN


@each_shown
def test_route_documents_what_it_answers(route: ActorRoute) -> None:
    """A success has a schema, or a media type where it is a file, or no content at all."""
    success = {k: v for k, v in operation(route)["responses"].items() if k.startswith("2")}
    assert success
    for status, response in success.items():
        if status == "204":
            assert "content" not in response
            continue
        for media_type, content in response["content"].items():
            is_file = media_type != "application/json"
            assert is_file or content["schema"], "a JSON answer without a schema"


@each_shown
def test_route_documents_the_problem(route: ActorRoute) -> None:
    """Errors are documented in the one format, and in no other."""
    responses = operation(route)["responses"]
    assert {"4XX", "5XX"} <= set(responses)
    for status, response in responses.items():
        if status[0] in "45":
            assert list(response["content"]) == ["application/problem+json"]


@each_shown
def test_route_is_described(route: ActorRoute) -> None:
    """Every route has a summary, a sentence, one tag, an id of its own, and tells of its lock."""
    found = operation(route)
    assert found["description"].endswith(".")
    assert len(found["tags"]) == 1
    assert ("security" in found) is not route.is_public
    others = [o for other in SHOWN if other is not route for o in [operation(other)]]
    assert found["operationId"] not in [other["operationId"] for other in others]


@each_route
def test_body_refuses_unknown_fields(route: ActorRoute) -> None:
    """No field that nobody knows slips in."""
    for body in route.dependant.body_params:
        kinds = [body.field_info.annotation, *getattr(body.field_info.annotation, "__args__", ())]
        models = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
        assert models
        for model in models:
            assert model.model_config.get("extra") == "forbid"


@each_route
def test_session_commits_before_the_answer(route: ActorRoute) -> None:
    """Every session ends with the endpoint, so that a commit that fails is told."""

    def check(dependant: Dependant) -> None:
        for dependency in dependant.dependencies:
            if dependency.call is dependencies.session:
                assert dependency.scope == "function"
            check(dependency)

    check(route.dependant)


@each_route
def test_post_that_makes_something_takes_an_idempotency_key(route: ActorRoute) -> None:
    """A POST takes a key, or stands in the list of those that make nothing."""
    if "POST" not in (route.methods or ()):
        return
    takes = once.claim in needs(route.dependant) or route.endpoint in (start_import, upload_file)
    assert takes is (name_of(route) not in MAKES_NOTHING)
    parameters = [p["name"] for p in operation(route).get("parameters", [])]
    assert ("Idempotency-Key" in parameters) is takes


def test_every_problem_is_in_the_schema() -> None:
    """References to the problem lead to its schema."""
    problem = APP.openapi()["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == {
        "type", "title", "status", "detail", "code", "request_id", "errors",
    }  # fmt: skip
    assert "HTTPValidationError" not in APP.openapi()["components"]["schemas"]
