"""What people are told of runs: reports, each in its reader's own scope, and alerts (F10, N19)."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from tests.conftest import MakeActor
from tests.schedules.conftest import Room
from tests.support import granting, mail_server, people, samples
from tests.support.mail_server import MailServer
from workbench.actor import Actor
from workbench.datasets import commands as datasets
from workbench.db.embedded import Embedded
from workbench.db.session import Database
from workbench.identity.models import User
from workbench.notifications import subscriptions
from workbench.notifications.letters import Sender
from workbench.notifications.models import Channel, Event, Notice
from workbench.notifications.subscriptions import NewSubscription
from workbench.permissions import Role
from workbench.runs import attempts
from workbench.runs import commands as runs
from workbench.runs.attempts import Attempt
from workbench.runs.models import Run
from workbench.runs.schemas import MetricMessage, Status
from workbench.schedules import commands as schedules
from workbench.storage import Storage
from workbench.tenants.models import Tenant
from workbench.worker import announcing, loop, post
from workbench.worker.mail import Mailroom
from workbench.worker.parts import now
from workbench.worker.relay import relay
from workbench.worker.runs import keeper

SENDER = Sender.of("Workbench <post@workbench.example>", "https://workbench.example")
UA = {"column": "carrier", "op": "eq", "value": "UA"}


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    """A mail server of this test alone."""
    with mail_server.serving() as server:
        yield server


@pytest.fixture
async def mailroom(
    room: Room, database: Database, migrated: Embedded, smtp: MailServer
) -> Mailroom:
    """A mailroom that sends through the server; what other tests have left is sent no more."""
    await relayed(database)
    with migrated.superuser("workbench") as superuser:
        for table in ("mails", "account_mails"):
            superuser.execute(
                f"update workbench.{table} set status = 'failed' where status = 'queued'"
            )
    parts = room.bench.parts
    return Mailroom(database, parts.tokens.mail, SENDER, post.Smtp.of(smtp.url), parts.storage)


async def relayed(database: Database) -> None:
    """Let the relay pass on all that waits, of other tests too."""
    while await relay(database):
        pass


async def announced(room: Room, *ran: Run, times: int = 1) -> None:
    """Let the relay hear of ends, and the queue's task tell of each, so many times at once."""
    database = room.bench.parts.database
    await relayed(database)
    for run in ran:
        telling = [announcing.announce(database, run.tenant_id, run.id) for _ in range(times)]
        await asyncio.gather(*telling)


def attached(message: EmailMessage) -> str:
    """The report that a mail carries."""
    [part] = message.iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("report.html", "text/html")
    text: str = part.get_content()
    return text


async def address_of(database: Database, user_id: UUID | None) -> str:
    """Somebody's e-mail address."""
    async with database.session(people.FOUNDER) as session:
        user = await session.get(User, user_id)
        assert user is not None
        return user.email


def put_trips(room: Room) -> None:
    """Put a notebook on the shelf that prints the carriers it sees."""
    room.bench.put(
        "trips",
        "pass",
        "from workbench import lab",
        "run = lab.open_run()",
        "found = run.frame('select distinct carrier from sample_trips')\n"
        "print('carriers', *sorted(found.carrier), sep='.')",
    )


