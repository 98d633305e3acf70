"""Forgotten passwords: asking, choosing anew, and what nobody learns or does on the way."""

import io
import time
from datetime import UTC, datetime, timedelta
from itertools import repeat
from statistics import median

import httpx
import pytest

from tests.api.conftest import MakeClient, assert_problem, open_client
from tests.support import mailbox, people
from workbench.access.sign_in import SYSTEM
from workbench.actor import Actor
from workbench.api import app as api
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.identity import commands as identity
from workbench.identity.mail_tokens import Purpose
from workbench.identity.models import User
from workbench.identity.tokens import Tokens
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.storage import Storage
from workbench.tenants.models import Tenant

OLD, NEW = "correct horse battery staple", "another horse battery staple"
RESET = "/api/v1/auth/password-reset"


@pytest.fixture
async def user(database: Database, tenant: Tenant) -> User:
    """An analyst with a password."""
    user = await people.make_user(database, password=OLD)
    await people.join(database, tenant.id, user.id, Role.ANALYST)
    return user


async def ask(client: httpx.AsyncClient, email: str) -> httpx.Response:
    """Ask for a reset."""
    return await client.post(RESET, json={"email": email})


async def confirm(client: httpx.AsyncClient, token: str, password: str = NEW) -> httpx.Response:
    """Choose a new password."""
    return await client.post(f"{RESET}/confirm", json={"token": token, "password": password})


async def may_sign_in(client: httpx.AsyncClient, user: User, password: str) -> bool:
    """Whether a password is the user's."""
    order = {"email": user.email, "password": password}
    return (await client.post("/api/v1/auth/login", json=order)).status_code == 200


async def asked(
    client: httpx.AsyncClient, database: Database, settings: Settings, user: User
) -> str:
    """Ask, and take the token out of the mail that comes."""
    assert (await ask(client, user.email)).status_code == 202
    return await mailbox.token(database, settings, user.email)


class TestAsk:
    """POST /auth/password-reset."""

    async def test_every_address_is_answered_alike(
        self, anonymous: httpx.AsyncClient, user: User, database: Database
    ) -> None:
        """Known, unknown and disabled: the same answer, and the same work behind it (T10)."""
        disabled = await people.make_user(database, password=OLD)
        async with database.session(people.FOUNDER) as session:
            await identity.disable_user(session, people.FOUNDER, disabled.id, datetime.now(UTC))
        unknown = f"{new_id().hex}@nobody.example"
        seen = []
        for email in (user.email, disabled.email, unknown):
            before = await mailbox.rows_with(database, email)
            answer = await ask(anonymous, email)
            written = await mailbox.rows_with(database, email) - before
            headers = {k: v for k, v in answer.headers.items() if k in ("content-type", "etag")}
            seen.append((answer.status_code, answer.json(), headers, written))
        assert seen[0] == seen[1] == seen[2]
        assert seen[0][0] == 202

    async def test_time_tells_nothing(self, anonymous: httpx.AsyncClient, user: User) -> None:
        """A known address takes as long as an unknown one (T10)."""
        times: dict[str, list[float]] = {user.email: [], f"{new_id().hex}@nobody.example": []}
        for _ in range(25):
            for email, spent in times.items():
                started = time.perf_counter()
                await ask(anonymous, email)
                spent.append(time.perf_counter() - started)
        known, unknown = (median(spent) for spent in times.values())
        assert known < 2 * unknown < 4 * known

    async def test_only_users_are_written_to(
        self, anonymous: httpx.AsyncClient, user: User, database: Database, settings: Settings
    ) -> None:
        """A user gets a mail; an unknown address none, and nothing of it is kept."""
        unknown = f"{new_id().hex}@nobody.example"
        await ask(anonymous, unknown)
        await ask(anonymous, user.email.upper())
        assert await mailbox.delivered(database, settings, unknown) == []
        assert await mailbox.rows_with(database, unknown) == 0
        message = await mailbox.latest(database, settings, user.email)
        assert message["Subject"] == "Choose a new password for Workbench"

    async def test_it_is_limited_by_address_and_by_account(
        self, settings: Settings, database: Database, storage: Storage
    ) -> None:
        """Neither one account nor the whole house is flooded; known or not makes no difference."""
        strict = settings.model_copy(update={"mail_limit": "3/hour"})
        app = api.create(strict, database, storage)
        email = f"{new_id().hex}@nobody.example"
        answers = []
        for number in range(4):
            async with open_client(app, address=f"10.0.0.{number}") as client:
                answers.append((await ask(client, email)).status_code)
        assert answers == [202, 202, 202, 429]
        async with open_client(app, address="10.0.1.1") as client:
            answers = [(await ask(client, f"{new_id().hex}@x.example")).status_code for _ in "1234"]
        assert answers == [202, 202, 202, 429]

    @pytest.mark.parametrize("email", ["nobody", "a\r\nBcc: b@c.example", "x" * 300, ""])
    async def test_it_wants_an_address(self, anonymous: httpx.AsyncClient, email: str) -> None:
        """What is no address is told so."""
        assert_problem(await ask(anonymous, email), 422, "invalid")


