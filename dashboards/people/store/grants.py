"""Grants: what single datasets, dashboards and notebooks are shared with whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from dashboards.people.store.finding import member_id
from dashboards.visits import Visit
from workbench.access import grants, queries
from workbench.access.models import Grant
from workbench.access.schemas import GRANTABLE, USUAL, Kind, Part, Target
from workbench.datasets import queries as datasets
from workbench.datasets.column_types import TYPES
from workbench.db import listing
from workbench.errors import Detail, Invalid, NotFound
from workbench.notebooks import queries as notebooks
from workbench.notebooks.shelf import Shelf
from workbench.permissions import Permission

PAGE = 25
SHOWN_MEMBERS = 200
MOST_CONDITIONS = 20
NUMBERS = {"integer": int, "number": float}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a filter or a mask can name."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Thing:
    """What can be shared: its kind, its name, how it is called, and a dataset's columns."""

    kind: Kind
    name: str
    title: str
    columns: Sequence[Column] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant with the names of its holder and its target."""

    id: UUID
    role: str | None
    email: str | None
    kind: Kind
    target: str
    permissions: list[str]
    filter: Mapping[str, Any] | None
    masks: Mapping[str, str]
    made: datetime


@dataclass(frozen=True, slots=True)
class Shelves:
    """What can be shared with whom."""

    things: list[Thing]
    roles: list[tuple[UUID, str]]
    members: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class NewGrant:
    """What a visitor wants to share: with a role by id or a member by address, and which part."""

    kind: Kind
    name: str
    role: UUID | None
    email: str
    permissions: Sequence[Permission]
    part: Part


class GrantStore:
    """Asks about grants, makes and revokes them, for one visit."""

    def __init__(self, visit: Visit) -> None:
        """Remember who asks; nothing is read yet."""
        self._actor = visit.actor
        self._database = visit.house.database
        self._shelf = Shelf(visit.house.notebooks)

    @property
    def may_manage(self) -> bool:
        """Whether it makes sense to offer grants; the commands decide."""
        return self._actor.may(Permission.ROLE_MANAGE)

    async def shelves(self) -> Shelves:
        """The datasets and notebooks, the roles, and the first members by address."""
        actor = self._actor
        async with self._database.session(actor) as session:
            found = []
            if actor.may_somewhere(Permission.DATASET_READ):
                found = list(await session.scalars(datasets.datasets(actor)))
            roles = [
                (role.id, role.name) for role, _ in await session.execute(queries.roles(actor))
            ]
            members = await session.execute(queries.members(actor).limit(SHOWN_MEMBERS))
            named = [(user.email, user.name) for _, user in members]
        things = [
            Thing(
                "dataset",
                each.definition.name,
                each.definition.title or each.definition.name,
                [Column(c.name, c.type) for c in each.definition.columns],
            )
            for each in found
        ]
        if actor.may_somewhere(Permission.NOTEBOOK_READ):
            shown = notebooks.notebooks(actor, self._shelf)
            things += [Thing("notebook", each.name, each.title) for each in shown]
        return Shelves(things, roles, named)

    async def page(self, cursor: str | None) -> tuple[list[Granted], str | None]:
        """A page of grants, the newest first, and the cursor of the next."""
        statement = queries.grants(self._actor)
        async with self._database.session(self._actor) as session:
            page = await listing.page(
                session, statement, [Grant.id], cursor=cursor, limit=PAGE, newest_first=True
            )
        return [_granted(row) for row in page.items], page.next_cursor

    async def create(self, new: NewGrant) -> None:
        """Share a thing, or a part of a dataset."""
        actor = self._actor
        actor.require(Permission.ROLE_MANAGE)
        async with self._database.session(actor) as session:
            target, definition_id = await self._target(session, new)
            holder = None
            if new.role is None:
                holder = await member_id(session, actor, new.email)
            await grants.create(
                session,
                actor,
                target,
                definition_id=definition_id,
                role_id=new.role,
                membership_id=holder,
                permissions=new.permissions or USUAL[new.kind],
                part=new.part,
            )

    async def revoke(self, grant_id: UUID) -> None:
        """Take a grant back."""
        async with self._database.session(self._actor) as session:
            row = (await session.execute(queries.grant(self._actor, grant_id))).first()
            if row is None:
                raise NotFound("This grant is not there any more.")
            await grants.revoke(session, self._actor, row[0])

    async def _target(self, session: AsyncSession, new: NewGrant) -> tuple[Target, UUID | None]:
        if new.kind == "dataset":
            dataset = await session.scalar(datasets.dataset(self._actor, new.name))
            if dataset is None:
                raise NotFound("There is no such dataset any more.")
            return Target(kind="dataset", dataset_id=dataset.id), dataset.definition_id
        if new.kind == "notebook":
            notebooks.notebook(self._actor, self._shelf, new.name)
        return Target(kind=new.kind, name=new.name), None


def read(form: Mapping[str, Any], things: Sequence[Thing]) -> NewGrant:
    """What a form says; raise Invalid that names the field where it says nothing good."""
    thing = next(
        (t for t in things if (t.kind, t.name) == (form.get("kind"), form.get("name"))), None
    )
    if thing is None:
        raise Invalid("Choose what to share.")
    grantable = {p.value: p for p in GRANTABLE[thing.kind]}
    chosen = [grantable[p] for p in _texts(form.get("permissions")) if p in grantable]
    part = Part()
    if thing.kind == "dataset" and Permission.ROW_READ in (chosen or USUAL["dataset"]):
        part = read_part(form, thing)
    role = form.get("role")
    try:
        role_id = UUID(role) if isinstance(role, str) and role else None
    except ValueError as error:
        raise Invalid("Choose a role.") from error
    email = str(form.get("email") or "").strip()
    if role_id is None and not email:
        raise Invalid("Choose a role, or a member by e-mail address.")
    return NewGrant(thing.kind, thing.name, role_id, email, chosen, part)


def read_part(form: Mapping[str, Any], thing: Thing) -> Part:
    """The part of a dataset that a form describes."""
    types = {column.name: column.type for column in thing.columns}
    given = form.get("conditions")
    rows = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    if len(rows) > MOST_CONDITIONS:
        raise Invalid(f"At most {MOST_CONDITIONS} conditions.")
    trees = [_condition(each, types) for each in rows]
    joint = "any" if form.get("join") == "any" else "all"
    tree = None if not trees else trees[0] if len(trees) == 1 else {joint: trees}
    masks = form.get("masks")
    hidden = {c: m for c, m in masks.items() if m} if isinstance(masks, dict) else {}
    try:
        return Part.model_validate({"filter": tree, "masks": hidden})
    except ValidationError as error:
        raise Invalid("The part of the dataset cannot be told apart; check it.") from error


def _condition(row: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    column, op, text = str(row.get("column")), str(row.get("op")), str(row.get("value") or "")
    if column not in types:
        raise Invalid("Choose a column for each condition.")
    if op in {"is_null", "has_value"}:
        tree = {"column": column, "op": "is_null"}
        return tree if op == "is_null" else {"not": tree}
    if op == "in":
        values = [_value(each.strip(), column, types) for each in text.split(",") if each.strip()]
        return {"column": column, "op": op, "value": values or [_value("", column, types)]}
    return {"column": column, "op": op, "value": _value(text.strip(), column, types)}


def _value(text: str, column: str, types: Mapping[str, str]) -> str | int | float | bool:
    """A text as JSON writes a value of the column's type."""
    kind = types[column]
    wrong = Invalid(
        f"{column} is compared with {TYPES[kind].expected}.",
        details=[Detail(column, f"must be {TYPES[kind].expected}")],
    )
    if not text:
        raise wrong
    if kind == "boolean":
        if text.lower() not in {"true", "false"}:
            raise wrong
        return text.lower() == "true"
    try:
        return NUMBERS[kind](text) if kind in NUMBERS else text
    except ValueError as error:
        raise wrong from error


def _texts(given: Any) -> list[str]:
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else []


def _granted(row: Any) -> Granted:
    grant, role, email, dataset = row
    return Granted(
        id=grant.id,
        role=role,
        email=email,
        kind=grant.kind,
        target=grant.name or dataset or "a dataset that you may not see",
        permissions=grant.permissions,
        filter=grant.filter,
        masks=grant.masks,
        made=grant.created_at,
    )
