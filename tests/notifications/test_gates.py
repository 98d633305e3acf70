"""What PostgreSQL lets nobody see or write of the mails and resets of accounts."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError

from tests.support import people
from workbench.access.sign_in import SYSTEM as SIGNING_IN
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.identity import resets
from workbench.identity.models import PasswordReset
from workbench.notifications import commands
from workbench.notifications.models import AccountMail, Mail, Template
from workbench.permissions import Permission, Role
from workbench.tenants.models import Tenant

MAILER = Actor.of_system("mail", Permission.MAIL_SEND)


@pytest.mark.acts_as(Role.OWNER)
async def test_nobody_sees_what_accounts_are_sent(
    database: Database, actor: Actor, operator: Actor
) -> None:
    """The mail task sees waiting mail and resets; neither owners nor operators do."""
    user = await people.make_user(database, password="correct horse battery staple")
    async with database.session(SIGNING_IN) as session:
        commands.write(session, SIGNING_IN, Template.PASSWORD_RESET, user.email)
    async with database.session(MAILER) as session:
        await resets.open_reset(
            session,
            MAILER,
            reset_id=new_id(),
            email=user.email,
            asked_at=datetime.now(UTC),
            now=datetime.now(UTC),
        )
    for looker, is_shown in ((MAILER, True), (actor, False), (operator, False)):
        async with database.session(looker) as session:
            for model in (AccountMail, PasswordReset):
                count = await session.scalar(select(func.count()).select_from(model)) or 0
                assert (count > 0) is is_shown, (looker.subject, model)


@pytest.mark.acts_as(Role.OWNER)
async def test_nobody_makes_a_reset(database: Database, actor: Actor, operator: Actor) -> None:
    """No member and no operator opens a way to another's password, not even past the room."""
    for maker in (actor, operator, SIGNING_IN):
        reset = PasswordReset(
            user_id=actor.user_id, expires_at=datetime.now(UTC) + timedelta(minutes=30)
        )
        with pytest.raises(ProgrammingError, match="row-level security"):
            async with database.session(maker) as session:
                session.add(reset)


async def test_an_operator_writes_to_himself_alone(database: Database, operator: Actor) -> None:
    """On the platform, too, mail to others is the mail and log-in tasks'."""
    other = await people.make_user(database)
    assert operator.user_id is not None
    async with database.session(operator) as session:
        await commands.mail(session, operator, Template.PASSWORD_CHANGED, operator.user_id)
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with database.session(operator) as session:
            commands.write(
                session, operator, Template.PASSWORD_CHANGED, other.email, user_id=other.id
            )


async def test_mails_of_tenants_stay_there(
    database: Database, actor: Actor, other_tenant: Tenant
) -> None:
    """The mail task of one tenant neither sees nor sends another tenant's mail."""
    assert actor.user_id is not None
    async with database.session(actor) as session:
        await commands.mail(session, actor, Template.PASSWORD_CHANGED, actor.user_id)
    here = Actor.of_system("mail", Permission.MAIL_SEND, tenant_id=actor.tenant_id)
    there = Actor.of_system("mail", Permission.MAIL_SEND, tenant_id=other_tenant.id)
    async with database.session(here) as session:
        (mail_id,) = (await session.scalars(select(Mail.id))).all()
    now = datetime.now(UTC) + timedelta(seconds=1)
    for task, is_taken in ((there, False), (here, True)):
        async with database.session(task) as session:
            taken = await commands.claim(session, task, mail_id, now, "workbench.example")
            assert (taken is not None) is is_taken
