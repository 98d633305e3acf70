"""What links in mail lead to: a newcomer joins, forgets the password and chooses another."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.journeys.conftest import Visitor
from tests.support import people
from workbench.actor import Actor
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.notifications import invitations
from workbench.permissions import Role
from workbench.settings import Settings
from workbench.tenants.models import Tenant

OLD, NEW = "correct horse battery staple", "another horse battery staple"
SECONDS = 120


async def link(settings: Settings, email: str, path: str) -> str:
    """Path and fragment of the link that the worker has sent to an address."""
    for _ in range(SECONDS * 5):
        for body in written(settings.prepared_home() / "mail", email):
            if found := re.search(rf"{path}#\S+", body):
                return found[0]
        await asyncio.sleep(0.2)
    raise TimeoutError(email)


def written(folder: Path, email: str) -> Iterator[str]:
    """The text of each mail in a folder that goes to an address."""
    for file in folder.glob("*.eml"):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",)) if message["To"] == email else None
        if body is not None:
            yield body.get_content()


@pytest.mark.acts_as(Role.OWNER)
async def test_a_newcomer_joins_and_forgets(
    house: str,
    browser: Browser,
    database: Database,
    settings: Settings,
    actor: Actor,
    tenant: Tenant,
) -> None:
    """From the mail to the first dashboard, and from a forgotten password back to it (T13)."""
    email = f"{new_id().hex}@newcomer.example"
    async with database.session(actor) as session:
        now = datetime.now(UTC)
        await invitations.send(session, actor, email=email, role=Role.ANALYST, now=now)
    page = await browser.new_page()
    visitor = Visitor(page, house)
    await page.goto(house + await link(settings, email, "/invitation"))
    await expect(page.get_by_role("heading")).to_have_text(f"Join {tenant.name}")
    await expect(page).to_have_url(f"{house}/invitation")
    await page.get_by_label("Your name").fill("Ann")
    await page.get_by_label("Password").fill(OLD)
    await page.get_by_role("button", name="Join").click()
    await page.wait_for_url("**/dashboards/home")
    assert visitor.trouble == []

    stranger = await browser.new_page()
    visitor = Visitor(stranger, house)
    await stranger.goto(f"{house}/login")
    await stranger.get_by_role("link", name="Forgot your password?").click()
    await stranger.get_by_label("E-mail").fill(email)
    await stranger.get_by_role("button", name="Send the link").click()
    await expect(stranger.get_by_role("alert")).to_contain_text("a mail is on its way")
    await stranger.goto(house + await link(settings, email, "/reset/confirm"))
    await expect(stranger).to_have_url(f"{house}/reset/confirm")
    await stranger.get_by_label("New password").fill(NEW)
    await stranger.get_by_label("Once more").fill(NEW)
    await stranger.get_by_role("button", name="Change the password").click()
    await expect(stranger.get_by_role("alert")).to_contain_text("Your password is changed")
    assert visitor.trouble == []
    await stranger.get_by_role("link", name="Go to the sign-in").click()
    await stranger.get_by_label("E-mail").fill(email)
    await stranger.get_by_label("Password").fill(NEW)
    await stranger.get_by_role("button", name="Sign in").click()
    await stranger.wait_for_url("**/dashboards/home")
    # The newcomer's first page belongs to a log-in that the new password has ended.
    await page.goto(f"{house}/dashboards/home")
    await page.wait_for_url("**/login?*")


async def test_a_spent_link_says_so(house: str, browser: Browser, database: Database) -> None:
    """Whoever comes too late reads what to do, in words."""
    await people.make_tenant(database)
    page = await browser.new_page()
    await page.goto(f"{house}/invitation#a.b.c")
    await expect(page.get_by_role("alert")).to_contain_text("Ask for a new one")
    await page.goto(f"{house}/reset/confirm")
    await expect(page.get_by_role("alert")).to_contain_text("Open the link in the mail")
