"""The mail round against a real mail server: each mail once, whatever goes wrong between."""

import asyncio
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import ProgrammingError

from tests.support import log_lines, mail_server, people
from tests.support.mail_server import MailServer
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.errors import Invalid, NotFound
from workbench.identity.tokens import Tokens
from workbench.notifications import commands
from workbench.notifications.letters import Sender
from workbench.notifications.models import Mail, Template
from workbench.permissions import Permission
from workbench.settings import Settings
from workbench.tenants.models import Tenant
from workbench.worker import post
from workbench.worker.mail import Mailroom

SENDER = Sender.of("Workbench <post@workbench.example>", "https://workbench.example")


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    """A mail server of this test alone."""
    with mail_server.serving() as server:
        yield server


@pytest.fixture
def room(database: Database, settings: Settings, smtp: MailServer) -> Mailroom:
    """A mailroom that sends through the server."""
    return room_of(database, settings, post.Smtp.of(smtp.url))


@pytest.fixture(autouse=True)
async def _empty(database: Database) -> None:
    """Let no mail of an earlier test wait: the round takes whatever is due."""
    before = datetime.now(UTC)
    drain = Actor.of_system("test", Permission.MAIL_SEND)
    async with database.session(drain) as session:
        due = await commands.due(session, before, 1000)
    for tenant_id, mail_id in due:
        actor = task(tenant_id)
        async with database.session(actor) as session:
            taken = await commands.claim(session, actor, mail_id, before, "test")
            if taken is not None:
                await commands.drop(session, actor, taken)


def room_of(database: Database, settings: Settings, out: post.Post) -> Mailroom:
    """A mailroom with a post of its own."""
    return Mailroom(database, Tokens(settings.secret_keys).mail, SENDER, out)


def task(tenant_id: UUID | None) -> Actor:
    """The mail task in a tenant, or on the platform."""
    return Actor.of_system(
        "mail", Permission.MAIL_SEND, Permission.MEMBER_READ, tenant_id=tenant_id
    )


async def put(database: Database, actor: Actor, *, fails: bool = False) -> None:
    """Cause a mail to oneself, in a transaction that may fail at its end."""
    assert actor.user_id is not None
    async with database.session(actor) as session:
        await commands.mail(session, actor, Template.PASSWORD_CHANGED, actor.user_id)
        await session.flush()
        if fails:
            raise RuntimeError


async def kept(database: Database, tenant: Tenant) -> Mail:
    """The one mail of a tenant, as it stands now."""
    actor = task(tenant.id)
    async with database.session(actor) as session:
        return (await session.scalars(select(Mail).where(Mail.tenant_id == tenant.id))).one()


async def make_due(database: Database, tenant: Tenant) -> None:
    """Let the time come at which the tenant's mail may be tried again."""
    actor = task(tenant.id)
    async with database.session(actor) as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        await session.execute(
            update(Mail).where(Mail.tenant_id == tenant.id).values(next_attempt_at=past)
        )


