"""What can be asked of datasets: their catalogue, their rows, their imports."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, Text, Uuid, bindparam, cast, func, select
from sqlalchemy.orm import contains_eager, selectinload

from workbench.actor import Actor
from workbench.datasets import aggregates, column_types, conditions, tables
from workbench.datasets.models import Dataset, Definition, Import, Reject
from workbench.datasets.schemas import Aggregation, Filter, RowsQuery
from workbench.db import pages
from workbench.db.model import columns
from workbench.db.pages import Page
from workbench.permissions import Permission


def datasets(actor: Actor) -> Select[Dataset]:
    """The tenant's datasets by name, each with its definition and columns."""
    actor.require_somewhere(Permission.DATASET_READ)
    return (
        select(Dataset)
        .join(Dataset.definition)
        .where(Dataset.tenant_id == actor.require_tenant())
        .order_by(Definition.name)
        .options(contains_eager(Dataset.definition).selectinload(Definition.columns))
    )


def dataset(actor: Actor, name: str) -> Select[Dataset]:
    """One dataset of the tenant with its definition and columns."""
    return datasets(actor).where(Definition.name == name)


def version(actor: Actor, dataset: Dataset) -> Select[int]:
    """The number that every change of the dataset's rows raises."""
    actor.require_somewhere(Permission.DATASET_READ)
    return select(Dataset.version).where(
        Dataset.tenant_id == actor.require_tenant(), Dataset.id == dataset.id
    )


def is_known(actor: Actor, dataset: Dataset) -> ColumnElement[bool]:
    """Whether a dataset that was looked up is still there, and still the same."""
    actor.require_somewhere(Permission.DATASET_READ)
    return func.workbench.is_dataset(
        bindparam("tenant", actor.require_tenant(), Uuid()),
        bindparam("name", dataset.definition.name, Text()),
        bindparam("signature", signature_of(dataset), Text()),
    )


def signature_of(dataset: Dataset) -> str:
    """All that statements on a dataset's rows are made of."""
    definition = dataset.definition
    columns = ",".join(f"{column.name} {column.type}" for column in definition.columns)
    return f"{dataset.id} {definition.id} {definition.name} {columns}"


def definitions(actor: Actor) -> Select[Definition]:
    """Every shared definition with its columns, by name, for the platform's operator."""
    actor.require(Permission.DATASET_SHARE)
    return select(Definition).order_by(Definition.name).options(selectinload(Definition.columns))


def rows(actor: Actor, dataset: Dataset, query: RowsQuery) -> Select[Any]:
    """A page of rows and one more, which tells whether there is a next page; see `page`."""
    require_rows(actor, dataset)
    view, types = tables.view(actor, dataset.definition), tables.types(dataset.definition)
    sort = conditions.full_sort(types, query.sort)
    statement = (
        select(view)
        .where(*conditions.where(view, types, query.filter))
        .order_by(*conditions.order_by(view, sort))
        .limit(bindparam("most", query.limit + 1, Integer(), literal_execute=True))
    )
    if query.cursor is None:
        return statement
    return statement.where(conditions.after(view, sort, last_seen(dataset, query)))


def last_seen(dataset: Dataset, query: RowsQuery) -> list[Any]:
    """The sort values of the last row of the page before; none when there was no page before."""
    if query.cursor is None:
        return []
    types = tables.types(dataset.definition)
    return conditions.read_cursor(types, conditions.full_sort(types, query.sort), query.cursor)


def rows_as_json(
    actor: Actor,
    dataset: Dataset,
    query: RowsQuery,
    *,
    only_if: ColumnElement[bool] | None = None,
) -> Select[str]:
    """The same rows, each as the text of its JSON, or none where not `only_if`; see `json_page`."""
    statement, types = rows(actor, dataset, query), tables.types(dataset.definition)
    if only_if is not None:
        statement = statement.where(only_if)
    shown = statement.with_only_columns(
        *(
            column_types.as_json(types[column.name], column).label(column.name)
            for column in statement.selected_columns
        )
    )
    row = shown.subquery("row").table_valued()
    return select(cast(func.row_to_json(row), Text).label("item"))


def row(actor: Actor, dataset: Dataset, row_id: int) -> Select[Any]:
    """One live row."""
    require_rows(actor, dataset)
    view = tables.view(actor, dataset.definition)
    return select(view).where(view.c[tables.ROW_ID] == row_id)


