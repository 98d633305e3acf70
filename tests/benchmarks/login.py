"""What a log-in costs beside its one bcrypt check, and whether its time tells who exists.

Every log-in is tried right after one bare check of a password, and the median of the pairs' ratios
counts: what else the machine does meanwhile slows both.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tests.support import people
from workbench.access import sign_in
from workbench.access.sign_in import WrongPassword
from workbench.db import connect
from workbench.db.session import Database
from workbench.identity import commands as identity
from workbench.identity import passwords
from workbench.identity.tokens import Tokens
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.tenants import commands as tenants

PASSWORD = "correct horse battery staple"
WRONG = "wrong donkey capacitor paperclip"
ROUNDS = 14
BUDGET = 1.1
Try = tuple[str, str, str | None]  # e-mail, password, tenant


def main() -> int:
    """Measure, print a line for each kind of log-in, and answer 1 when a budget is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, home=Path(folder) / "home")
        with connect.server(settings):
            connect.migrate(settings)
            ratios = asyncio.run(_measured(settings))
    for name, (ratio, seconds) in ratios.items():
        sys.stdout.write(
            f"log-in, {name:<30} {seconds * 1e3:>6.1f} ms, ratio {ratio:.3f}, budget {BUDGET}\n"
        )
    return int(any(ratio > BUDGET for ratio, _ in ratios.values()))


async def _measured(settings: Settings) -> dict[str, tuple[float, float]]:
    database = connect.database(settings)
    try:
        tries = await _prepare(database)
        hashed = await passwords.hash_password(PASSWORD)
        tokens = Tokens(settings.secret_keys)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in tries}
        for _ in range(ROUNDS):
            for name, given in tries.items():
                bare = await _check(hashed)
                times[name].append((bare, await _log_in(database, tokens, given)))
    finally:
        await database.close()
    return {
        name: (
            statistics.median(one / bare for bare, one in pairs[1:]),
            statistics.median(one for _, one in pairs[1:]),
        )
        for name, pairs in times.items()
    }


async def _prepare(database: Database) -> dict[str, Try]:
    home, shut = [await people.make_tenant(database) for _ in range(2)]
    member, disabled, suspended = [
        await people.make_user(database, password=PASSWORD) for _ in range(3)
    ]
    bare = await people.make_user(database)
    for user in (member, disabled, bare):
        await people.join(database, home.id, user.id, Role.ANALYST)
    await people.join(database, shut.id, suspended.id, Role.ANALYST)
    now = datetime.now(UTC)
    async with database.session(people.FOUNDER) as session:
        await identity.disable_user(session, people.FOUNDER, disabled.id, now)
        await tenants.suspend(session, people.FOUNDER, shut.id, now)
    return {
        "right": (member.email, PASSWORD, None),
        "wrong password": (member.email, WRONG, None),
        "unknown user": ("nobody@workbench.example", PASSWORD, None),
        "disabled user": (disabled.email, PASSWORD, None),
        "user without a password": (bare.email, PASSWORD, None),
        "suspended tenant": (suspended.email, PASSWORD, shut.slug),
        "unknown tenant": (member.email, PASSWORD, "no-such-tenant"),
    }


async def _check(hashed: str) -> float:
    """The seconds of one bcrypt check, off the loop as everywhere."""
    begin = time.perf_counter()
    await passwords.matches(PASSWORD, hashed)
    return time.perf_counter() - begin


async def _log_in(database: Database, tokens: Tokens, given: Try) -> float:
    """The seconds of a log-in, whether it succeeds or is refused."""
    email, password, tenant = given
    begin = time.perf_counter()
    with suppress(WrongPassword):
        await sign_in.sign_in(
            database, tokens, email=email, password=password, tenant=tenant,
            user_agent="benchmark", address="127.0.0.1", now=datetime.now(UTC),
        )  # fmt: skip
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
