"""Requests made from the API's own description: none may be a failure of the server."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api import shop
from tests.api.conftest import MakeClient, assert_problem
from tests.conftest import MakeActor
from workbench.permissions import Role
from workbench.tenants.models import Tenant

EXAMPLES = 8
ODD = st.sampled_from(
    ["", "0", "-1", "\0", "'", '"', "%", "../..", "${x}", "[]", "{}", "null", "\u202e", "é" * 300]
)
TEXTS = st.one_of(ODD, st.text(max_size=30), st.uuids().map(str), st.just("tenant_report"))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


def body_of(schema: dict[str, Any], spec: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Bodies that look like a schema, with a wrong value here and there."""
    if "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "properties" in schema and depth < 4:
        parts = {k: body_of(v, spec, depth + 1) for k, v in schema["properties"].items()}
        needed = {k: v for k, v in parts.items() if k in schema.get("required", [])}
        rest = {k: v for k, v in parts.items() if k not in needed}
        return st.one_of(st.fixed_dictionaries(needed, optional=rest), JSON)
    if schema.get("type") == "array" and depth < 4:
        return st.lists(body_of(schema.get("items", {}), spec, depth + 1), max_size=3)
    if "enum" in schema:
        return st.one_of(st.sampled_from(schema["enum"]), TEXTS)
    if schema.get("type") == "string":
        return st.one_of(st.sampled_from(["amount", "code", "day"]), TEXTS)
    if schema.get("type") == "integer":
        return st.one_of(st.integers(), st.integers(1, 100))
    return JSON


def request_of(method: str, path: str, spec: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
    """Requests of one operation: path, query, headers and body."""
    operation = spec["paths"][path][method]
    found = operation.get("parameters", [])
    values = st.one_of(TEXTS, st.just(name))
    parts = {
        "path": st.fixed_dictionaries({p["name"]: values for p in found if p["in"] == "path"}),
        "query": st.fixed_dictionaries(
            {}, optional={p["name"]: TEXTS for p in found if p["in"] == "query"}
        ),
        "headers": st.fixed_dictionaries(
            {}, optional={p["name"]: st.text(max_size=20) for p in found if p["in"] == "header"}
        ),
    }
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content:
        parts["body"] = body_of(content["schema"], spec)
    return st.fixed_dictionaries(parts)


async def send(client: httpx.AsyncClient, method: str, path: str, made: Any) -> httpx.Response:
    """Send a request that was made up."""
    url = path
    for key, value in made["path"].items():
        url = url.replace(f"{{{key}}}", httpx.QueryParams({"x": value}).__str__()[2:] or "x")
    headers = [(k.encode(), v.encode("utf-8", "replace")) for k, v in made["headers"].items()]
    query = {key: value.encode("utf-8", "replace") for key, value in made["query"].items()}
    more: dict[str, Any] = {}
    if "body" in made:
        import json  # noqa: PLC0415

        more["content"] = json.dumps(made["body"]).encode()
        headers.append((b"Content-Type", b"application/json"))
    return await client.request(
        method.upper(), url, params=httpx.QueryParams(query), headers=headers, **more
    )


@pytest.fixture
async def owner(
    make_client: MakeClient, make_actor: MakeActor, tenant: Tenant
) -> httpx.AsyncClient:
    """A client that may do what a member can."""
    return await make_client(await make_actor(tenant, Role.OWNER))


@pytest.mark.no_cover  # as for every test that draws examples
async def test_no_request_makes_the_server_fail(
    app: FastAPI, owner: httpx.AsyncClient, operating: httpx.AsyncClient
) -> None:
    """Whatever is sent to a route, as a member or as the operator, is answered below 500."""
    spec = app.openapi()
    name = await shop.define(operating)
    loop = asyncio.get_running_loop()

    def check(method: str, path: str) -> None:
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(made=request_of(method, path, spec, name))
        def run(made: Any) -> None:
            for client in (owner, operating):
                sent = asyncio.run_coroutine_threadsafe(send(client, method, path, made), loop)
                response = sent.result(60)
                if response.status_code >= 400:
                    assert response.status_code < 500, (method, path, made, response.text)
                    if method != "head":  # whose answers have no body
                        assert_problem(response, response.status_code)

        run()

    for path, methods in spec["paths"].items():
        for method in methods:
            if path not in ("/api/v1/auth/logout", "/health/ready"):
                await asyncio.to_thread(check, method, path)
