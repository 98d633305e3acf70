"""The only way from the dashboard of the audit to the database, as the visitor."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from dashboards.audit.state import Choice
from dashboards.visits import Visit
from workbench.access import queries as access
from workbench.audit import commands, queries, verifying
from workbench.audit.models import AuditEntry
from workbench.audit.queries import Wanted
from workbench.audit.verifying import Verdict
from workbench.db import listing
from workbench.errors import NotFound
from workbench.identity import queries as identity
from workbench.permissions import Permission
from workbench.tenants import queries as tenants

PAGE = 50
CHECKED = 1000  # entries that are checked without being asked for
SHOWN_PEOPLE = 200
# What an entry is about, by the first word of its action; refusals of the API begin with the name
# of a list, such as `members`.
WORDS: dict[str, tuple[str, ...]] = {
    "people": ("member", "invitation", "role", "grant", "access", "user"),
    "sign-in": ("login", "password", "token", "api-token", "auth", "shell", "impersonation"),
    "rows": ("row", "dataset", "definition", "relation", "column", "reject"),
    "imports": ("import", "file", "upload"),
    "runs": ("run", "report", "artifact", "notebook", "schedule", "subscription"),
    "sql": ("sql", "query"),
    "dashboards": ("dashboard",),
    "company": ("tenant", "export", "audit"),
}
ABOUT = {name: (*words, *(f"{word}s" for word in words)) for name, words in WORDS.items()}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may have acted; `subject` is how entries name him."""

    subject: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did or read, with the names that the visitor may know."""

    id: UUID
    at: datetime
    subject: str
    who: str
    email: str
    sid: UUID | None
    action: str
    target: str
    target_name: str
    run_id: UUID | None
    rows: int | None
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entries:
    """One page of entries, and the cursor of the next."""

    items: list[Entry]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the chain found, and when the chain was sealed last."""

    verdict: Verdict
    sealed: datetime | None
    is_whole: bool


class Store:
    """Asks about the audit for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._actor = visit.actor
        self._database = visit.house.database

    @property
    def may_read(self) -> bool:
        """Whether it makes sense to show the audit; the queries decide."""
        return self._actor.tenant_id is not None and self._actor.may(Permission.AUDIT_READ)

    @property
    def knows_people(self) -> bool:
        """Whether names of members can be shown."""
        return self._actor.may(Permission.MEMBER_READ)

    async def tenant(self) -> str:
        """The name of the visitor's tenant."""
        async with self._database.session(self._actor) as session:
            tenant_id = self._actor.require_tenant()
            tenant = await session.scalar(tenants.tenant(self._actor, tenant_id))
        return tenant.name if tenant else ""

    async def people(self) -> list[Person]:
        """The members by e-mail address, the first of them where there are very many."""
        if not self.knows_people:
            return []
        statement = access.members(self._actor).limit(SHOWN_PEOPLE)
        async with self._database.session(self._actor) as session:
            found = (await session.execute(statement)).all()
        return [Person(str(u.id), u.name, u.email) for _, u in found]

    async def subject(self, email: str) -> str:
        """How entries name the member of an address; raise NotFound when there is none."""
        async with self._database.session(self._actor) as session:
            found = await session.execute(access.members(self._actor, sought=email).limit(PAGE))
            for _, user in found:
                if user.email == email.strip().lower():
                    return str(user.id)
        raise NotFound("Nobody here has this address; take one that is offered.")

    async def page(self, choice: Choice, cursor: str | None, now: datetime) -> Entries:
        """A page of entries, the newest first; that it was read is noted itself."""
        async with self._database.session(self._actor) as session:
            page = await listing.page(
                session,
                queries.entries(self._actor, wanted(choice, now)),
                [AuditEntry.at, AuditEntry.id],
                cursor=cursor,
                limit=PAGE,
                newest_first=True,
            )
            found = [row[0] for row in page.items]
            known = await self._known(session, found)
            commands.record(session, self._actor, "audit.read", "audit", rows=len(found))
        return Entries([_entry(each, known) for each in found], page.next_cursor)

    async def check(self, *, is_whole: bool = False) -> Checked:
        """Check the last entries of the tenant's chain, or all, and that none stands beside it."""
        async with self._database.session(self._actor) as session:
            seal = await session.scalar(queries.last_seal(self._actor))
        last = None if is_whole else CHECKED
        verdict = await verifying.verify(
            self._database, self._actor, last=last, with_beside=is_whole
        )
        return Checked(verdict, seal.at if seal else None, is_whole)

    async def _known(self, session: AsyncSession, found: Iterable[AuditEntry]) -> dict[str, Person]:
        """Who stands behind the ids in some entries, by id."""
        named = {each.subject for each in found} | {each.target for each in found}
        if self.knows_people:
            people = await session.execute(access.people(self._actor, _ids(named)))
            return {str(p.id): Person(str(p.id), p.name, p.email) for p in people}
        user = await session.scalar(identity.myself(self._actor))
        return {str(user.id): Person(str(user.id), user.name, user.email)} if user else {}


def wanted(choice: Choice, now: datetime) -> Wanted:
    """A choice as the room takes it."""
    return Wanted(
        action=choice.action or None,
        subject=choice.subject or None,
        target=choice.target or None,
        about=ABOUT.get(choice.about, ()),
        sought=choice.sought.strip(),
        since=choice.since(now),
        until=choice.until(),
    )


def _ids(texts: Iterable[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _entry(each: AuditEntry, known: dict[str, Person]) -> Entry:
    person, target = known.get(each.subject), known.get(each.target)
    return Entry(
        id=each.id,
        at=each.at,
        subject=each.subject,
        who=person.name if person else "",
        email=person.email if person else "",
        sid=each.sid,
        action=each.action,
        target=each.target,
        target_name=target.name if target else "",
        run_id=each.run_id,
        rows=each.rows,
        details=each.details,
    )
