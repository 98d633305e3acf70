"""What import contracts and the linter cannot say of the code."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from workbench import __version__
from workbench.settings import ROOT

DOORS = {"api", "worker", "lab", "cli", "proof", "bench"}
FOUNDATION = {"db"}
NAMES = {"utils", "helpers", "common", "base", "manager", "service"}
CODE = ("workbench", "dashboards", "migrations")
VISIBLE = 16

ASKING = ("require", "require_somewhere")
# Public functions of a room that touch the database and ask for no permission, and why.
ASKING_NOBODY = {
    "access.impersonations.due": "answers ids only",
    "access.invitations.offered": "whoever holds the link; the link itself is the proof",
    "access.roles.refuse_own": "part of a command that has asked",
    "access.sign_in.begin": "the log-in task's; the policy asks user:authenticate",
    "access.sign_in.sign_out": "one's own",
    "access.switching.places": "one's own",
    "access.switching.switch": "one's own",
    "access.sign_out.change_password": "one's own",
    "audit.exports.lines": "its statements ask audit:read",
    "audit.verifying.links": "its statements ask audit:read",
    "audit.verifying.verify": "its statements ask audit:read",
    "datasets.express.statement": "its queries ask row:read and dataset:read",
    "datasets.known_texts.gather": "queries.require_rows asks",
    "datasets.orders.is_kept": "names an index; the statement that it serves asks row:read",
    "datasets.tables.schema_of": "names a schema",
    "datasets.commands.reading.read_deleted": "its statement asks row:write",
    "datasets.driver.of": "the connection under a session",
    "datasets.explain.explain": "access.standing.of asks role:manage",
    "datasets.loading.load": "part of a command that has asked",
    "datasets.replacing.make_room": "part of a command that has asked",
    "datasets.replacing.refuse": "part of a command that has asked",
    "datasets.replacing.take_back": "part of a command that has asked",
    "datasets.commands.imports.preview_import": "keeping.require_sender asks",
    "datasets.commands.imports.start_import": "keeping.require_sender asks, then of the dataset",
    "datasets.commands.loads.enqueue": "part of a command that has asked",
    "datasets.commands.sending.import_now": "keeping.require_sender asks",
    "datasets.commands.sending.send_import": "keeping.require_sender asks",
    "datasets.staging.begin": "part of a command that has asked; the function it calls asks too",
    "datasets.staging.end": "as begin",
    "datasets.staging.fill": "as begin",
    "datasets.staging.pages": "as begin",
    "datasets.reach.reach": "access.standing.of asks role:manage",
    "datasets.queries.require_rows": "asks, of a whole or a part",
    "datasets.readings.opened": "part of a command that has asked",
    "datasets.changing.note": "part of a command that has asked",
    "datasets.commands.private.as_maker": "gives what PostgreSQL gives him, too",
    "datasets.commands.purging.due": "answers ids only",
    "datasets.refusals.told": "part of a command that has asked",
    "datasets.joins.source": "part of a query that has asked",
    "datasets.sql.leave": "ends a transaction",
    "datasets.sql.prepare": "part of a function that has asked",
    "datasets.sql.search_path": "names schemas",
    "datasets.claims.tenants_with_old": "answers ids only",
    "datasets.watchdog.watched": "part of a command that has asked",
    "datasets.tables.view": "names a view",
    "files.commands.purging.tenants": "answers ids only",
    "notifications.announcements.write": "as mail",
    "notifications.invitations.resend": "access.invitations.renew asks",
    "notifications.invitations.send": "access.invitations.invite asks",
    "notifications.offers.link": "as mail",
    "runs.attempts.begin": "states.move asks run:start",
    "queue.commands.bid": "part of a command that has asked",
    "runs.attempts.clock": "a time alone",
    "runs.attempts.stalled": "answers ids only",
    "runs.upstream.barred": "answers ids only",
    "runs.upstream.require_known": "its statement asks run:read",
    "runs.keys.of": "a text alone",
    "runs.turns.next_turn": "answers ids only",
    "runs.states.enqueue": "part of a command that has asked",
    "schedules.ticking.due": "answers ids only",
    "tenants.logins.ensure": "one's own tenant's; PostgreSQL compares it with the token's",
    "access.commands.leave": "one's own place; the task that takes it names what it needs",
    "access.proof.require_login": "one's own",
    "access.sign_out.sign_out_there": "one's own",
    "access.sign_out.sign_out_everywhere": "one's own",
    "access.queries.actor_of": "asks who somebody is; permissions come of it",
    "access.queries.actors_of": "as actor_of",
    "access.queries.held": "what an actor that was looked up holds",
    "access.queries.unchanged": "asks whether somebody is still who he was; yes or no",
    "access.queries.admit": "gives a login or run what its user holds, and no more",
    "access.queries.revoke": "takes access away; whoever has the sid may",
    "audit.commands.due": "answers ids only",
    "audit.commands.record": "everybody is noted",
    "audit.commands.recording": "as record",
    "identity.queries.password_reset": "the log-in task's; the policy asks user:authenticate",
    "notifications.commands.mail": "part of a command that has asked; the policy asks too",
    "notifications.commands.write": "as mail",
    "notifications.commands.due": "answers ids only",
    "notifications.queries.kind": "names a table",
    "notifications.queries.one": "names a row",
    "identity.commands.open_login": "the log-in task's; the policy asks user:authenticate",
    "identity.commands.issue_refresh_token": "the log-in task's; the policy asks",
    "identity.commands.end_login": "one's own, or the log-in task's; the policy asks",
    "identity.commands.end_logins": "as end_login",
    "identity.commands.note_seen": "as end_login",
    "identity.queries.locked_login": "the log-in task's; the policy asks user:authenticate",
    "identity.queries.login_from": "the log-in task's; the policy asks user:authenticate",
    "identity.queries.logins": "one's own",
    "identity.queries.myself": "one's own row",
    "identity.queries.password_hash": "one's own, or the log-in task's; the policy asks",
    "identity.queries.refresh_token": "the log-in task's; the policy asks user:authenticate",
    "outbox.commands.put": "part of a command that has asked",
    "outbox.commands.due": "answers ids only",
    "outbox.commands.mark_sent": "the relay's, under the tenant's own token",
    "outbox.commands.call": "tells an id",
    "outbox.commands.hold": "the relay's, before it sends",
    "outbox.commands.stir": "tells an id",
    "outbox.commands.tenants_of": "answers ids only",
    "outbox.queries.after": "as message",
    "outbox.queries.newest": "as message",
    "events.showing.told": "each kind asks, and shows nothing to who may not",
    "events.showing.runs": "asks, and shows nothing to who may not",
    "events.showing.datasets": "asks, and shows nothing to who may not",
    "runs.states.tell": "part of a command that has asked",
    "outbox.commands.notify": "tells an id",
    "outbox.queries.messages": "as message",
    "outbox.queries.message": "whoever hears an id looks under its own token",
    "queue.commands.enqueue": "part of a command that has asked",
    "runs.commands.cancel": "states.move asks run:start",
    "runs.commands.retry": "states.move asks run:start",
    "tenants.queries.tenants": "one's own tenant; others are platform:read's, by policy",
    "tenants.queries.tenant": "as tenants",
    "tenants.queries.tenant_with_slug": "as tenants",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parsed(path: Path) -> ast.Module:
    """A module as its syntax, read once."""
    return ast.parse(path.read_text())


def modules(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Every module below some folders of the repository."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, parsed(path)


def rooms() -> Iterator[tuple[str, ast.Module]]:
    """The modules of rooms, by their dotted name below `workbench`."""
    for path, module in modules("workbench"):
        parts = path.relative_to(ROOT / "workbench").with_suffix("").parts
        if len(parts) > 1 and parts[0] not in DOORS | FOUNDATION:
            yield ".".join(part for part in parts if part != "__init__"), module


def functions(module: ast.Module) -> dict[str, Function]:
    """The functions at the top of a module, by name."""
    return {n.name: n for n in module.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def asks(function: Function, near: dict[str, Function], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a function asks for a permission, itself or through a function beside it."""
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr in ASKING:
            return True
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name in near and name not in seen and asks(near[name], near, seen | {name}):
            return True
    return False


