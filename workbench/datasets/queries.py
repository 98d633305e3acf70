"""What can be asked of datasets: their catalogue, their rows, their imports."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased, contains_eager, selectinload

from workbench.actor import Actor
from workbench.datasets import aggregates, column_types, conditions, orders, sorting, tables
from workbench.datasets.joins import Join, source
from workbench.datasets.models import Dataset, Definition, Import, Reject, Relation
from workbench.datasets.schemas import Aggregation, Filter, RowsQuery
from workbench.datasets.sql_models import SavedQuery, Statement
from workbench.db import pages
from workbench.db.model import columns
from workbench.db.pages import Page
from workbench.files.models import File
from workbench.permissions import Permission

REJECTS = "rejects.csv"  # in an archive, beside the file of an import


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


def is_at(actor: Actor, dataset: Dataset, number: int) -> ColumnElement[bool]:
    """Whether the dataset's rows are those of a version when the statement looks at them."""
    return version(actor, dataset).where(Dataset.version == number).exists()


def versions(actor: Actor, *datasets: Dataset) -> Select[UUID, int]:
    """The number of each dataset that every change of its rows raises."""
    actor.require_somewhere(Permission.DATASET_READ)
    return select(Dataset.id, Dataset.version).where(
        Dataset.tenant_id == actor.require_tenant(),
        Dataset.id.in_([dataset.id for dataset in datasets]),
    )


def relations(actor: Actor, name: str) -> Select[Relation]:
    """The declared joins of a dataset with the definitions that they lead to, by name."""
    if not actor.may(Permission.DATASET_SHARE):
        actor.require_somewhere(Permission.DATASET_READ)
    own = aliased(Definition)
    return (
        select(Relation)
        .join(own, own.id == Relation.definition_id)
        .join(Relation.target)
        .where(own.name == name)
        .order_by(Relation.name)
        .options(contains_eager(Relation.target))
    )