class TestConfirm:
    """POST /auth/password-reset/confirm."""

    async def test_it_changes_the_password_once(
        self, anonymous: httpx.AsyncClient, user: User, database: Database, settings: Settings
    ) -> None:
        """The new password works, the old one no longer, and the link is spent (T13)."""
        token = await asked(anonymous, database, settings, user)
        assert_problem(await confirm(anonymous, token, "short"), 422, "bad_password")
        assert (await confirm(anonymous, token)).status_code == 204
        assert await may_sign_in(anonymous, user, NEW)
        assert not await may_sign_in(anonymous, user, OLD)
        assert_problem(await confirm(anonymous, token, OLD), 404, "bad_link")
        told = await mailbox.latest(database, settings, user.email)
        assert told["Subject"] == "Your Workbench password was changed"

    async def test_it_ends_every_login(
        self,
        anonymous: httpx.AsyncClient,
        make_client: MakeClient,
        user: User,
        database: Database,
        settings: Settings,
        tenant: Tenant,
    ) -> None:
        """Whoever was signed in as the user is out; others stay in (T7)."""
        thief = await make_client(await people.admit(database, user.id, tenant.id))
        other = await make_client(await people.make_actor(database, tenant.id, Role.ANALYST))
        assert (await thief.get("/api/v1/auth/me")).status_code == 200
        await confirm(anonymous, await asked(anonymous, database, settings, user))
        assert_problem(await thief.get("/api/v1/auth/me"), 401, "signed_out")
        assert (await other.get("/api/v1/auth/me")).status_code == 200

    async def test_a_newer_one_ends_it(
        self, anonymous: httpx.AsyncClient, user: User, database: Database, settings: Settings
    ) -> None:
        """Of several links only the last leads on."""
        first = await asked(anonymous, database, settings, user)
        second = await asked(anonymous, database, settings, user)
        assert first != second
        assert_problem(await confirm(anonymous, first), 404, "bad_link")
        assert (await confirm(anonymous, second)).status_code == 204

    async def test_a_changed_password_ends_it(
        self, anonymous: httpx.AsyncClient, user: User, database: Database, settings: Settings
    ) -> None:
        """A link from before a change of the password leads nowhere."""
        token = await asked(anonymous, database, settings, user)
        async with database.session(SYSTEM) as session:
            await identity.change_password(
                session, SYSTEM, user_id=user.id, password=OLD + "!", now=datetime.now(UTC)
            )
        assert_problem(await confirm(anonymous, token), 404, "bad_link")
        assert await may_sign_in(anonymous, user, OLD + "!")

    async def test_it_ends_after_half_an_hour(
        self,
        anonymous: httpx.AsyncClient,
        user: User,
        database: Database,
        settings: Settings,
        storage: Storage,
    ) -> None:
        """At 29 minutes it serves, at 30 no longer."""
        token = await asked(anonymous, database, settings, user)
        for minutes, status in ((30, 404), (29, 204)):
            later = repeat(datetime.now(UTC) + timedelta(minutes=minutes))
            app = api.create(settings, database, storage, clock=later.__next__)
            async with open_client(app) as client:
                assert (await confirm(client, token)).status_code == status

    async def test_a_disabled_user_stays_out(
        self, anonymous: httpx.AsyncClient, user: User, database: Database, settings: Settings
    ) -> None:
        """A link from before the user was disabled changes nothing."""
        token = await asked(anonymous, database, settings, user)
        async with database.session(people.FOUNDER) as session:
            await identity.disable_user(session, people.FOUNDER, user.id, datetime.now(UTC))
        assert_problem(await confirm(anonymous, token), 404, "bad_link")

    async def test_tokens_of_other_kinds_are_refused(
        self,
        anonymous: httpx.AsyncClient,
        user: User,
        actor: Actor,
        database: Database,
        settings: Settings,
        tokens: Tokens,
    ) -> None:
        """Neither an invitation's nor an access token resets a password, nor one of another key."""
        token = await asked(anonymous, database, settings, user)
        offer = tokens.mail.read(Purpose.PASSWORD_RESET, token, datetime.now(UTC))
        foreign = Tokens(("x" * 40,)).mail.make(Purpose.PASSWORD_RESET, offer)
        invitation = tokens.mail.make(Purpose.INVITATION, offer)
        assert actor.sid is not None
        assert actor.user_id is not None
        access = tokens.access(actor.sid, actor.user_id, None, datetime.now(UTC))
        for wrong in (foreign, invitation, access, token[:-2], "", "a.b.c"):
            assert_problem(await confirm(anonymous, wrong), 404, "bad_link")
        assert tokens.mail.make(Purpose.PASSWORD_RESET, offer) == token
        assert (await confirm(anonymous, token)).status_code == 204

    async def test_no_token_is_kept_or_logged(
        self,
        anonymous: httpx.AsyncClient,
        user: User,
        database: Database,
        settings: Settings,
        lines: io.StringIO,
    ) -> None:
        """Token and password are in no log line, and no row holds the token."""
        token = await asked(anonymous, database, settings, user)
        await confirm(anonymous, token)
        assert f"{RESET}/confirm" in lines.getvalue()
        assert token not in lines.getvalue()
        assert NEW not in lines.getvalue()
        assert await mailbox.rows_with(database, token.rpartition(".")[2]) == 0
