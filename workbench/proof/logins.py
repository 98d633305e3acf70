"""Attempts as each login of PostgreSQL, by every token on every table and view."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import psycopg

from workbench.permissions import Role
from workbench.proof import catalogue, passes, verbs
from workbench.proof.catalogue import Relation
from workbench.proof.findings import ANOTHER, BEYOND, Finding, outcome
from workbench.proof.passes import Pass
from workbench.proof.verbs import Aim, Verb
from workbench.proof.world import APP, LOGINS, READER, TENANT, Seen, Side, World, connect, tell

DOORS = {APP: "application", READER: "reader", TENANT: "notebook"}
SELECT = next(verb for verb in verbs.READS if verb.name == "select")
OWN_ROWS = Relation("data", "secrets", "v", (), ())
SAME, OWN = "same", "own rows"
# Who is let in where nobody should be may have to wait; the proof goes on.
LIMITS = "-c lock_timeout=1000 -c statement_timeout=10000"
IDLE = psycopg.pq.TransactionStatus.IDLE


@dataclass(frozen=True, slots=True)
class Case:
    """One attempt that can be made as a login."""

    login: str
    verb: Verb
    relation: Relation
    shown: Pass
    aim: str

    @property
    def group(self) -> str:
        """What it shares with its like, so that a sample has some of each."""
        return f"{self.login} {self.verb.name}"


@dataclass
class Attacker:
    """Somebody of tenant A, with a connection as each login, who is after the rows of B."""

    world: World
    stack: ExitStack
    _connections: dict[str, psycopg.Connection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Learn from the catalogue which rights there are."""
        self.mine, self.other = self.world.a, self.world.b
        superuser = self.world.superuser
        self.needed = catalogue.needed(superuser)
        names = {login: str(self.world.url(login, self.mine).username) for login in LOGINS}
        self.granted = {login: catalogue.granted(superuser, names[login]) for login in LOGINS}
        self.tables = [t for t in catalogue.tables(superuser) if t.schema != "staging"]
        self.views = catalogue.reader_views(superuser) + catalogue.private_views(superuser)

    def cases(self) -> Iterator[Case]:
        """Everything that can be tried."""
        for login in LOGINS:
            shown = list(passes.passes(self.world, login, self.mine, self.other))
            for relation, verb in self._tries(login):
                for token in shown:
                    yield from self._cases(login, verb, relation, token)
                if login == APP and verb.is_read and "tenant_id" in relation.columns:
                    yield Case(login, verb, relation, self._operator(), ANOTHER)

    def try_(self, case: Case) -> Finding:
        """Make an attempt, and its control beside it."""
        target = self.other if case.aim == ANOTHER else self.mine
        seen = self._seen(case.login, case.shown.token, case.verb, case.relation, target)
        forbidden = [self.other, self.mine] if case.shown.is_worthless else [target]
        is_leak = any(case.verb.reached(seen, side, is_target=side is target) for side in forbidden)
        control, is_controlled = self._control(case)
        return Finding(
            DOORS[case.login],
            case.shown.role,
            case.shown.kind,
            case.verb.name,
            named(case.relation),
            case.aim,
            *outcome(seen, is_leak=is_leak),
            control,
            is_leak,
            is_controlled,
        )

    def _tries(self, login: str) -> Iterator[tuple[Relation, Verb]]:
        for view in self.views:
            tried = verbs.for_views() if login != APP else verbs.READS
            if view.is_owned and (login != APP or view.is_of_dataset):
                yield from ((view, verb) for verb in tried)
        for table in self.tables:
            tried = verbs.for_tables(table) if login == APP else (SELECT,)
            is_platform = table.name in ("definitions", "columns", "alembic_version")
            if not is_platform:
                yield from ((table, verb) for verb in tried if self._has_rows(table, verb))

    def _has_rows(self, table: Relation, verb: Verb) -> bool:
        return verb.is_read or not verb.needs or str(table) in self.mine.planted

    def _cases(self, login: str, verb: Verb, relation: Relation, shown: Pass) -> Iterator[Case]:
        yield Case(login, verb, relation, shown, ANOTHER)
        need = self._need(relation, verb)
        if shown.held is not None and need is not None and need not in shown.held:
            yield Case(login, verb, relation, shown, BEYOND)

    def _need(self, relation: Relation, verb: Verb) -> str | None:
        table = f"workbench.{relation.name}" if relation.schema == "views" else str(relation)
        if relation.is_of_dataset:
            table = next(str(t) for t in self.tables if t.schema == "rows")
        return self.needed.get((table, verb.needs))

    def _operator(self) -> Pass:
        token = self.world.database.key.mint(self.world.operator)
        return Pass(Role.OPERATOR, "own", token, None)

    def _control(self, case: Case) -> tuple[str, bool]:
        """The twin of an attempt: the nearest thing that must succeed with one's own row."""
        verb, relation, words = case.verb, case.relation, SAME
        if verb.twin is not None:
            verb, words = self._named(verb.twin), OWN
        if not self._may(case.login, relation, verb):
            verb, words = SELECT, OWN
            if not self._may(case.login, relation, verb):
                relation = OWN_ROWS
        token = self.world.token(case.login, self.mine)
        seen = self._seen(case.login, token, verb, relation, self.mine)
        return words, verb.reached(seen, self.mine, is_target=True)

    def _named(self, name: str) -> Verb:
        return next(v for v in (*verbs.READS, *verbs.CHANGES) if v.name == name)

    def _may(self, login: str, relation: Relation, verb: Verb) -> bool:
        if not relation.is_view and "tenant_id" not in relation.columns:
            return False
        if not verb.is_read and relation.name in catalogue.WRITTEN_OUTSIDE:
            return False
        return (str(relation), verb.needs) in self.granted[login]

    def _seen(self, login: str, token: str, verb: Verb, relation: Relation, target: Side) -> Seen:
        connection = self._connection(login)
        tell(connection, token)
        try:
            return verb.try_(connection, relation, Aim(self.mine, target))
        except psycopg.Error as error:  # what no statement may do: the driver itself gave up
            return Seen(error.sqlstate, 1)

    def _connection(self, login: str) -> psycopg.Connection:
        found = self._connections.get(login)
        if found is None or found.closed or found.info.transaction_status != IDLE:
            if found is not None:
                found.close()  # a statement that the driver cannot end, such as COPY, holds locks
            url = self.world.url(login, self.mine)
            found = self.stack.enter_context(connect(url, options=LIMITS))
            self._connections[login] = found
        return found


def named(relation: Relation) -> str:
    """A relation's name for people; that of a dataset's table is an id, which tells nothing."""
    if relation.schema == "rows":
        return "rows of datasets"
    return f"private {relation.name}" if relation.is_private else str(relation)