class TestOnce:
    """One mail, one message."""

    async def test_it_arrives(
        self, room: Mailroom, smtp: MailServer, database: Database, actor: Actor, tenant: Tenant
    ) -> None:
        """A mail reaches its recipient with text and HTML, and is marked; no second is sent."""
        await put(database, actor)
        assert await room.deliver() == 1
        assert await room.deliver() == 0
        (message,) = smtp.arrived
        found = await kept(database, tenant)
        assert smtp.recipients == [[found.recipient]]
        assert message["Message-ID"] == found.message_id == f"<{found.id}@workbench.example>"
        assert [part.get_content_type() for part in message.iter_parts()] == [
            "text/plain",
            "text/html",
        ]
        assert (found.status, found.attempts, found.error) == ("sent", 1, None)

    async def test_nothing_leaves_that_was_undone(
        self, room: Mailroom, smtp: MailServer, database: Database, actor: Actor
    ) -> None:
        """A transaction that fails sends nothing; the next one does."""
        with pytest.raises(RuntimeError):
            await put(database, actor, fails=True)
        assert await room.deliver() == 0
        await put(database, actor)
        assert await room.deliver() == 1
        assert len(smtp.arrived) == 1

    async def test_two_workers_share_the_work(
        self, settings: Settings, database: Database, smtp: MailServer, actor: Actor
    ) -> None:
        """Four workers at once, a slow server and twelve mails: each mail arrives once."""
        smtp.slowness = 0.05
        for _ in range(12):
            await put(database, actor)
        rooms = [room_of(database, settings, post.Smtp.of(smtp.url)) for _ in range(4)]
        sent = await asyncio.gather(*(room.deliver() for room in rooms))
        assert sum(sent) == 12
        assert len({message["Message-ID"] for message in smtp.arrived}) == len(smtp.arrived) == 12

    async def test_a_worker_that_died_before_the_mark(
        self, room: Mailroom, smtp: MailServer, database: Database, actor: Actor, tenant: Tenant
    ) -> None:
        """Its mail rests under its claim, then goes again under the Message-ID of before."""
        await put(database, actor)
        found = await kept(database, tenant)
        mailer = task(tenant.id)
        async with database.session(mailer) as session:
            taken = await commands.claim(
                session, mailer, found.id, datetime.now(UTC), SENDER.domain
            )
        assert taken is not None
        await room._send(mailer, taken)
        assert await room.deliver() == 0, "the claim holds"
        await make_due(database, tenant)
        assert await room.deliver() == 1
        first, second = smtp.arrived
        assert first["Message-ID"] == second["Message-ID"]

    async def test_a_late_mark_changes_nothing(
        self, room: Mailroom, smtp: MailServer, database: Database, actor: Actor, tenant: Tenant
    ) -> None:
        """Who lost its claim to another worker has no say any more."""
        await put(database, actor)
        found, mailer = await kept(database, tenant), task(tenant.id)
        now = datetime.now(UTC)
        async with database.session(mailer) as session:
            slow = await commands.claim(session, mailer, found.id, now, SENDER.domain)
        assert slow is not None
        await make_due(database, tenant)
        assert await room.deliver() == 1
        async with database.session(mailer) as session:
            await commands.give_up(session, mailer, slow, "too slow")
        assert (await kept(database, tenant)).status == "sent"
        assert len(smtp.arrived) == 1


class TestTrouble:
    """What the server may answer."""

    async def test_a_passing_trouble_is_tried_again(
        self, room: Mailroom, smtp: MailServer, database: Database, actor: Actor, tenant: Tenant
    ) -> None:
        """After a 4xx the mail waits, then arrives once."""
        smtp.answers = ["451 greylisted"]
        await put(database, actor)
        assert await room.deliver() == 0
        waiting = await kept(database, tenant)
        assert (waiting.status, waiting.attempts) == ("queued", 1)
        assert "451" in str(waiting.error)
        assert waiting.next_attempt_at > datetime.now(UTC) + timedelta(seconds=50)
        assert await room.deliver() == 0
        await make_due(database, tenant)
        assert await room.deliver() == 1
        assert len(smtp.arrived) == 1
        assert (await kept(database, tenant)).error is None

    async def test_a_refusal_is_final(
        self, room: Mailroom, smtp: MailServer, database: Database, actor: Actor, tenant: Tenant
    ) -> None:
        """After a 5xx the mail is given up, and the reason kept; the next mail is sent."""
        smtp.answers = ["550 no such mailbox"]
        await put(database, actor)
        assert await room.deliver() == 0
        given_up = await kept(database, tenant)
        assert (given_up.status, given_up.attempts) == ("failed", 1)
        assert given_up.error == "550 no such mailbox"
        await make_due(database, tenant)
        assert await room.deliver() == 0
        assert smtp.arrived == []

    async def test_one_bad_mail_stops_no_other(
        self, room: Mailroom, smtp: MailServer, database: Database, actor: Actor
    ) -> None:
        """A refused mail, one to no address at all, and a good one: the good one arrives."""
        smtp.answers = ["550 no"]
        await put(database, actor)
        manager = Actor.of_system("test", Permission.MEMBER_MANAGE, tenant_id=actor.tenant_id)
        async with database.session(manager) as session:
            commands.write(session, manager, Template.PASSWORD_CHANGED, "no address")
        await put(database, actor)
        assert await room.deliver() == 1
        assert len(smtp.arrived) == 1

    async def test_a_server_that_is_away(
        self, settings: Settings, database: Database, actor: Actor, tenant: Tenant
    ) -> None:
        """Nobody listens: the mail waits for a better time, and at last is given up."""
        away = post.Smtp.of(f"smtp://127.0.0.1:{mail_server.free_port()}")
        room = room_of(database, settings, away)
        await put(database, actor)
        for attempt in range(1, len(commands.PAUSES) + 2):
            assert await room.deliver() == 0
            assert (await kept(database, tenant)).attempts == attempt
            await make_due(database, tenant)
        assert (await kept(database, tenant)).status == "failed"


