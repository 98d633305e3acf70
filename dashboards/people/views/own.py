"""One's own sign-ins and API tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import param

from dashboards.components import numbers, parts
from dashboards.components.permission_words import WORDS
from dashboards.people.store.own import SignIn, Token
from dashboards.people.views.grants import SHARED
from dashboards.people.views.talking import Talking, script

KINDS = frozenset({"sign-out", "sign-out-elsewhere", "make", "revoke"})
BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


class Own(Talking):
    """Where the visitor is signed in, and the tokens of the visitor's programs."""

    sign_ins = param.List(default=[], doc="Where the visitor is signed in.")
    tokens = param.List(default=[], doc="The tokens, without their secrets.")
    scope = param.List(default=[], doc="What a new token could do: permission and words.")
    may_have_tokens = param.Boolean(default=False, doc="Whether tokens are offered.")
    is_loading = param.Boolean(default=True, doc="Whether sign-ins are on their way.")

    _esm = script("own.js")
    _stylesheets: ClassVar[list[str]] = [SHARED]

    @classmethod
    def of(cls, hear: parts.Hear, **offers: Any) -> "Own":
        """Make the lists; they are on their way."""
        made = cls(sizing_mode="stretch_width", **offers)
        made.on_msg(parts.hearing(KINDS, hear))
        return made

    def reveal(self, text: str) -> None:
        """Show a token's text, once: it is sent and not kept."""
        self._send_msg({"text": text})


def offered(scope: Sequence[str]) -> list[list[str]]:
    """What a token could do, in words."""
    return [[each, WORDS.get(each, each)] for each in scope]


def sign_ins(found: Sequence[SignIn], now: datetime) -> list[dict[str, Any]]:
    """Sign-ins as the list takes them."""
    return [
        {
            "id": str(each.id),
            "device": device(each.device),
            "when": f"{each.address} · since {numbers.day(each.began)}, "
            f"last seen {numbers.ago(each.seen, now)}",
            "is_here": each.is_here,
        }
        for each in found
    ]


def tokens(found: Sequence[Token], now: datetime) -> list[dict[str, Any]]:
    """Tokens as the list takes them."""
    return [
        {
            "id": str(each.id),
            "name": each.name,
            "prefix": each.prefix[:12],
            "email": each.email,
            "is_own": each.is_own,
            "scope": ", ".join(WORDS.get(p, p) for p in each.scope),
            "when": f"{_until(each)}; last used {numbers.ago(each.used, now)}"
            if each.used
            else f"{_until(each)}; never used",
        }
        for each in found
    ]


def device(agent: str) -> str:
    """A browser as people call it; a program as it calls itself."""
    browser = next((name for mark, name in BROWSERS if mark in agent), None)
    system = next((name for mark, name in SYSTEMS if mark in agent), None)
    if browser is None:
        return agent[:60] or "A program without a name"
    return f"{browser} on {system}" if system else browser


def _until(token: Token) -> str:
    return (
        f"good until {numbers.day(token.expires)}" if token.is_live else "lets nobody in any more"
    )
