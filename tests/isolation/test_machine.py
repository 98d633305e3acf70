"""A state machine plays two tenants against each other through API, SQL, reader and notebook.

People come, go, change roles, sign in and out, in either tenant or both; rows are added, imported,
deleted and restored; tenants are suspended and resumed; tokens are replayed, forged and expired.
After every step each door must show each sign-in exactly the rows that a model expects.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.isolation.arena import DENIED, FIND, ROWS, Arena, Words
from tests.support import people, samples
from workbench.actor import Actor
from workbench.db.embedded import Embedded
from workbench.db.isolation import ActorKey
from workbench.errors import Unauthenticated
from workbench.identity.tokens import Tokens
from workbench.permissions import MEMBER_ROLES, ROLES, Permission, Role
from workbench.settings import Settings
from workbench.storage import Storage

PROVE = bool(os.environ.get("WORKBENCH_PROVE"))
GAMES, STEPS = (60, 60) if PROVE else (6, 25)
PERSONS = range(3)
OTHER_SECRET = "another secret, also long enough for a key"
PAST = timedelta(minutes=-5)
sides = st.sampled_from([0, 1])
persons = st.sampled_from(PERSONS)
picks = st.integers(0, 1000)


@dataclass(slots=True)
class Place:
    """One tenant as the model has it: its live and its deleted rows by id."""

    id: UUID
    rows: dict[int, str] = field(default_factory=dict)
    deleted: dict[int, str] = field(default_factory=dict)
    is_suspended: bool = False

    @property
    def words(self) -> Words:
        """What its members see."""
        return frozenset(self.rows.values())


@dataclass(slots=True)
class Seat:
    """A membership as the model has it."""

    id: UUID
    role: Role


@dataclass(slots=True)
class SignIn:
    """A sign-in; once it has ended it never comes back."""

    actor: Actor
    person: int
    side: int
    has_ended: bool = False


class Machine(RuleBasedStateMachine):
    """The game; `arena` is set by the test."""

    arena: Arena

    @initialize()
    def begin(self) -> None:
        """Two tenants and some people who belong nowhere yet."""
        self.places = [Place(self.arena.found()) for _ in range(2)]
        self.users = [self.arena.do(people.make_user(self.arena.database)).id for _ in PERSONS]
        self.seats: dict[tuple[int, int], Seat] = {}
        self.sign_ins: list[SignIn] = []
        self.turn = 0

    # ---------------------------------------------------------------------------- people

    @rule(person=persons, side=sides, role=st.sampled_from(MEMBER_ROLES))
    def seat(self, person: int, side: int, role: Role) -> None:
        """Make somebody a member, or give a member another role."""
        database, tenant_id = self.arena.database, self.places[side].id
        seat = self.seats.get((person, side))
        if seat is None:
            made = self.arena.do(people.join(database, tenant_id, self.users[person], role))
            self.seats[person, side] = Seat(made, role)
        else:
            self.arena.do(people.change_role(database, tenant_id, seat.id, role))
            seat.role = role

    @precondition(lambda self: self.seats)
    @rule(pick=picks)
    def unseat(self, pick: int) -> None:
        """Remove a member; what he had open there ends."""
        person, side = sorted(self.seats)[pick % len(self.seats)]
        seat = self.seats.pop((person, side))
        self.arena.do(people.leave(self.arena.database, self.places[side].id, seat.id))
        self._end(side, person)

    @precondition(lambda self: self.seats)
    @rule(pick=picks)
    def sign_in(self, pick: int) -> None:
        """Sign a member in, where the tenant lets anybody in."""
        person, side = sorted(self.seats)[pick % len(self.seats)]
        place = self.places[side]
        admitting = people.admit(self.arena.database, self.users[person], place.id)
        if place.is_suspended:
            with pytest.raises(Unauthenticated):
                self.arena.do(admitting)
        else:
            self.sign_ins.append(SignIn(self.arena.do(admitting), person, side))

    @rule(person=persons, side=sides)
    def sign_in_as_a_stranger(self, person: int, side: int) -> None:
        """Who is no member does not come in."""
        if (person, side) not in self.seats:
            with pytest.raises(Unauthenticated):
                self.arena.do(
                    people.admit(self.arena.database, self.users[person], self.places[side].id)
                )

    @precondition(lambda self: self.sign_ins)
    @rule(pick=picks)
    def sign_out(self, pick: int) -> None:
        """Sign out; the token is worth nothing from then on."""
        one = self._one(pick)
        answer = self.arena.call("POST", "/auth/logout", self.arena.bearer(one.actor))
        assert answer.status_code in ((401, 204, 200) if one.has_ended else (204, 200))
        one.has_ended = True

    @rule(side=sides)
    def suspend_or_resume(self, side: int) -> None:
        """Suspend a tenant, which ends every sign-in there, or let it in again."""
        place = self.places[side]
        place.is_suspended = not place.is_suspended
        self.arena.suspend(place.id, suspended=place.is_suspended)
        if place.is_suspended:
            self._end(side)

    # ------------------------------------------------------------------------------ rows

    @precondition(lambda self: self.sign_ins)
    @rule(pick=picks)
    def add_a_row(self, pick: int) -> None:
        """Add a row, which only who may write in a live tenant does."""
        one, word = self._one(pick), uuid4().hex
        body = {"rows": [{"word": word}]}
        answer = self.arena.call("POST", ROWS, self.arena.bearer(one.actor), body)
        assert answer.is_success == self._may(one, Permission.ROW_WRITE), answer.text
        if answer.is_success:
            self.places[one.side].rows[answer.json()["row_ids"][0]] = word

    @rule(side=sides)
    def import_a_file(self, side: int) -> None:
        """Load a file, as an engineer of the tenant who comes for just that."""
        place = self.places[side]
        if place.is_suspended:
            return
        arena, word = self.arena, uuid4().hex
        loading = samples.fill(
            arena.database, arena.storage, place.id, "machine_words", f"word\n{word}\n"
        )
        assert arena.do(loading).status == "succeeded"
        row_id = arena.do(self._row_id(place.id, word))
        place.rows[row_id] = word

    @precondition(lambda self: self.sign_ins and any(p.rows for p in self.places))
    @rule(pick=picks, row=picks)
    def delete_a_row(self, pick: int, row: int) -> None:
        """Delete a row of either tenant: one's own goes, the other's is not there."""
        one = self._one(pick)
        row_id = self._pick_row([p.rows for p in self.places], row)
        answer = self.arena.call("DELETE", f"{ROWS}/{row_id}", self.arena.bearer(one.actor))
        place = self.places[one.side]
        expected = self._may(one, Permission.ROW_WRITE) and row_id in place.rows
        assert answer.is_success == expected, answer.text
        if expected:
            place.deleted[row_id] = place.rows.pop(row_id)

    @precondition(lambda self: self.sign_ins and any(p.deleted for p in self.places))
    @rule(pick=picks, row=picks)
    def restore_a_row(self, pick: int, row: int) -> None:
        """Restore a deleted row of either tenant: one's own comes back."""
        one = self._one(pick)
        row_id = self._pick_row([p.deleted for p in self.places], row)
        path = f"{ROWS}/{row_id}/restore"
        answer = self.arena.call("POST", path, self.arena.bearer(one.actor))
        place = self.places[one.side]
        expected = self._may(one, Permission.ROW_WRITE) and row_id in place.deleted
        assert answer.is_success == expected, answer.text
        if expected:
            place.rows[row_id] = place.deleted.pop(row_id)

    # ---------------------------------------------------------------------------- tokens

    @precondition(lambda self: self.sign_ins)
    @rule(pick=picks)
    def show_bad_tokens(self, pick: int) -> None:
        """Forged, expired and misdirected tokens of a sign-in open no door."""
        arena, one = self.arena, self._one(pick)
        forged = Tokens((OTHER_SECRET,)).access(
            one.actor.sid or uuid4(),
            one.actor.user_id or uuid4(),
            self.places[1 - one.side].id,
            arena.app.state.parts.clock(),
        )
        mint = arena.database.key.mint
        stale = arena.bearer(one.actor, lifetime=PAST)
        for token in (forged, stale, mint(one.actor), ActorKey(OTHER_SECRET).mint(one.actor)):
            assert arena.call("GET", ROWS, token).status_code == 401
        assert arena.by_notebook(one.actor, lifetime=PAST) is DENIED
        other = self.places[1 - one.side].id
        assert arena.by_notebook(one.actor, login_of=other) is DENIED

    # ------------------------------------------------------------------------- invariant

    @invariant()
    def every_door_shows_what_it_should(self) -> None:
        """Each sign-in sees all rows of its tenant and no other, or nothing; one door a turn."""
        arena = self.arena
        doors = (
            (arena.by_api, Permission.ROW_READ, True),
            (arena.by_sql, Permission.SQL_RUN, True),
            (arena.by_reader, Permission.ROW_READ, False),
            (arena.by_notebook, Permission.ROW_READ, False),
        )
        for one in getattr(self, "sign_ins", ())[-6:]:
            self.turn += 1
            door, permission, is_room = doors[self.turn % len(doors)]
            seen = door(one.actor)
            if self._may(one, permission):
                assert seen == self.places[one.side].words, door
            elif one.has_ended or is_room:
                assert seen is DENIED, door
            else:  # policies answer who lacks a permission with no rows
                assert seen == frozenset(), door

    def _one(self, pick: int) -> SignIn:
        return self.sign_ins[pick % len(self.sign_ins)]

    def _may(self, one: SignIn, permission: Permission) -> bool:
        seat = self.seats.get((one.person, one.side))
        return not one.has_ended and seat is not None and permission in ROLES[seat.role]

    def _end(self, side: int, person: int | None = None) -> None:
        for one in self.sign_ins:
            if one.side == side and person in (None, one.person):
                one.has_ended = True

    def _pick_row(self, piles: list[dict[int, str]], pick: int) -> int:
        every = sorted(row_id for pile in piles for row_id in pile)
        return every[pick % len(every)]

    async def _row_id(self, tenant_id: UUID, word: str) -> int:
        system = Actor.of_system("test", Permission.ROW_READ, tenant_id=tenant_id)
        async with self.arena.database.reading(system) as session:
            found = await session.execute(FIND, {"word": word})
            return int(found.scalar_one())