def needs_asking(function: Function) -> bool:
    """Whether a public function gets a session or an actor."""
    names = {a.arg for a in (*function.args.args, *function.args.kwonlyargs)}
    return not function.name.startswith("_") and bool(names & {"session", "actor"})


class TestPermissions:
    """Rooms ask before they do anything."""

    def test_every_function_of_a_room_asks(self) -> None:
        """Each public function that gets a session or an actor asks, or has a reason."""
        silent = {
            f"{name}.{function.name}"
            for name, module in rooms()
            for function in functions(module).values()
            if needs_asking(function) and not asks(function, functions(module))
        }
        assert silent - set(ASKING_NOBODY) == set()

    def test_every_reason_is_needed(self) -> None:
        """The list of reasons names functions that there are."""
        there = {f"{name}.{f}" for name, module in rooms() for f in functions(module)}
        assert set(ASKING_NOBODY) <= there


class TestRooms:
    """What rooms leave to doors."""

    def test_they_never_commit(self) -> None:
        """A transaction ends where it began: in a door."""
        found = [
            f"{name}:{call.lineno}"
            for name, module in rooms()
            for call in ast.walk(module)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "commit"
        ]
        assert found == []

    def test_they_do_not_read_the_clock(self) -> None:
        """Time is passed in."""
        clocks = ("datetime.now", "datetime.utcnow", "time.time", "date.today")
        found = [
            f"{name}:{call.lineno}"
            for name, module in rooms()
            for call in ast.walk(module)
            if isinstance(call, ast.Call) and ast.unparse(call.func) in clocks
        ]
        assert found == []

    def test_relationships_are_loaded_on_purpose(self) -> None:
        """Each says lazy="raise", so that nobody can forget to load it."""
        seen = 0
        for name, module in rooms():
            for call in (node for node in ast.walk(module) if isinstance(node, ast.Call)):
                if ast.unparse(call.func).split(".")[-1] == "relationship":
                    seen += 1
                    given = {k.arg: ast.unparse(k.value) for k in call.keywords}
                    assert given.get("lazy") == "'raise'", name
        assert seen >= 5

    def test_queries_do_no_io(self) -> None:
        """A query is a value: `queries` select, and await nothing but who somebody is."""
        found = {
            f"{name}.{function.name}"
            for name, module in rooms()
            if name.endswith(".queries")
            for function in functions(module).values()
            if isinstance(function, ast.AsyncFunctionDef)
        }
        assert found <= {
            "access.queries.actor_of",
            "access.queries.actors_of",
            "access.queries.admit",
            "access.queries.revoke",
        }