async def test_a_report_shows_each_recipient_his_own_part(
    room: Room,
    mailroom: Mailroom,
    smtp: MailServer,
    database: Database,
    storage: Storage,
    tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """An owner's shows all six rows, a guest's the part granted to him; strangers get nothing."""
    await samples.shared(database, samples.TRIPS)
    await datasets.adopt_shared(database, tenant.id)
    await samples.fill(database, storage, tenant.id, "sample_trips", samples.TRIPS_CSV)
    owner = await make_actor(tenant, Role.OWNER)
    guest, membership = await granting.guest(database, tenant.id)
    await granting.grant(database, owner, membership, "notebook", "trips")
    await granting.grant(database, owner, membership, "dataset", "sample_trips", filter=UA)
    gone, leaving = await granting.guest(database, tenant.id)
    stranger = await people.make_user(database)
    put_trips(room)
    made = await room.make(
        owner,
        "2026-01-01T00:30",
        name="Trips\u2028of {{ 7 * 7 }}",
        notebook="trips",
        cron="0 * * * *",
        recipients=[
            *[await address_of(database, each) for each in (owner.user_id, guest, gone)],
            stranger.email,
        ],
    )
    await people.leave(database, tenant.id, leaving)
    assert await room.tick("2026-01-01T01:00", made, schedulers=2) == 2
    for run in await room.runs(made):
        ended = await room.bench.execute(run)
        assert (ended.status, ended.error) == (Status.SUCCEEDED, None)
        await announced(room, ended, times=3)
    assert await mailroom.deliver() == 2
    assert await mailroom.deliver() == 0
    arrived = {to[0]: message for to, message in zip(smtp.recipients, smtp.arrived, strict=True)}
    whole = attached(arrived[await address_of(database, owner.user_id)])
    part = attached(arrived[await address_of(database, guest)])
    assert "carriers.AA.B6" in whole
    assert "carriers.UA\n" in part
    for message in arrived.values():
        assert message["Subject"] == "Trips of {{ 7 * 7 }}: the report for A tenant"
        body = message.get_body(("plain",))
        assert body is not None
        assert f"https://workbench.example/login?tenant={tenant.slug}&next=" in body.get_content()


async def test_who_leaves_before_the_mail_does_gets_none(
    room: Room,
    mailroom: Mailroom,
    smtp: MailServer,
    database: Database,
    tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """A mail that waits for a member is dropped with the membership; another's arrives."""
    owner = await make_actor(tenant, Role.OWNER)
    user = await people.make_user(database)
    membership = await people.join(database, tenant.id, user.id, Role.VIEWER)
    mails = [user.email, await address_of(database, owner.user_id)]
    made = await room.make(owner, "2026-01-01T00:30", cron="0 * * * *", recipients=mails)
    assert await room.tick("2026-01-01T01:00", made) == 2
    runs = await room.runs(made)
    await room.end(*runs)
    await announced(room, *runs)
    await people.leave(database, tenant.id, membership)
    assert await mailroom.deliver() == 1
    assert smtp.recipients == [[mails[1]]]


async def test_what_another_repeats_is_nobodys_report(
    room: Room,
    mailroom: Mailroom,
    smtp: MailServer,
    database: Database,
    tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """A viewer's run that an engineer repeats shows what the engineer sees, and is not mailed."""
    owner, engineer, *viewers = [
        await make_actor(tenant, role)
        for role in (Role.OWNER, Role.ENGINEER, Role.VIEWER, Role.VIEWER, Role.VIEWER)
    ]
    mails = [await address_of(database, viewer.user_id) for viewer in viewers]
    made = await room.make(owner, "2026-01-01T00:30", cron="0 * * * *", recipients=mails)
    assert await room.tick("2026-01-01T01:00", made) == 4
    of = {run.requested_by: run for run in await room.runs(made)}
    before, between, never = [of[UUID(viewer.subject)] for viewer in viewers]

    async def repeat(run: Run) -> None:
        async with database.session(engineer) as session:
            await runs.retry(session, engineer, run.id)
        await room.end(run)

    await room.end(before, status="failed")
    await repeat(before)
    await room.end(between, never)
    await announced(room, before, between, never)
    await repeat(between)
    assert await mailroom.deliver() == 1
    assert smtp.recipients == [[mails[2]]]


async def test_each_final_state_is_told_once(
    room: Room,
    mailroom: Mailroom,
    smtp: MailServer,
    database: Database,
    tenant: Tenant,
    make_actor: MakeActor,
) -> None:
    """A run that fails, is run again, and ends over budget: one mail each, whoever asks twice."""
    engineer = await make_actor(tenant, Role.ENGINEER)
    viewer = await make_actor(tenant, Role.VIEWER)
    for actor, event, channel, notebook in (
        (engineer, Event.RUN_FAILED, Channel.MAIL, None),
        (engineer, Event.OVER_BUDGET, Channel.MAIL, "count"),
        (engineer, Event.RUN_FAILED, Channel.MAIL, "fill"),
        (viewer, Event.RUN_FAILED, Channel.APP, "count"),
    ):
        async with database.session(actor) as session:
            new = NewSubscription(event=event, channel=channel, notebook=notebook)
            await subscriptions.subscribe(session, actor, new)
    ordered = await room.bench.order(engineer, "count")
    for status, error in ((Status.FAILED, "It broke."), (Status.SUCCEEDED, None)):
        run = await ended(database, ordered, status, error)
        await announced(room, run, times=3)
        assert await mailroom.deliver() == 1
        await announced(room, run)
        assert await mailroom.deliver() == 0
        async with database.session(keeper(tenant.id)) as session:
            await session.execute(update(Run).where(Run.id == run.id).values(status=Status.QUEUED))
    assert [message["Subject"] for message in smtp.arrived] == [
        "count failed in A tenant",
        "count is over budget in A tenant",
    ]
    told = {}
    for actor in (engineer, viewer):
        async with database.session(actor) as session:
            found = await session.scalars(subscriptions.notices(actor))
            told[actor.user_id] = [(notice.attempt, notice.event, notice.text) for notice in found]
            everybodys = await session.scalars(select(Notice.user_id))
            assert set(everybodys) == {actor.user_id}, "PostgreSQL shows one's own alone"
    failed = (1, "run_failed", "It broke.")
    assert told == {
        engineer.user_id: [failed, (2, "over_budget", "seconds is 9, its budget 5")],
        viewer.user_id: [failed],
    }


async def ended(database: Database, run: Run, status: Status, error: str | None) -> Run:
    """A run's next attempt, which measures something and ends."""
    actor = keeper(run.tenant_id)
    async with database.session(actor) as session:
        begun = await attempts.begin(session, actor, run.id, now())
        attempt = Attempt(run.id, begun.attempt)
        metric = MetricMessage(name="seconds", value=9, budget=5)
        await attempts.record_metric(session, actor, attempt, metric)
        await attempts.finish(session, actor, attempt, status, now(), error)
    return begun


@pytest.mark.acts_as("engineer")
async def test_a_worker_does_all_of_it(
    room: Room, smtp: MailServer, actor: Actor, database: Database
) -> None:
    """A worker left alone starts what is due, executes it and mails the report."""
    parts = room.bench.parts
    settings = parts.settings.model_copy(update={"smtp_url": SecretStr(smtp.url)})
    address = await address_of(database, actor.user_id)
    before = f"{now() - timedelta(minutes=2):%Y-%m-%dT%H:%M}"
    made = await room.make(actor, before, cron="* * * * *", recipients=[address])
    stop = asyncio.Event()
    working = asyncio.create_task(loop.work(replace(parts, settings=settings), stop))
    try:
        for _ in range(300):
            if any([address] == to for to in smtp.recipients):
                break
            await asyncio.sleep(0.1)
    finally:
        stop.set()
        await asyncio.wait_for(working, 30)
        async with database.session(actor) as session:
            await schedules.pause(session, actor, await session.merge(made), now())
    mine = smtp.arrived[smtp.recipients.index([address])]
    assert "Count" in attached(mine)
