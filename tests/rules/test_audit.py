"""Whatever changes something, or hands out rows, leaves an entry in the audit."""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from types import FunctionType
from typing import Any

import pytest

from tests.rules.test_code import rooms
from tests.rules.test_routes import IDS, ROUTES
from workbench.audit import commands as audit
from workbench.cli import users
from workbench.datasets import express

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
# Routes that hand out what belongs to the tenant, beyond its lists of names.
HANDING_OUT = {
    "GET /api/v1/audit",
    "GET /api/v1/audit/export",
    "GET /api/v1/datasets/{name}/rows",
    "GET /api/v1/files/{file_id}/content",
    "GET /api/v1/imports/{import_id}/rejects",
    "GET /api/v1/imports/{import_id}/rejects.csv",
    "GET /api/v1/runs/{run_id}/artifacts/{name}",
    "GET /api/v1/runs/{run_id}/diff/{other_id}",
    "GET /api/v1/runs/{run_id}/log",
    "GET /api/v1/runs/{run_id}/report",
    "GET /api/v1/runs/{run_id}/report.pdf",
}
# Routes that change nothing, though their verb could, or that leave a record of another kind.
UNCHANGING = {
    "PATCH /api/v1/files/uploads/{upload_id}": "a part of a file; its beginning and end are noted",
    "POST /api/v1/auth/password-reset": "asks for a mail; the change that follows is noted",
    "POST /api/v1/notifications/read": "that one has read what one was told",
    "POST /api/v1/notifications/{notice_id}/read": "that one has read what one was told",
    "POST /api/v1/purges": "leaves a row in purges, which outlives the tenant",
    "POST /api/v1/invitations/show": "reads what a link offers, by a token no address may hold",
}
MAIL = "a letter on its way; what it tells of was noted"
# Commands that leave no entry of their own, and why.
SILENT = {
    "audit.commands.due": "reads ids",
    "audit.commands.purge": "leaves a row in audit_purges, which outlives the tenant",
    "audit.commands.seal": "adds a link to the chain",
    "datasets.commands.orders.order_statement": "reads; the order is noted when it is kept",
    "datasets.commands.keeping.place_of_rejects": "reads; handing them out is noted",
    "datasets.commands.keeping.settle": "part of a command that notes what it does",
    "datasets.commands.loads.enqueue": "part of a command that notes what it does",
    "datasets.commands.loads.forget_rejects": "part of a command that notes what it does",
    "datasets.commands.loads.locked": "reads a row",
    "datasets.commands.loads.note_progress": "a share and two counts; begin and finish are noted",
    "datasets.commands.purging.due": "reads ids",
    "files.commands.attaching.place": "reads",
    "files.commands.attaching.settle": "part of a command that notes what it does",
    "files.commands.parts.append": "a part of a file; its beginning and end are noted",
    "files.commands.parts.found": "reads",
    "files.commands.purging.tenants": "reads ids",
    "identity.commands.create_user": "belongs to no tenant yet; joining one is noted",
    "identity.commands.end_login": "part of sign_out and refresh, which note it",
    "identity.commands.end_logins": "part of commands that note what they do",
    "identity.commands.issue_refresh_token": "part of a log-in, which is noted",
    "identity.commands.note_seen": "a time alone",
    "identity.commands.open_login": "part of a log-in, which is noted",
    "notifications.commands.claim": MAIL,
    "notifications.commands.drop": MAIL,
    "notifications.commands.due": "reads ids",
    "notifications.commands.give_up": MAIL,
    "notifications.commands.mail": MAIL,
    "notifications.commands.mark_sent": MAIL,
    "notifications.commands.put_off": MAIL,
    "outbox.commands.due": "reads ids",
    "outbox.commands.mark_sent": "a message has left; what it tells of was noted",
    "outbox.commands.forget": "a message that left long ago; what it tells of was noted",
    "outbox.commands.hold": "a lock",
    "outbox.commands.stir": "a message has left; what it tells of was noted",
    "outbox.commands.tenants_of": "reads ids",
    "outbox.commands.call": "a message has left; what it tells of was noted",
    "outbox.commands.notify": "a message has left; what it tells of was noted",
    "queue.commands.bid": "part of a command that notes what it does",
    "queue.commands.enqueue": "part of a command that notes what it does",
}


def named(tree: ast.AST, scope: dict[str, Any]) -> Iterator[Any]:
    """Everything that a function's text names, as far as its module knows it."""
    for found_node in ast.walk(tree):
        node, path = found_node, []
        while isinstance(node, ast.Attribute):
            path.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id in scope:
            found = scope[node.id]
            for name in reversed(path):
                found = getattr(found, name, None)
            yield found


def records(function: Any, seen: set[Any]) -> bool:
    """Whether a function notes what it does in the audit, itself or through functions of ours."""
    function = inspect.unwrap(function)
    if function is audit.record or function is audit.recording:
        return True
    ours = isinstance(function, FunctionType) and function.__module__.startswith("workbench.")
    if not ours or function in seen:
        return False
    seen.add(function)
    return any(records(found, seen) for found in used(function))


@cache
def used(function: FunctionType) -> list[Any]:
    """Everything that a function names, found once for all commands that lead to it."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return list(named(tree, function.__globals__))


@cache
def commands() -> dict[str, Any]:
    """Every public coroutine of the rooms' commands, by its name."""
    found: dict[str, Any] = {}
    for name, _ in rooms():
        if name.split(".")[1:2] != ["commands"]:
            continue
        module = importlib.import_module(f"workbench.{name}")
        for key, value in vars(module).items():
            is_own = getattr(value, "__module__", "") == module.__name__
            if inspect.iscoroutinefunction(value) and is_own and not key.startswith("_"):
                found[f"{name}.{key}"] = value
    return found


CHANGES = [
    pytest.param(route, id=name)
    for route, name in zip(ROUTES, IDS, strict=True)
    if name.split()[0] in CHANGING and name not in UNCHANGING
]


@pytest.mark.parametrize("route", CHANGES)
def test_a_changing_route_leaves_an_entry(route: Any) -> None:
    """Each leads to a command that notes what it does."""
    assert records(route.endpoint, set())


@pytest.mark.parametrize("name", sorted(HANDING_OUT))
def test_a_route_that_hands_something_out_leaves_an_entry(name: str) -> None:
    """Reading is noted as changing is."""
    assert records(ROUTES[IDS.index(name)].endpoint, set())


def test_the_quick_way_to_a_page_leaves_an_entry() -> None:
    """The statement that reads a page in one round trip notes it too."""
    assert records(express.statement, set())


@pytest.mark.parametrize("name", sorted(commands()))
def test_a_command_leaves_an_entry(name: str) -> None:
    """Each command of a room notes what it does, or stands in the list with its reason."""
    assert records(commands()[name], set()) is (name not in SILENT)


def test_the_rule_looks_at_something() -> None:
    """Routes and commands are found, no reason is idle, and the rule itself can fail."""
    assert len(CHANGES) > 15
    assert len(commands()) > 25
    assert set(SILENT) <= set(commands())
    assert set(UNCHANGING) <= set(IDS)
    assert not records(users.list_, set())