def joins(actor: Actor, dataset: Dataset, names: Collection[str]) -> Select[Relation, Dataset]:
    """The relations of some names, each with the tenant's dataset that it leads to."""
    actor.require_somewhere(Permission.DATASET_READ)
    return (
        select(Relation, Dataset)
        .join(Dataset, Dataset.definition_id == Relation.target_id)
        .join(Dataset.definition)
        .where(
            Dataset.tenant_id == actor.require_tenant(),
            Relation.definition_id == dataset.definition_id,
            Relation.name.in_(names),
        )
        .order_by(Relation.name)
        .options(contains_eager(Dataset.definition).selectinload(Definition.columns))
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
    return (
        select(Definition)
        .where(Definition.private_to.is_(None))
        .order_by(Definition.name)
        .options(selectinload(Definition.columns))
    )


def definition(actor: Actor, name: str) -> Select[Definition]:
    """The definition of a name with its columns: the platform's shared ones, or a tenant's."""
    if actor.tenant_id is None:
        return definitions(actor).where(Definition.name == name)
    actor.require_somewhere(Permission.DATASET_READ)
    return (
        select(Definition)
        .join(Dataset, Dataset.definition_id == Definition.id)
        .where(Dataset.tenant_id == actor.tenant_id, Definition.name == name)
        .options(selectinload(Definition.columns))
    )


def deleted_definition(actor: Actor, name: str) -> Select[Definition]:
    """The definition of a name that was deleted last, as `definition` finds live ones."""
    actor.require_somewhere(
        Permission.DATASET_SHARE if actor.tenant_id is None else Permission.DATASET_DEFINE
    )
    return (
        select(Definition)
        .where(
            Definition.private_to.is_not_distinct_from(actor.tenant_id),
            Definition.name == name,
            Definition.deleted_at.is_not(None),
        )
        .order_by(Definition.deleted_at.desc())
        .limit(1)
        .execution_options(include_deleted=True)
    )


def rows(actor: Actor, dataset: Dataset, query: RowsQuery) -> Select[Any]:
    """A page of rows and one more, which tells whether there is a next page; see `page`."""
    require_rows(actor, dataset)
    definition = dataset.definition
    view, types = tables.view(actor, definition), tables.types(definition)
    sort = sorting.full_sort(types, query.sort)
    most = bindparam("most", query.limit + 1, Integer(), literal_execute=True)
    aside = bool(query.filter and definition.kept)
    every = select(view).where(*conditions.where(view, types, query.filter))
    page = every.order_by(*sorting.order_by(view, sort, aside=aside)).limit(most)
    if query.cursor is None:
        return page
    last = last_seen(dataset, query)
    if query.filter or not orders.is_kept(actor, definition, sort):
        return page.where(sorting.after(view, sort, last))
    # PostgreSQL reads a range of an index from its beginning, and of several ranges none.
    pieces = (page.where(piece) for piece in sorting.ranges(view, sort, last))
    found = union_all(*pieces).subquery("found")
    return select(found).order_by(*sorting.order_by(found, sort)).limit(most)


def last_seen(dataset: Dataset, query: RowsQuery) -> list[Any]:
    """The sort values of the last row of the page before; none when there was no page before."""
    if query.cursor is None:
        return []
    types = tables.types(dataset.definition)
    return sorting.read_cursor(types, sorting.full_sort(types, query.sort), query.cursor)


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
    return pages.cut(found, query.limit, lambda row: sorting.cursor_key(query, row))


def json_page(query: RowsQuery, found: Sequence[bytes]) -> Page[bytes]:
    """Make a page of the texts that the statement of `rows_as_json` answered."""
    return pages.cut(found, query.limit, lambda row: sorting.cursor_key(query, from_json(row)))


def count(actor: Actor, dataset: Dataset, filter_: Sequence[Filter] = ()) -> Select[int]:
    """How many rows match."""
    require_rows(actor, dataset)
    view, types = tables.view(actor, dataset.definition), tables.types(dataset.definition)
    return select(func.count()).select_from(view).where(*conditions.where(view, types, filter_))


def aggregate(
    actor: Actor, dataset: Dataset, aggregation: Aggregation, joined: Sequence[Join] = ()
) -> Select[Any]:
    """Groups of rows and their figures, with the rows that `joined` leads to."""
    for each in (dataset, *(join.dataset for join in joined)):
        require_rows(actor, each)
    view, types = source(actor, dataset, aggregation, joined)
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
    actor.require_somewhere(Permission.IMPORT_READ)
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
    actor.require_somewhere(Permission.IMPORT_READ)
    return (
        select(Reject)
        .join(Import, (Import.tenant_id == Reject.tenant_id) & (Import.id == Reject.import_id))
        .where(Reject.tenant_id == actor.require_tenant(), Reject.import_id == import_id)
        .order_by(Reject.line, Reject.id)
    )


def statements(actor: Actor) -> Select[Statement]:
    """What the actor ran and runs, the newest first; what others ran is theirs to see."""
    actor.require(Permission.SQL_RUN)
    return (
        select(Statement)
        .where(Statement.tenant_id == actor.require_tenant(), Statement.user_id == actor.user_id)
        .order_by(Statement.started_at.desc(), Statement.id.desc())
    )


def statement(actor: Actor, statement_id: UUID) -> Select[Statement]:
    """One statement of the actor's own."""
    return statements(actor).where(Statement.id == statement_id)


def saved_queries(actor: Actor) -> Select[SavedQuery]:
    """The actor's own saved queries and those that are shared, by name."""
    actor.require(Permission.SQL_RUN)
    is_shown = or_(SavedQuery.is_shared, SavedQuery.made_by == actor.user_id)
    return (
        select(SavedQuery)
        .where(SavedQuery.tenant_id == actor.require_tenant(), is_shown)
        .order_by(SavedQuery.name, SavedQuery.id)
    )


def saved_query(actor: Actor, query_id: UUID) -> Select[SavedQuery]:
    """One saved query that the actor may see."""
    return saved_queries(actor).where(SavedQuery.id == query_id)


def everything(actor: Actor) -> dict[str, Select[*tuple[Any, ...]]]:
    """What the room gives to an archive of the actor's tenant, by the name of the list."""
    actor.require(Permission.TENANT_EXPORT)
    tenant_id = actor.require_tenant()
    return {
        "datasets": select(*columns(Dataset), Definition.name, Definition.title)
        .join(Dataset.definition)
        .where(Dataset.tenant_id == tenant_id)
        .order_by(Definition.name),
        "imports": select(*columns(Import))
        .where(Import.tenant_id == tenant_id)
        .order_by(Import.id),
        "rejects": select(*columns(Reject))
        .where(Reject.tenant_id == tenant_id)
        .order_by(Reject.id),
        "saved_queries": select(*columns(SavedQuery))
        .where(SavedQuery.tenant_id == tenant_id)
        .order_by(SavedQuery.id),
    }


def every_row(actor: Actor, dataset: Dataset) -> Select[*tuple[Any, ...]]:
    """All rows of a dataset in their order, for an archive."""
    actor.require(Permission.TENANT_EXPORT)
    actor.require(Permission.ROW_READ)
    view = tables.view(actor, dataset.definition)
    return select(view).order_by(view.c[tables.ROW_ID])


def files(actor: Actor) -> Select[str, str]:
    """Where the file of each import and its rejects lie, and their `path` in an archive."""
    actor.require(Permission.TENANT_EXPORT)
    kept = (
        select(
            func.concat("imports/", cast(Import.id, Text), "/", name).label("path"),
            File.storage_key,
        )
        .join(File, (File.tenant_id == Import.tenant_id) & (File.id == file_id))
        .where(Import.tenant_id == actor.require_tenant())
        .order_by(Import.id)
        for name, file_id in ((Import.file_name, Import.file_id), (REJECTS, Import.rejects_id))
    )
    found = union_all(*kept).subquery()
    return select(found.c.path, found.c.storage_key)