class TestPost:
    """How messages leave."""

    async def test_it_signs_in(self, settings: Settings, database: Database, actor: Actor) -> None:
        """User and password of the URL are used, special characters and all; wrong ones wait."""
        secret = "a%3Ab%2Fc%40d"
        with mail_server.serving(auth=True) as smtp, log_lines.collected() as lines:
            wrong = post.Smtp.of(f"smtp://post:nothing@127.0.0.1:{smtp.port}")
            right = post.Smtp.of(f"smtp://post:{secret}@127.0.0.1:{smtp.port}")
            await put(database, actor)
            assert await room_of(database, settings, wrong).deliver() == 0
            await put(database, actor)
            assert await room_of(database, settings, right).deliver() == 1
            assert smtp.signed_in == ["post"]
            await right.greet()
            with pytest.raises(post.PutOff):
                await wrong.greet()
        assert "mail_put_off" in lines.getvalue()
        assert mail_server.PASSWORD not in lines.getvalue()
        assert "nothing" not in lines.getvalue()

    async def test_it_encrypts(
        self,
        settings: Settings,
        database: Database,
        actor: Actor,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """With STARTTLS nothing goes in the clear, and an unknown certificate is not trusted."""
        context, trusted = mail_server.certificate(tmp_path)
        with mail_server.serving(auth=True, tls=context) as smtp:
            out = post.Smtp.of(f"smtp+starttls://post:a%3Ab%2Fc%40d@localhost:{smtp.port}")
            await put(database, actor)
            assert await room_of(database, settings, out).deliver() == 0
            monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
            await put(database, actor)
            assert await room_of(database, settings, out).deliver() == 1
            assert smtp.encrypted == [True]

    async def test_it_asks_for_tls_and_goes_no_further(self, smtp: MailServer) -> None:
        """A server that offers no STARTTLS gets neither password nor mail."""
        out = post.Smtp.of(f"smtp+starttls://127.0.0.1:{smtp.port}")
        with pytest.raises(post.PutOff):
            await out.greet()

    @pytest.mark.parametrize(
        ("url", "start_tls"),
        [
            ("smtp://u:p@mail.example", True),
            ("smtp://u:p@127.0.0.1", None),
            ("smtp://mail.example", None),
            ("smtps://u:p@mail.example", False),
            ("smtp+starttls://mail.example", True),
        ],
    )
    def test_no_password_goes_in_the_clear(self, url: str, start_tls: bool | None) -> None:  # noqa: FBT001
        """A password travels encrypted, but within this machine."""
        assert post.Smtp.of(url).start_tls is start_tls

    @pytest.mark.parametrize("url", ["", "mail.example", "http://x", "smtp://", "smtp://u:pw@h:x"])
    def test_a_wrong_url_is_refused(self, url: str) -> None:
        """The message quotes nothing of the URL, which may hold a password."""
        with pytest.raises(Invalid) as raised:
            post.Smtp.of(url)
        assert "pw" not in str(raised.value).replace("user:password", "")

    async def test_a_folder_takes_what_no_server_does(
        self, settings: Settings, database: Database, actor: Actor, tmp_path: Path
    ) -> None:
        """Without a server each mail is a file that only its owner reads; twice is once."""
        folder = tmp_path / "mail"
        room = room_of(database, settings, post.Folder(folder))
        await put(database, actor)
        assert await room.deliver() == 1
        (file,) = folder.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert message["Subject"] == "Your Workbench password was changed"
        assert file.name == f"{str(message['Message-ID']).split('@')[0].strip('<')}.eml"

    def test_settings_choose(self, settings: Settings) -> None:
        """A URL means a server, none the folder in the home."""
        assert post.of(settings) == post.Folder(settings.prepared_home() / "mail")
        given = Settings(_env_file=None, home=settings.home, smtp_url="smtps://mail.example")
        assert post.of(given) == post.Smtp("mail.example", 465, use_tls=True, start_tls=False)


class TestGates:
    """Who may cause mail, and who may see it."""

    async def test_nobody_writes_to_strangers(
        self, database: Database, actor: Actor, other_tenant: Tenant
    ) -> None:
        """A member writes to himself, and to no user that he does not see."""
        await put(database, actor)
        stranger = await people.make_actor(database, other_tenant.id, "analyst")
        assert stranger.user_id is not None
        with pytest.raises(NotFound):
            async with database.session(actor) as session:
                await commands.mail(session, actor, Template.PASSWORD_CHANGED, stranger.user_id)
        with pytest.raises(ProgrammingError, match="row-level security"):
            async with database.session(actor) as session:
                commands.write(session, actor, Template.INVITATION, f"{new_id()}@x.example")
