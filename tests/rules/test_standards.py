"""What routes, table classes and migrations have in common, wherever they come from."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import DateTime
from sqlalchemy.orm import Mapper

from tests.rules.test_models import mappers
from tests.rules.test_routes import APP, SHOWN, each_shown, name_of, operation
from workbench.api.routes import ActorRoute
from workbench.db.ids import new_id
from workbench.db.model import Model
from workbench.settings import ROOT

MIGRATIONS = sorted((ROOT / "migrations" / "versions").glob("[0-9]*.py"))
OPERATORS = {"/health/live", "/health/ready", "/metrics"}
TAKES_CHANGES = {route.path for route in SHOWN if "PATCH" in route.methods}


def parameters(route: ActorRoute) -> set[str]:
    """The names of a route's parameters, as the documentation tells them."""
    return {found["name"].lower() for found in operation(route).get("parameters", [])}


@each_shown
def test_route_has_the_prefix(route: ActorRoute) -> None:
    """What is not an operator's stands under the version of the API."""
    assert route.path.startswith("/api/v1/") or route.path in OPERATORS


@each_shown
def test_route_answers_lists_as_pages(route: ActorRoute) -> None:
    """No JSON answer is a bare list; one with items has a cursor, and a cursor has a limit."""
    schemas = APP.openapi()["components"]["schemas"]
    for response in operation(route)["responses"].values():
        shape = response.get("content", {}).get("application/json", {}).get("schema", {})
        found = schemas.get(shape.get("$ref", "").rpartition("/")[2], shape)
        assert found.get("type") != "array"
        assert ("items" in found.get("properties", {})) is (
            "next_cursor" in found.get("properties", {})
        )
    assert ("cursor" in parameters(route)) is ("limit" in parameters(route))


@each_shown
def test_route_that_changes_takes_if_match(route: ActorRoute) -> None:
    """PATCH takes `If-Match`, and DELETE of what PATCH can change does so too."""
    method = name_of(route).split()[0]
    if method in {"PATCH", "DELETE"} and route.path in TAKES_CHANGES:
        assert "if-match" in parameters(route)
    assert TAKES_CHANGES


@pytest.mark.parametrize("mapper", mappers(), ids=lambda mapper: mapper.class_.__name__)
def test_times_have_a_zone(mapper: Mapper[Model]) -> None:
    """No column holds a time that could mean two moments."""
    times = [c.type for c in mapper.local_table.columns if isinstance(c.type, DateTime)]
    assert all(time.timezone for time in times)


def test_ids_sort_by_their_time() -> None:
    """Ids are UUIDs of version 7, none is made twice, and each sorts after those before."""
    ids = [new_id() for _ in range(1000)]
    assert {found.version for found in ids} == {7}
    assert sorted(set(ids)) == ids


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_imports_nothing_that_changes(path: Path) -> None:
    """A migration knows other migrations and their helpers, and no code of the application."""
    tree = ast.parse(path.read_text())
    names = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    names += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert names
    assert not {name.split(".")[0] for name in names} & {"workbench", "dashboards"}


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_can_be_taken_back(path: Path) -> None:
    """Each has a downgrade that does something."""
    functions = {n.name: n for n in ast.parse(path.read_text()).body if hasattr(n, "name")}
    assert {"upgrade", "downgrade"} <= set(functions)
    assert any(isinstance(node, ast.Call) for node in ast.walk(functions["downgrade"]))
