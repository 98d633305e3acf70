"""`workbench access`: what a member can reach and why, answered by PostgreSQL as that member."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from workbench.access.answers import Access, Explanation, Source
from workbench.cli import console, database
from workbench.cli.grants import DashboardOption, DatasetOption, NotebookOption, target
from workbench.cli.inside import TenantSlug, inside, member_named
from workbench.cli.options import AsJson
from workbench.datasets import explain, reach
from workbench.datasets.explain import USUAL, Question
from workbench.db.session import Database
from workbench.permissions import Permission


def access(  # noqa: PLR0913 (what can be asked)
    email: Annotated[str, typer.Argument(help="The member's e-mail address.")],
    tenant: TenantSlug,
    *,
    dataset: DatasetOption = None,
    dashboard: DashboardOption = None,
    notebook: NotebookOption = None,
    row: Annotated[int | None, typer.Option(min=1, help="A row's row_id.")] = None,
    permission: Annotated[Permission | None, typer.Option(help="Such as row:write.")] = None,
    as_json: AsJson = False,
) -> None:
    """Explain what a member can reach; with a target or a permission, whether and why."""
    asked: Question | None = None
    if dataset or dashboard or notebook:
        kind, name = target(dataset, dashboard, notebook)
        asked = Question(permission or USUAL[kind], kind, name, row)
    elif permission:
        asked = Question(permission, row=row)
    answer = database.run(lambda db: _answer(db, tenant, email, asked))
    if as_json:
        console.out.print_json(json.dumps(answer.model_dump(mode="json")))
    elif isinstance(answer, Access):
        _show(answer)
    else:
        _tell(answer)


async def _answer(
    database: Database, tenant: str, email: str, asked: Question | None
) -> Access | Explanation:
    now = datetime.now(UTC)
    async with inside(database, tenant) as (session, actor):
        member = await member_named(session, actor, email)
        if asked is None:
            return await reach.reach(session, actor, member, now)
        return await explain.explain(session, actor, member, asked, now)


def _show(answer: Access) -> None:
    member = answer.member
    roles = ", ".join([member.role, *member.roles])
    console.out.print(f"{member.email}: {member.state}, {roles}")
    datasets = [
        {
            "dataset": d.name,
            "sees": d.extent,
            "rows": f"{d.rows:,}",
            "masked": " ".join(d.masked),
            "writes": "yes" if d.writable else "",
            "by": _names(d.sources) or " ".join(str(part.grant_id) for part in d.parts),
        }
        for d in answer.datasets
    ]
    held = [
        {"permission": h.permission, "on": h.target, "by": _names(h.sources)}
        for h in answer.permissions
    ]
    for rows in (datasets, held):
        console.out.print()
        console.show(rows, as_json=False)


def _tell(answer: Explanation) -> None:
    console.out.print("allowed" if answer.allowed else "denied", style="bold")
    console.out.print(answer.because)
    if answer.sources:
        console.out.print(f"by: {_names(answer.sources)}", soft_wrap=True)
    rows: list[dict[str, Any]] = [
        {
            "grant": part.grant_id,
            "role": part.role,
            "filter": json.dumps(part.filter) if part.filter else "",
            "shows the row": part.shows,
        }
        for part in answer.parts
    ]
    if rows:
        console.show(rows, as_json=False)
    if answer.proof:
        said = f"{answer.proof.statement} → {answer.proof.answer}"
        console.out.print(said, style="dim", markup=False, soft_wrap=True)


def _names(sources: list[Source]) -> str:
    return ", ".join(
        f"{s.kind.replace('_', ' ')} {s.id if s.kind == 'grant' else s.role}" for s in sources
    )
