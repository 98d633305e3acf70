"""Attempts through ad-hoc SQL: what people may type, and what they must not get by typing it."""

from collections.abc import Iterator
from dataclasses import dataclass

from workbench.actor import Actor
from workbench.datasets import commands
from workbench.errors import WorkbenchError
from workbench.permissions import MEMBER_ROLES, Permission
from workbench.proof import catalogue, passes
from workbench.proof.catalogue import Relation
from workbench.proof.findings import ANOTHER, BEYOND, Finding, outcome
from workbench.proof.logins import OWN, SAME
from workbench.proof.verbs import SELECTS
from workbench.proof.world import Seen, World

DOOR = "ad-hoc SQL"
OWN_ROWS = "select * from data.secrets"
# `{token}` is a token that names the other tenant; `{0}` a view.
HOSTILE = {
    "another token first": "select set_config('workbench.actor_token', '{token}', false), * "
    "from {0}",
    "another token in a CTE": "with c as materialized (select set_config("
    "'workbench.actor_token', '{token}', true)) select * from c, {0}",
    "two statements": "select 1; select * from {0}",
    "set": "set workbench.actor_token = '{token}'",
    "become the owner": "set role workbench_owner",
    "row_security off": "set row_security = off",
    "delete in a CTE": "with gone as (delete from {0} returning *) select * from gone",
    "do block": "do $$ begin perform 1; end $$",
    "table behind": "select * from workbench.runs",
    "keys": "select * from workbench_private.actor_keys",
    "who is signed in": "select * from workbench_private.live",
    "others' statements": "select query from pg_stat_activity",
    "query in a string": "select query_to_xml('select * from workbench.runs', true, true, '')",
    "copy": "copy (select * from {0}) to stdout",
    "file": "select pg_read_file('postgresql.conf')",
    "large objects": "select lo_import('/etc/passwd')",
    "statistics": "select * from pg_stats where schemaname in ('workbench', 'rows')",
    "logins' passwords": "select * from pg_authid",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One statement that somebody types."""

    name: str
    statement: str
    relation: Relation
    actor: Actor
    role: str
    token: str
    aim: str

    @property
    def group(self) -> str:
        """What it shares with its like, so that a sample has some of each."""
        return f"{DOOR} {self.role} {self.token}"


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody of tenant A who asks in SQL."""

    world: World

    def cases(self) -> Iterator[Question]:
        """Everything that can be asked."""
        mine, other = self.world.a, self.world.b
        stolen = list(passes.worthless(self.world, other).values())[2:]
        superuser = self.world.superuser
        every = catalogue.reader_views(superuser) + catalogue.private_views(superuser)
        # What is asked stands in the asker's audit: the other tenant's id, once typed, would be
        # found there for good.
        views = [view for view in every if view.is_owned and view.is_near(mine.tenant_id)]
        for number, view in enumerate(views):
            for actor, role, token in self._people():
                for name, form in SELECTS.items():
                    aim = BEYOND if not actor.may(Permission.SQL_RUN) else ANOTHER
                    asked = form.format(view)
                    yield Question(name, asked, view, actor, role, token, aim)
            for name, form in HOSTILE.items():
                asked = form.replace("{token}", stolen[number % len(stolen)]).replace(
                    "{0}", f"{view}"
                )
                yield Question(name, asked, view, mine.member, "owner", "own", ANOTHER)

    def _people(self) -> Iterator[tuple[Actor, str, str]]:
        mine = self.world.a
        for role in MEMBER_ROLES:
            yield mine.members[role], role, "own"
        narrow = mine.member.narrowed([Permission.SQL_RUN])
        yield narrow, "owner", "narrowed to sql:run"
        if mine.gone is not None:
            yield mine.gone, passes.STRANGER, "signed out"

    async def try_(self, case: Question) -> Finding:
        """Ask, and ask beside it what must be answered."""
        mine, other = self.world.a, self.world.b
        seen = await self._answer(case.actor, case.statement)
        own = self._forbids_own(case) and mine in seen
        is_leak = other in seen or own
        same = case.name in SELECTS and case.relation.schema == "data"  # entities are not for SQL
        control = await self._answer(mine.member, case.statement if same else OWN_ROWS)
        return Finding(
            DOOR,
            case.role,
            case.token,
            case.name,
            str(case.relation),
            case.aim,
            *outcome(seen, is_leak=is_leak),
            SAME if same else OWN,
            is_leak,
            mine in control,
        )

    def _forbids_own(self, case: Question) -> bool:
        return case.aim == BEYOND or case.role == passes.STRANGER

    async def _answer(self, actor: Actor, statement: str) -> Seen:
        try:
            result = await commands.run_sql(self.world.database, actor, statement)
        except WorkbenchError as error:
            return Seen(error.code, rows=[str(error)])
        except Exception as error:  # noqa: BLE001 (PostgreSQL's own refusal, told as it stands)
            return Seen(type(error).__name__, rows=[str(getattr(error, "orig", ""))])
        return Seen(None, len(result.rows), result.rows)