def page(query: RowsQuery, found: Sequence[Mapping[Any, Any]]) -> Page[Mapping[Any, Any]]:
    """Make a page of the mappings that the statement of `rows` answered."""
    return pages.cut(found, query.limit, lambda row: conditions.cursor_key(query, row))


def json_page(query: RowsQuery, found: Sequence[bytes]) -> Page[bytes]:
    """Make a page of the texts that the statement of `rows_as_json` answered."""
    return pages.cut(found, query.limit, lambda row: conditions.cursor_key(query, json.loads(row)))


def count(actor: Actor, dataset: Dataset, filter_: Sequence[Filter] = ()) -> Select[int]:
    """How many rows match."""
    require_rows(actor, dataset)
    view, types = tables.view(actor, dataset.definition), tables.types(dataset.definition)
    return select(func.count()).select_from(view).where(*conditions.where(view, types, filter_))


def aggregate(actor: Actor, dataset: Dataset, aggregation: Aggregation) -> Select[Any]:
    """Groups of rows and their figures."""
    require_rows(actor, dataset)
    view, types = tables.view(actor, dataset.definition), tables.types(dataset.definition)
    return aggregates.statement(view, types, aggregation)


def require_rows(actor: Actor, dataset: Dataset) -> None:
    """Raise Forbidden unless the actor may read rows of the dataset, all or a part."""
    if not actor.sees_part(dataset.definition_id):
        actor.require(Permission.ROW_READ, str(dataset.definition_id))


def imports(actor: Actor, *, dataset: str | None = None) -> Select[Import]:
    """The tenant's imports, newest first, into all datasets or one."""
    statement = _imports(actor).order_by(Import.id.desc())
    return statement if dataset is None else statement.where(Definition.name == dataset)


def import_(actor: Actor, import_id: UUID) -> Select[Import]:
    """One import of the tenant with its dataset's definition and columns."""
    return _imports(actor).where(Import.id == import_id)


def _imports(actor: Actor) -> Select[Import]:
    actor.require(Permission.IMPORT_READ)
    return (
        select(Import)
        .join(Import.dataset)
        .join(Dataset.definition)
        .where(Import.tenant_id == actor.require_tenant())
        .options(
            contains_eager(Import.dataset)
            .contains_eager(Dataset.definition)
            .selectinload(Definition.columns)
        )
    )


def rejects(actor: Actor, import_id: UUID) -> Select[Reject]:
    """The rows that an import refused, by line, for a session of the application."""
    actor.require(Permission.IMPORT_READ)
    return (
        select(Reject)
        .join(Import, (Import.tenant_id == Reject.tenant_id) & (Import.id == Reject.import_id))
        .where(Reject.tenant_id == actor.require_tenant(), Reject.import_id == import_id)
        .order_by(Reject.line, Reject.id)
    )


def everything(actor: Actor) -> dict[str, Select[*tuple[Any, ...]]]:
    """What the room gives to an archive of the actor's tenant, by the name of the list."""
    actor.require(Permission.TENANT_EXPORT)
    tenant_id = actor.require_tenant()
    return {
        "datasets": select(*columns(Dataset), Definition.name, Definition.title)
        .join(Dataset.definition)
        .where(Dataset.tenant_id == tenant_id)
        .order_by(Definition.name),
        "imports": select(*columns(Import, without=["storage_key"]))
        .where(Import.tenant_id == tenant_id)
        .order_by(Import.id),
        "rejects": select(*columns(Reject))
        .where(Reject.tenant_id == tenant_id)
        .order_by(Reject.id),
    }


def every_row(actor: Actor, dataset: Dataset) -> Select[*tuple[Any, ...]]:
    """All rows of a dataset in their order, for an archive."""
    actor.require(Permission.TENANT_EXPORT)
    actor.require(Permission.ROW_READ)
    view = tables.view(actor, dataset.definition)
    return select(view).order_by(view.c[tables.ROW_ID])


def files(actor: Actor) -> Select[str, str]:
    """Where the file of each import lies in storage, and its `path` in an archive."""
    actor.require(Permission.TENANT_EXPORT)
    path = func.concat("imports/", cast(Import.id, Text), "/file.csv").label("path")
    return (
        select(path, Import.storage_key)
        .where(Import.tenant_id == actor.require_tenant())
        .order_by(Import.id)
    )
