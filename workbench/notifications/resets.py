"""Password resets by mail: asked for by anybody, confirmed by who reads the mail."""

from datetime import datetime

from workbench.access.sign_in import SYSTEM as SIGNING_IN
from workbench.db.session import Database
from workbench.identity import commands as identity
from workbench.identity import resets
from workbench.identity.mail_tokens import MailTokens, Purpose
from workbench.notifications import commands
from workbench.notifications.models import Template


async def ask(database: Database, email: str) -> None:
    """Note that somebody asks for a new password.

    The same is done whatever the address: whether it has a user is looked up when the mail is
    sent, so that neither answer nor time can tell.
    """
    address = identity.checked_email(email)
    async with database.session(SIGNING_IN) as session:
        commands.write(session, SIGNING_IN, Template.PASSWORD_RESET, address)


async def confirm(
    database: Database, tokens: MailTokens, token: str, password: str, now: datetime
) -> None:
    """Change the password, end every log-in of the user, and tell the user so."""
    offer = tokens.read(Purpose.PASSWORD_RESET, token, now)
    async with database.session(SIGNING_IN) as session:
        user_id = await resets.spend(session, SIGNING_IN, offer, password=password, now=now)
        await commands.mail(session, SIGNING_IN, Template.PASSWORD_CHANGED, user_id)
