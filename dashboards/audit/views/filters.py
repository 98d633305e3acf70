"""Choosing which entries are shown, and taking a period along as a file."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import param
from panel.custom import JSComponent

from dashboards.audit import words
from dashboards.audit.state import Choice
from dashboards.audit.store import Entry, Person
from dashboards.components import parts

HERE = Path(__file__).parent
KINDS = frozenset({"search", "person", "about", "period", "days", "subject", "action", "target"})
ID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f-]{27}\b")
ABOUT = [
    ["", "Everything"],
    ["people", "People and their rights"],
    ["sign-in", "Signing in"],
    ["rows", "Datasets and rows"],
    ["imports", "Files and imports"],
    ["runs", "Notebooks and runs"],
    ["sql", "SQL"],
    ["dashboards", "Dashboards"],
    ["company", "The company and this audit"],
]


class Filters(JSComponent):
    """Which entries are shown; the files hold every entry of the period."""

    people = param.List(default=[], doc="Whom entries may be of: e-mail address and name.")
    knows_people = param.Boolean(default=False, doc="Whether people can be chosen.")
    kinds = param.List(default=ABOUT, doc="What entries may be about.")
    sought = param.String(default="", doc="What is looked for.")
    person = param.String(default="", doc="Whose entries: an e-mail address.")
    about = param.String(default="", doc="What the entries are about.")
    period = param.String(default="", doc="The preset period.")
    first = param.String(default="", doc="The first day.")
    last = param.String(default="", doc="The last day.")
    subject = param.String(default="", doc="Whose entries, where no address is known.")
    action = param.String(default="", doc="The only action that is shown.")
    target = param.String(default="", doc="The only thing that is shown.")
    span = param.String(default="", doc="The period as the address of the file has it.")
    turn = param.Integer(default=0, doc="Counts the answers, so that each is drawn.")

    _esm = parts.script(HERE / "filters.js")
    _stylesheets: ClassVar[list[str]] = [
        parts.style(parts.HERE / "fields.css", HERE / "filters.css")
    ]

    @classmethod
    def of(cls, hear: parts.Hear, **shown: Any) -> "Filters":
        """Make the form; people follow."""
        made = cls(sizing_mode="stretch_width", **shown)
        made.on_msg(parts.hearing(KINDS, hear))
        return made

    def tell(self, choice: Choice, people: Sequence[Person], now: datetime) -> None:
        """Show what is chosen."""
        chosen = next((p for p in people if p.subject == choice.subject), None)
        self.param.update(
            people=[[person.email, person.name] for person in people],
            sought=choice.sought,
            person=chosen.email if chosen else "",
            subject="" if chosen or not choice.subject else words.who(choice.subject, ""),
            about=choice.about,
            period=choice.period,
            first=choice.first.isoformat() if choice.first else "",
            last=choice.last.isoformat() if choice.last else "",
            action=choice.action,
            target=choice.target,
            span=span(choice, now),
            turn=self.turn + 1,
        )


def span(choice: Choice, now: datetime) -> str:
    """The period of a choice as the address of its file has it."""
    bounds = {"since": choice.since(now), "until": choice.until()}
    given = {name: bound.isoformat() for name, bound in bounds.items() if bound is not None}
    return f"&{urlencode(given)}" if given else ""


def shown(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Entries as the list takes them."""
    return [
        {
            "id": str(entry.id),
            "day": f"{entry.at:%A, %-d %B %Y}",
            "at": f"{entry.at:%H:%M:%S}",
            "at_exact": f"{entry.at:%-d %b %Y, %H:%M:%S.%f} UTC",
            "who": words.who(entry.subject, entry.who),
            "email": entry.email,
            "subject": entry.subject,
            "did": words.did(entry.action),
            "action": entry.action,
            "target": entry.target,
            "on": entry.target_name or entry.target,
            "short": entry.target_name or ID.sub(r"\1…", entry.target),
            "rows": entry.rows,
            "run": str(entry.run_id or ""),
            "sid": str(entry.sid or ""),
            "changes": words.changes(entry.details),
            "details": words.rest(entry.details),
        }
        for entry in entries
    ]
