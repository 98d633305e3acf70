"""Rows of a dataset as a statement for a file: its values are in it, for COPY takes none beside."""

from typing import Any

from psycopg import sql
from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import psycopg as dialect

from workbench.actor import Actor
from workbench.datasets import conditions, queries, sorting, tables
from workbench.datasets.errors import refuse
from workbench.datasets.models import Dataset
from workbench.datasets.plain import Plain, PlainColumn
from workbench.datasets.schemas import RowsExport
from workbench.permissions import Permission

DIALECT = dialect.dialect()


def rows(actor: Actor, dataset: Dataset, wanted: RowsExport) -> Plain:
    """All rows that match, in the order of the screen, without `row_id` unless it is named."""
    actor.require(Permission.ROW_EXPORT, str(dataset.definition_id))
    queries.require_rows(actor, dataset)
    view, types = tables.view(actor, dataset.definition), tables.types(dataset.definition)
    for place, name in enumerate(wanted.columns):
        if name not in types:
            raise refuse(f"columns[{place}]", f"{name} is not a column of this dataset")
    names = [*dict.fromkeys(wanted.columns or (name for name in types if name != tables.ROW_ID))]
    statement = (
        select(*(view.c[name] for name in names))
        .where(*conditions.where(view, types, wanted.filter))
        .order_by(*sorting.order_by(view, sorting.full_sort(types, wanted.sort)))
    )
    columns = (
        PlainColumn(name, is_text=types[name] == "text", is_boolean=types[name] == "boolean")
        for name in names
    )
    return Plain(_text(statement), tuple(columns))


def _text(statement: Select[Any]) -> str:
    form: Any = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    # In brackets, since a cast would bind before a minus.
    values = {name: f"({sql.quote(value)})" for name, value in form.construct_params().items()}
    return str(form) % values