class TestNames:
    """What nothing is called."""

    @pytest.mark.parametrize("folder", CODE)
    def test_no_module_is_a_drawer(self, folder: str) -> None:
        """No file or folder is called utils, helpers, common, base, manager or service."""
        found = [p for p in (ROOT / folder).rglob("*") if p.name.split(".")[0] in NAMES]
        assert found == []

    def test_nothing_reads_through_pandas(self) -> None:
        """`read_sql` slips past soft delete; only what the lab is measured against uses it."""
        sources = [*(ROOT / "notebooks").rglob("*.ipynb"), *(p for p, _ in modules(*CODE))]
        measured = ROOT / "workbench" / "bench" / "frames.py"
        assert [p for p in sources if "read_sql" in p.read_text()] == [measured]

    def test_no_path_of_a_machine_is_named(self) -> None:
        """No source holds the home folder of whoever wrote it."""
        homes = ("/home/", "/Users/", "C:\\\\Users")
        found = [p for p, _ in modules(*CODE) if any(home in p.read_text() for home in homes)]
        assert found == []


class TestRoot:
    """The first page of the repository."""

    def test_it_is_short(self) -> None:
        """At most 16 visible entries."""
        ignored = {"dist", "htmlcov", "build"}
        visible = [
            p for p in ROOT.iterdir() if not p.name.startswith(".") and p.name not in ignored
        ]
        assert len(visible) <= VISIBLE

    def test_the_changelog_knows_the_version(self) -> None:
        """The changelog describes the version that the package tells, or the one to come."""
        log = (ROOT / "CHANGELOG.md").read_text()
        assert f"## [{__version__}]" in log or "## [Unreleased]" in log
