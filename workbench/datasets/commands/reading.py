"""What was read of a dataset, for the audit."""

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.datasets.models import Dataset
from workbench.permissions import Permission


def note_read(
    session: AsyncSession,
    actor: Actor,
    action: str,
    dataset: Dataset,
    question: BaseModel,
    rows: int,
) -> None:
    """Note who read how many rows of a dataset with which question; it lands with the answer."""
    actor.require_somewhere(Permission.ROW_READ)
    text = question.model_dump_json(exclude_defaults=True, exclude={"cursor"})
    target = f"dataset {dataset.definition.name}"
    audit.record(session, actor, action, target, rows=rows, question=audit.kept(text))
