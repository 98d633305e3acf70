"""What every table class has, by the catalogue of the models themselves."""

import importlib

import pytest
from sqlalchemy import Table
from sqlalchemy.orm import Mapper

from workbench.db.model import Model
from workbench.db.soft_delete import SoftDelete
from workbench.settings import ROOT

# Tables without a mark of deletion, and why.
NEVER_MARKED = {
    "account_mails": "sent, and forgotten after a month",
    "audit_entries": "append only",
    "audit_links": "append only",
    "audit_purges": "append only",
    "audit_seals": "append only",
    "file_quotas": "a figure, as old as its tenant's first file",
    "idempotency_keys": "forgotten after a day",
    "mails": "sent, and forgotten after a month",
    "notices": "told once; a second telling must find the first",
    "operator_keys": "forgotten after a day",
    "outbox_messages": "sent, and then of no use",
    "password_resets": "serve once and expire",
    "passwords": "part of a user",
    "purges": "a record that outlives its tenant",
    "refresh_tokens": "serve once and expire",
    "rejects": "part of an import",
    "schedule_links": "part of a schedule",
    "ticks": "what a schedule started, as the runs tell",
    "uploads": "a file or nothing within a day",
    "run_logs": "part of a run",
    "statements": "forgotten after a while",
}


def mappers() -> list[Mapper[Model]]:
    """Every mapped class, after the modules that hold them were imported."""
    for path in sorted((ROOT / "workbench").rglob("*.py")):
        if "__tablename__" in path.read_text():
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return sorted(Model.registry.mappers, key=lambda mapper: mapper.class_.__name__)


@pytest.mark.parametrize("mapper", mappers(), ids=lambda mapper: mapper.class_.__name__)
class TestModel:
    """One table class."""

    def test_it_is_deleted_by_a_mark(self, mapper: Mapper[Model]) -> None:
        """An entity carries deleted_at and deleted_by, or stands in the list with its reason."""
        table = mapper.local_table
        assert isinstance(table, Table)
        marked = issubclass(mapper.class_, SoftDelete)
        assert marked == ({"deleted_at", "deleted_by"} <= set(table.columns.keys()))
        assert marked or table.name in NEVER_MARKED

    def test_its_relationships_raise(self, mapper: Mapper[Model]) -> None:
        """Nothing is loaded behind one's back."""
        assert {relation.lazy for relation in mapper.relationships} <= {"raise"}

    def test_it_names_no_schema(self, mapper: Mapper[Model]) -> None:
        """One statement serves the application's tables and the readers' views."""
        assert mapper.local_table.schema is None


def test_there_are_more_than_eight() -> None:
    """The first rooms have more than eight tables, and the list of reasons names existing ones."""
    tables = {mapper.local_table.name for mapper in mappers()}  # type: ignore[attr-defined]
    assert len(tables) > 8
    assert set(NEVER_MARKED) <= tables
