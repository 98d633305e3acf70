"""Members and invitations, as they are shown and what may be wished of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import param

from dashboards.components import numbers, parts
from dashboards.people.store.members import Desk, Invited, Member
from dashboards.people.views import words
from dashboards.people.views.talking import STYLE, Talking, script
from workbench.permissions import MEMBER_ROLES

KINDS = frozenset(
    {"search", "filter", "previous", "next", "role", "give", "take", "remove", "undo"}
)


class MemberList(Talking):
    """One page of members with what may be done about each."""

    items = param.List(default=[], doc="The members of the page.")
    counts = param.List(default=[], doc="For each role: its name, its title, how many hold it.")
    choices = param.List(default=[], doc="The system roles that can be given.")
    own_roles = param.List(default=[], doc="The tenant's own roles: `id` and `name`.")
    may_manage = param.Boolean(default=False, doc="Whether changes are offered.")
    may_give = param.Boolean(default=False, doc="Whether the tenant's own roles are offered.")
    sought = param.String(default="", doc="What is looked for.")
    role = param.String(default="", doc="The role that is looked for; empty for any.")
    label = param.String(default="", doc="Which members these are.")
    has_previous = param.Boolean(default=False, doc="Whether there is a page before.")
    has_next = param.Boolean(default=False, doc="Whether there is a page after.")
    can_undo = param.Boolean(default=False, doc="Whether the last removal can be taken back.")
    is_loading = param.Boolean(default=True, doc="Whether the members are on their way.")

    _esm = script("members.js")
    _stylesheets: ClassVar[list[str]] = [STYLE]

    @classmethod
    def of(cls, hear: parts.Hear, **offers: Any) -> "MemberList":
        """Make a list whose members are on their way."""
        made = cls(sizing_mode="stretch_width", **offers)
        made.on_msg(parts.hearing(KINDS, hear))
        return made


class Invitations(Talking):
    """The form that invites somebody, and the invitations that wait."""

    items = param.List(default=[], doc="The invitations that nobody has accepted yet.")
    choices = param.List(default=[], doc="The roles that can be offered.")
    may_manage = param.Boolean(default=False, doc="Whether inviting is offered.")
    sent = param.Integer(default=0, doc="Counts the invitations sent: the form is then emptied.")

    _esm = script("invitations.js")
    _stylesheets: ClassVar[list[str]] = [STYLE]

    @classmethod
    def of(cls, hear: parts.Hear, **offers: Any) -> "Invitations":
        """Make the form; invitations are on their way."""
        made = cls(sizing_mode="stretch_width", **offers)
        made.on_msg(parts.hearing(frozenset({"invite", "resend", "withdraw"}), hear))
        return made


def counted(desk: Desk) -> list[list[Any]]:
    """The choices of roles, each with how many members hold it."""
    every = [["", "All", desk.counts.total()]]
    return every + [[r.value, words.title(r), desk.counts[r]] for r in MEMBER_ROLES]


def shown(members: Sequence[Member], now: datetime) -> list[dict[str, Any]]:
    """Members as the list takes them."""
    return [
        {
            "id": str(member.id),
            "name": member.name,
            "email": member.email,
            "role": member.role,
            "title": words.title(member.role),
            "roles": [{"id": str(role.id), "name": role.name} for role in member.roles],
            "since": numbers.day(member.since),
            "seen": numbers.ago(member.seen, now) if member.seen else "",
            "is_self": member.is_self,
        }
        for member in members
    ]


def waiting(invited: Sequence[Invited], now: datetime) -> list[dict[str, str]]:
    """Invitations as the list takes them."""
    return [
        {
            "id": str(each.id),
            "email": each.email,
            "title": words.title(each.role),
            "when": f"invited {numbers.ago(each.made, now)}; "
            + (f"open until {numbers.day(each.expires)}" if each.is_open else "its time is over"),
        }
        for each in invited
    ]


def label(count: int, page: int, total: int | None) -> str:
    """Which members a page shows."""
    if not count:
        return ""
    first = page * 25 + 1
    of = f" of {total:,}" if total is not None else ""
    return f"{first:,}–{first + count - 1:,}{of}"
