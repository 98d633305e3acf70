"""Nothing but an entry that the tenant sees lets an operator in."""

from uuid import UUID, uuid4

import pytest

from tests.isolation.world import APP, Side, World, attempt, connect, tell
from tests.support import people
from workbench.actor import Actor
from workbench.permissions import Permission

DENIED = "42501"


@pytest.fixture
async def operator(world: World) -> Actor:
    """An operator of the platform, signed in."""
    user = await people.make_user(world.database, is_operator=True)
    return await people.admit(world.database, user.id, None)


def entry(side: Side, user_id: UUID | None, *, ends: str = "20 minutes") -> tuple[UUID, str]:
    """An entry as its id and the statement that writes it."""
    entry_id = uuid4()
    return entry_id, (
        "insert into workbench.impersonations "
        "(tenant_id, id, user_id, operator, role, reason, expires_at) values "
        f"('{side.tenant_id}', '{entry_id}', '{user_id}', 'x', 'owner', 'y', "
        f"now() + interval '{ends}')"
    )


class TestEntering:
    """Who can make an entry, and what comes of it."""

    def test_an_operators_own_entry_lets_in(self, world: World, operator: Actor) -> None:
        """The positive control: written, entered, and the tenant's rows are there."""
        entry_id, insert = entry(world.a, operator.user_id)
        with world.connect(APP, world.a, world.database.key.mint(operator)) as connection:
            connection.execute(insert)
            held = connection.execute("select workbench.enter_tenant(%s)", [entry_id]).fetchone()
            assert held is not None
            assert "row:read" in held[0]
            assert not {"member:manage", "tenant:export", "run:start"} & set(held[0])
        inside = Actor.of_user(
            operator.user_id or uuid4(),
            sid=entry_id,
            tenant_id=world.a.tenant_id,
            permissions=world.a.member.permissions,
        )
        with world.connect(APP, world.a, world.database.key.mint(inside)) as connection:
            seen = attempt(connection, "select * from workbench.runs")
            assert world.a in seen
            assert world.b not in seen
            assert attempt(connection, "select * from workbench.memberships").count > 0
            changed = attempt(connection, "update workbench.memberships set role = 'owner'")
            assert changed.count == 0

    def test_nobody_enters_as_another_operator(self, world: World, operator: Actor) -> None:
        """An entry for somebody else is refused, and every entry that a tenant's owner writes."""
        other = world.b.member.user_id
        with world.connect(APP, world.a, world.database.key.mint(operator)) as connection:
            assert attempt(connection, entry(world.a, other)[1]).error == DENIED
        with world.connect(APP, world.a, world.database.key.mint(world.a.member)) as connection:
            for side in (world.a, world.b):
                refused = attempt(connection, entry(side, world.a.member.user_id)[1])
                assert refused.error == DENIED
            called = attempt(connection, f"select workbench.enter_tenant('{uuid4()}')")
            assert called.error == DENIED

    def test_a_user_who_is_no_operator_is_not_let_in(self, world: World) -> None:
        """Even the shell's own task enters nobody but an operator."""
        shell = world.database.key.mint(Actor.of_system("shell", Permission.TENANT_ENTER))
        entry_id, insert = entry(world.b, world.a.member.user_id)
        with world.connect(APP, world.b, shell) as connection:
            connection.execute(insert)
            held = connection.execute("select workbench.enter_tenant(%s)", [entry_id]).fetchone()
            assert held == (None,)

    def test_an_entry_ends_within_the_hour(self, world: World, operator: Actor) -> None:
        """Whatever the row says, nobody stays longer, nor comes back when it ended."""
        entry_id, insert = entry(world.a, operator.user_id, ends="10 years")
        live = (
            "select expires_at < now() + interval '61 minutes' "
            "from workbench_private.live where sid = %s"
        )
        with connect(world.database.logins.app) as connection:
            tell(connection, world.database.key.mint(operator))
            connection.execute(insert)
            connection.execute("select workbench.enter_tenant(%s)", [entry_id])
            assert world.superuser.execute(live, [entry_id]).fetchone() == (True,)
            world.superuser.execute(
                "update workbench.impersonations set ended_at = now() where id = %s", [entry_id]
            )
            assert world.superuser.execute(live, [entry_id]).fetchone() is None
            again = connection.execute("select workbench.enter_tenant(%s)", [entry_id]).fetchone()
            assert again == (None,)
