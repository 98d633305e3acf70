"""Choices of datasets and columns: what whoever starts a run can read there, and nothing else."""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from workbench.actor import Actor
from workbench.datasets import queries as datasets
from workbench.errors import Detail
from workbench.notebooks import Notebook
from workbench.notebooks.contract import InvalidParameters
from workbench.notebooks.kinds import Column, Dataset, Kind
from workbench.notebooks.parameters import ListOf
from workbench.permissions import Permission

Types = dict[str, str]  # of columns, by their names
SHOWN = 10


async def check(
    session: AsyncSession, actor: Actor, notebook: Notebook, parameters: dict[str, Any]
) -> None:
    """Raise InvalidParameters for a dataset that the actor cannot read, or that lacks a column."""
    named = {
        name: _values(kind, parameters[name])
        for name, kind in notebook.parameters.items()
        if isinstance(_inner(kind), Dataset)
    }
    wanted = {value for values in named.values() for value in values}
    if not wanted:
        return
    actor.require_somewhere(Permission.DATASET_READ)
    rows = Permission.ROW_READ in notebook.permissions
    known = {name: await _columns(session, actor, name, rows=rows) for name in sorted(wanted)}
    details = [
        Detail(name, f"There is no dataset {value} that you can read.")
        for name, values in named.items()
        for value in values
        if known[value] is None
    ]
    details += [
        wrong
        for name, kind in notebook.parameters.items()
        if isinstance(column := _inner(kind), Column)
        for wrong in _wrong(name, column, _values(kind, parameters[name]), parameters, known)
    ]
    if details:
        raise InvalidParameters(details=details)


async def _columns(session: AsyncSession, actor: Actor, name: str, *, rows: bool) -> Types | None:
    found = await session.scalar(datasets.dataset(actor, name))
    if found is None or (rows and not _sees_rows(actor, found.definition_id)):
        return None
    return {column.name: column.type for column in found.definition.columns}


def _sees_rows(actor: Actor, definition: UUID) -> bool:
    return actor.may(Permission.ROW_READ, str(definition)) or actor.sees_part(definition)


def _wrong(
    name: str,
    column: Column,
    values: Collection[str],
    parameters: dict[str, Any],
    known: dict[str, Types | None],
) -> Iterator[Detail]:
    dataset = parameters[column.dataset]
    types = known.get(dataset)
    if types is None:
        return
    fitting = [one for one, type_ in types.items() if not column.types or type_ in column.types]
    for value in values:
        if value not in fitting:
            some = ", ".join(fitting[:SHOWN]) + (", …" if len(fitting) > SHOWN else "")
            said = f"{dataset} has no column {value} that fits; there are {some or 'none'}."
            yield Detail(name, said)


def _inner(kind: Kind) -> Kind:
    return kind.of if isinstance(kind, ListOf) else kind


def _values(kind: Kind, value: Any) -> list[str]:
    if value is None:
        return []
    return list(value) if isinstance(kind, ListOf) else [value]
