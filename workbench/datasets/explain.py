"""Explaining access: whether a member may do one thing, asked of PostgreSQL as him, and why.

Rows are counted and never shown. Nothing of it stays: the member's sign-in is undone at the end.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, TextClause, case, false, func, select, text, true
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import standing as standings
from workbench.access.answers import Explanation, Extent, Part, Proof, Source
from workbench.access.schemas import Kind
from workbench.access.standing import Standing
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets import queries, reach, tables
from workbench.datasets.errors import DatasetNotFound, refuse
from workbench.datasets.models import Dataset, Definition
from workbench.datasets.predicates import predicate
from workbench.permissions import Permission

HELD = text("select workbench.tenant_with(:permission) is not null")
HELD_ON = text("select workbench.tenant_with(:permission, :target) is not null")
# What is asked of a target when no permission is named.
USUAL: dict[Kind, Permission] = {
    "dataset": Permission.ROW_READ,
    "dashboard": Permission.DASHBOARD_READ,
    "notebook": Permission.NOTEBOOK_READ,
}
PLAN = "explain (costs off, format json) {}"
STATES = {
    "disabled": "The user is disabled.",
    "suspended": "The tenant is suspended.",
    "active": "PostgreSQL does not let this user in.",
}


@dataclass(frozen=True, slots=True)
class Question:
    """May the member do this, everywhere or on one target, and does he see this row?"""

    permission: Permission
    kind: Kind | None = None
    name: str | None = None
    row: int | None = None


async def explain(
    session: AsyncSession, actor: Actor, membership_id: UUID, question: Question, now: datetime
) -> Explanation:
    """Whether a member may do one thing, what decided it, and what PostgreSQL answered."""
    _check(question)
    standing = await standings.of(session, actor, membership_id)
    dataset = await _dataset(session, actor, question)
    async with standings.becoming(session, actor, standing, now) as member:
        found = await _asked(session, member, question, dataset) if member else None
    extent: Extent = found[0] if found else "none"
    parts: list[Part] = []
    if dataset is not None and extent == "part":
        parts = standing.parts(dataset.definition_id)
        await _show(session, actor, dataset, question.row, parts)
    allowed = extent != "none" and (question.row is None or bool(found and found[1].answer))
    sources = _sources(standing, question, dataset) if extent == "whole" else []
    audit.record(
        session,
        actor,
        "access.explain",
        str(membership_id),
        permission=question.permission,
        on=question.name,
        row=question.row,
        allowed=allowed,
    )
    return Explanation(
        member=standing.person,
        permission=question.permission,
        kind=question.kind,
        target=question.name,
        row=question.row,
        allowed=allowed,
        extent=extent,
        because=_because(standing, question, extent, allowed=allowed, is_in=member is not None),
        sources=sources,
        parts=parts,
        proof=found[1] if found else None,
    )


def _sources(standing: Standing, question: Question, dataset: Dataset | None) -> list[Source]:
    if dataset is not None:
        return reach.sources(standing, question.permission, dataset)
    return standing.sources(question.permission, question.name)


def _check(question: Question) -> None:
    is_of_rows = question.kind == "dataset" and question.permission is Permission.ROW_READ
    if question.row is not None and not is_of_rows:
        raise refuse("row", "is asked for with a dataset and row:read")


async def _dataset(session: AsyncSession, actor: Actor, question: Question) -> Dataset | None:
    if question.kind != "dataset" or question.name is None:
        return None
    dataset = await session.scalar(queries.dataset(actor, question.name))
    if dataset is None:
        raise DatasetNotFound
    return dataset


async def _asked(
    session: AsyncSession, member: Actor, question: Question, dataset: Dataset | None
) -> tuple[Extent, Proof]:
    """How far it goes, and the answer that PostgreSQL gave to the member."""
    if dataset is not None and question.permission is Permission.ROW_READ:
        statement = _rows(member, dataset.definition, question.row)
        return reach.extent(member, dataset), await _proved(session, statement)
    target = str(dataset.definition_id) if dataset else question.name
    values = {"permission": str(question.permission)}
    if target is None:
        proof = await _proved(session, HELD.bindparams(**values))
    else:
        proof = await _proved(session, HELD_ON.bindparams(**values, target=target))
    return ("whole" if proof.answer else "none"), proof


def _rows(member: Actor, definition: Definition, row: int | None) -> Select[Any]:
    """The rows that the member sees, counted, or whether he sees one of them."""
    view = tables.view(member, definition)
    if row is None:
        return select(func.count()).select_from(view)
    return select(select(true()).where(view.c[tables.ROW_ID] == row).exists())


async def _proved(session: AsyncSession, statement: Select[Any] | TextClause) -> Proof:
    answer = await session.scalar(statement)
    # Names were looked up and the only values are ours or an integer: nothing typed is in it.
    written = str(
        statement.compile(
            dialect=postgresql.dialect(),
            compile_kwargs={"literal_binds": True},
        )
    )
    plan = None
    if isinstance(statement, Select):
        plan = await session.scalar(text(PLAN.format(written)))
    return Proof(statement=" ".join(written.split()), answer=answer, plan=plan)


async def _show(
    session: AsyncSession, actor: Actor, dataset: Dataset, row: int | None, parts: list[Part]
) -> None:
    """Note which parts the row is in, where the actor sees the whole dataset himself."""
    if row is None or not actor.may(Permission.ROW_READ, str(dataset.definition_id)):
        return
    view, types = tables.view(actor, dataset.definition), tables.types(dataset.definition)
    for part in parts:
        shown = predicate(view, types, part.filter) if part.filter else true()
        statement = select(case((shown, true()), else_=false()))
        part.shows = bool(
            await session.scalar(statement.select_from(view).where(view.c[tables.ROW_ID] == row))
        )


def _because(
    standing: Standing, question: Question, extent: Extent, *, allowed: bool, is_in: bool
) -> str:
    on = f" on the {question.kind} {question.name}" if question.kind else ""
    if not is_in:
        return STATES[standing.person.state]
    if extent == "none":
        return f"Neither role nor grant gives {question.permission}{on}."
    if extent == "part":
        seen = "sees" if allowed else "does not see the row: he sees only"
        return f"The member {seen} part of the dataset, by the grants in `parts`."
    if not allowed:
        return "The member may see the whole dataset, which has no such row."
    return f"The member holds {question.permission}{on}, by what `sources` names."
