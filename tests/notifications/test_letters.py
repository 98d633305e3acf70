"""Letters: what a mail looks like, and what nobody can make of it."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from workbench.db.ids import new_id
from workbench.errors import Invalid
from workbench.notifications import letters
from workbench.notifications.letters import Sender
from workbench.notifications.models import AccountMail, Template

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SENDER = Sender.of("Workbench <post@workbench.example>", "https://workbench.example/")
DETAILS = {
    Template.INVITATION: {"tenant": "Acme", "role": "analyst", "inviter": "Ann", "invitation": "1"},
    Template.INVITATION_ACCEPTED: {"tenant": "Acme", "role": "analyst", "address": "b@x.example"},
    Template.ALERT: {"tenant": "Acme", "notebook": "n", "happened": "failed", "reason": "It did."},
    Template.REPORT: {"tenant": "Acme", "notebook": "n", "schedule": "Daily"},
    Template.SCHEDULE_PAUSED: {"tenant": "Acme", "schedule": "Daily", "reason": "Who knows."},
}
HOSTILE = [
    "Acme\r\nBcc: victim@x.example",
    "Acme\nSubject: other",
    "Acme\r\n\r\n<script>alert(1)</script>",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "Acme\u2028Bcc: victim@x.example",
    "Acme\u202eevil\x00",
    "Win at https://evil.example/now or www.evil.example",
    "A" * 10_000,
]


def letter(template: Template, **details: Any) -> EmailMessage:
    """A letter, as it arrives."""
    mail = AccountMail(
        id=new_id(),
        recipient="ann@x.example",
        template=template.value,
        message_id="<1@workbench.example>",
        details=DETAILS.get(template, {}) | details,
    )
    made = letters.compose(mail, SENDER, "/invitation#token", NOW)
    arrived = message_from_bytes(made.as_bytes(), policy=policy.default)
    assert isinstance(arrived, EmailMessage)
    return arrived


def bodies(message: EmailMessage) -> tuple[str, str]:
    """The text and the HTML of a message."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


@pytest.mark.parametrize("template", Template)
def test_every_template_is_complete(template: Template) -> None:
    """Subject, text and HTML; one recipient, one sender, no picture and nothing from outside."""
    message = letter(template)
    text, html = bodies(message)
    assert message["To"] == "ann@x.example"
    assert message["From"] == "Workbench <post@workbench.example>"
    assert 10 < len(message["Subject"]) < 78
    assert message["Auto-Submitted"] == "auto-generated"
    assert "{{" not in text + html
    assert message["Subject"] not in text
    assert "<img" not in html
    assert "src=" not in html
    links = [part.partition('"')[0] for part in html.split('href="')[1:]]
    assert links
    assert all(link.startswith("https://workbench.example") for link in links)
    assert "https://workbench.example" in text


def test_the_link_is_whole_in_both_parts() -> None:
    """The link goes to the configured host, with its token in the fragment."""
    for part in bodies(letter(Template.INVITATION)):
        assert "https://workbench.example/invitation#token" in part


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("field", ["tenant", "inviter"])
def test_words_stay_words(words: str, field: str) -> None:
    """No name adds a header, a recipient, a tag, a template or a link (F10)."""
    plain, message = letter(Template.INVITATION), letter(Template.INVITATION, **{field: words})
    assert message.keys() == plain.keys()
    assert message["To"] == plain["To"]
    assert "Bcc" not in message
    text, html = bodies(message)
    assert html.count("<") == bodies(plain)[1].count("<")
    assert "://evil" not in text + html
    assert "evil.example" not in text + html
    assert len(text) < 1000


def test_a_recipient_is_one_address() -> None:
    """An address that would be two, or a header, is no letter."""
    for recipient in ("a@x.example, b@x.example", "a@x.example\r\nBcc: b@x.example", "nobody"):
        mail = AccountMail(
            id=new_id(),
            recipient=recipient,
            template="login_reused",
            details={},
            message_id="<1@x>",
        )
        with pytest.raises((ValueError, IndexError)):
            letters.compose(mail, SENDER, "/login", NOW).as_bytes()


@pytest.mark.parametrize("address", ["", "nobody", "a@x.example\r\nBcc: b@x.example"])
def test_a_sender_is_one_address(address: str) -> None:
    """A setting that is no address is refused before anything is sent."""
    with pytest.raises(Invalid):
        Sender.of(address, "https://workbench.example")


def test_a_name_is_kept_as_it_is() -> None:
    """Names that people really have are not touched."""
    for name in ("Dr. Ann O’Neill-Łukasz", "Müller & Söhne GmbH", "日本航空", "Smith, Jones (UK)"):
        text, html = bodies(letter(Template.INVITATION, tenant=name))
        assert name in text
        assert name.replace("&", "&amp;") in html