@pytest.fixture
def arena(settings: Settings, migrated: Embedded, storage: Storage) -> Iterator[Arena]:
    """The doors, in a loop of their own."""
    del migrated
    opened = Arena.open(settings, storage)
    yield opened
    opened.close()


def play(arena: Arena, **sizes: int) -> None:
    """Let Hypothesis play games until one is lost or there are enough."""

    class Game(Machine):
        pass

    Game.arena = arena
    options = {"deadline": None, "database": None, "derandomize": not PROVE, "print_blob": False}
    run_state_machine_as_test(
        Game,
        settings=hypothesis(
            **options,  # type: ignore[arg-type]
            **sizes,  # type: ignore[arg-type]
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),
        ),
    )


@pytest.mark.no_cover  # as for every test that draws examples
def test_no_door_ever_shows_another_tenant(arena: Arena) -> None:
    """Whatever two tenants do to each other, the model and every door agree after each step."""
    play(arena, max_examples=GAMES, stateful_step_count=STEPS)


@pytest.mark.no_cover  # the same
def test_a_game_can_be_lost(arena: Arena, migrated: Embedded) -> None:
    """Where the table has no policies, the machine sees it."""
    with migrated.superuser("workbench") as superuser:
        (table,) = superuser.execute(
            "select 'rows.d_' || replace(id::text, '-', '') from workbench.definitions "
            "where name = 'machine_words'"
        ).fetchone() or ("",)
        change = "alter table {} {} row level security"
        superuser.execute(change.format(table, "disable"))
        try:
            with pytest.raises(AssertionError):
                play(arena, max_examples=20, stateful_step_count=STEPS)
        finally:
            superuser.execute(change.format(table, "enable"))
