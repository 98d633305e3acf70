"""What one full check of the token costs: signature, revocation, membership and grant.

In a transaction that was told its token, the check is asked for the first time, as a policy asks it
for each table that a statement names; `select 1` in its place is taken off. 100,000 log-ins are
alive, and the member holds the permission by a grant on one target among twenty.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.benchmarks import boundary
from workbench.actor import Actor
from workbench.db import connect, roles
from workbench.db.isolation import ActorKey
from workbench.permissions import Permission
from workbench.settings import Settings

BUDGET = 60e-6
ROUNDS = 3_000
TARGETS = [str(uuid4()) for _ in range(20)]
NOTHING = "select 1"
CHECKS = {
    "a permission everywhere": "select (select workbench.tenant_with('row:read'))",
    "a permission by a grant": (
        f"select (select workbench.tenant_with('row:write', '{TARGETS[-1]}'))"
    ),
}


def main() -> int:
    """Measure, print a line for each form, and answer 1 when one is over the budget."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder) / "home")
        with connect.server(settings):
            connect.migrate(settings)
            token = _prepare(settings)
            with boundary.opened(connect.login_url(settings, roles.APP)) as connection:
                costs = [_cost(connection, token, *check) for check in CHECKS.items()]
    return int(any(cost > BUDGET for cost in costs))


def _prepare(settings: Settings) -> str:
    user, sid, tenant = uuid4(), uuid4(), uuid4()
    held = ["row:read", *(f"row:write@{target}" for target in TARGETS)]
    with connect.embedded(settings).superuser("workbench") as superuser:
        superuser.execute(boundary.SIGNED_IN, [sid, user, tenant, held])
        superuser.execute("vacuum analyze workbench_private.live")
    grants = [(Permission.ROW_WRITE, target) for target in TARGETS]
    actor = Actor.of_user(
        user, sid=sid, tenant_id=tenant, permissions=[Permission.ROW_READ], grants=grants
    )
    return ActorKey(settings.secret_keys[0]).mint(actor)


def _cost(connection: psycopg.Connection, token: str, name: str, check: str) -> float:
    pairs = [
        (_asked(connection, token, check), _asked(connection, token, NOTHING))
        for _ in range(ROUNDS)
    ][ROUNDS // 10 :]
    cost = statistics.median(a for a, _ in pairs) - statistics.median(b for _, b in pairs)
    sys.stdout.write(f"{name:<45} {cost * 1e6:>8.0f} µs, budget {BUDGET * 1e6:.0f} µs\n")
    return cost


def _asked(connection: psycopg.Connection, token: str, statement: str) -> float:
    connection.execute(boundary.TELL, [token])
    begin = time.perf_counter()
    row = connection.execute(statement).fetchone()
    elapsed = time.perf_counter() - begin
    connection.commit()
    if row is None or row[0] is None:
        message = "the check answers nothing"
        raise RuntimeError(message)
    return elapsed


if __name__ == "__main__":
    sys.exit(main())
