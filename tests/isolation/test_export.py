"""The archive of a tenant holds what the database holds of it, and nothing of anybody else."""

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.isolation.world import Side, World
from workbench.errors import Forbidden
from workbench.permissions import Permission
from workbench.proof import catalogue
from workbench.storage import Storage
from workbench.worker import archive, exporting

# Tables whose rows a tenant does not take along, and why.
LEFT_OUT = {
    "api_tokens": "keys of programs, which open nothing elsewhere",
    "exports": "tells of archives, this one among them",
    "idempotency_keys": "answers kept for a day",
    "live": "who is signed in now",
    "mails": "sent, and then of no use",
    "notices": "what members were told of runs, which are there",
    "outbox_messages": "sent, and then of no use",
    "run_logs": "the end of what a run printed; its notebook has all of it",
    "subscriptions": "what each member wants to hear of here",
    "uploads": "a file or nothing within a day",
    "statements": "kept for a while; the audit has them",
}


async def _silent(_: float) -> None:
    pass


async def exported(world: World, side: Side, storage: Storage, path: Path) -> zipfile.ZipFile:
    """The archive of a tenant, made by its owner."""
    with storage.write(side.planted["workbench.files"]["storage_key"]) as file:
        file.write(f"the file of {side.mark}".encode())
    with path.open("wb") as target:
        actor = side.member.narrowed(exporting.READS)
        written = await exporting.write(world.database, storage, actor, target, _silent)
    return checked(path, written)


def checked(path: Path, written: archive.Counted) -> zipfile.ZipFile:
    """The archive, whose size and hash are those that were counted while it was written."""
    assert written.size == path.stat().st_size
    assert written.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    return zipfile.ZipFile(path)


def lines(opened: zipfile.ZipFile, name: str) -> list[dict[str, object]]:
    """The rows of a list, from its JSON Lines."""
    return [json.loads(line) for line in opened.read(name).splitlines()]


@pytest.fixture
async def opened(world: World, storage: Storage, tmp_path: Path) -> zipfile.ZipFile:
    """The archive of A."""
    return await exported(world, world.a, storage, tmp_path / "a.zip")


class TestHolds:
    """What is in it."""

    def test_every_list_has_the_rows_of_the_database(
        self, world: World, opened: zipfile.ZipFile
    ) -> None:
        """As many as the superuser counts, the planted row among them, alike in both forms."""
        for room, found in exporting.rooms(world.a.system).items():
            for table in found:
                rows = lines(opened, f"{room}/{table}.jsonl")
                key = "id" if table == "tenants" else "tenant_id"
                query = f"select count(*) from workbench.{table} where {key} = %s"
                counted = world.superuser.execute(query, [world.a.tenant_id]).fetchone()
                assert counted == (len(rows),), table
                assert rows, table
                text = opened.read(f"{room}/{table}.csv").decode()
                assert len(list(csv.DictReader(io.StringIO(text)))) == len(rows), table

    def test_rows_of_datasets_keep_their_types(self, world: World, opened: zipfile.ZipFile) -> None:
        """Parquet, CSV and JSON Lines hold the planted row; the schema names its columns."""
        rows = lines(opened, "datasets/rows/secrets.jsonl")
        assert [row["a_text"] for row in rows] == [f"of {world.a.mark}"]
        table = pq.read_table(io.BytesIO(opened.read("datasets/rows/secrets.parquet")))
        shared = world.a.planted["workbench.definitions"]["id"]
        planted = world.a.planted[f"rows.d_{shared.hex}"]
        assert table.to_pylist()[0]["a_timestamp"] == planted["a_timestamp"]
        assert table.to_pylist()[0]["a_date"] == planted["a_date"]
        schema = json.loads(opened.read("datasets/rows/secrets.schema.json"))
        assert {c["name"] for c in schema["columns"]} < set(table.column_names)

    def test_files_are_there_as_they_are(self, world: World, opened: zipfile.ZipFile) -> None:
        """What was imported, refused, uploaded and left by runs, under names that lead nowhere."""
        files = [name for name in opened.namelist() if name.startswith("files/")]
        files = [name for name in files if name.count("/") > 1]  # the others are lists
        assert {name.split("/")[1] for name in files} == {"imports", "kept", "runs"}
        assert len(files) == 4
        for name in files:
            assert opened.read(name).decode() == f"the file of {world.a.mark}"
            assert ".." not in name

    def test_checksums_and_a_page_for_people(self, opened: zipfile.ZipFile) -> None:
        """Every member but the list of checksums stands in it with its hash."""
        listed = opened.read(archive.CHECKSUMS).decode().splitlines()
        given = {name: digest for digest, name in (line.split("  ", 1) for line in listed)}
        assert set(given) == set(opened.namelist()) - {archive.CHECKSUMS}
        for name, digest in given.items():
            assert hashlib.sha256(opened.read(name)).hexdigest() == digest
        assert "A tenant" in opened.read("README.txt").decode()
        assert opened.testzip() is None

    def test_no_table_is_forgotten(self, world: World) -> None:
        """Every table of tenants gives a list, or has its reason."""
        given = {name for found in exporting.rooms(world.a.system).values() for name in found}
        tables = {t.name for t in catalogue.tenant_tables(world.superuser) if t.schema != "rows"}
        assert tables - given == set(LEFT_OUT) - {"live"}


class TestLacks:
    """What is not in it."""

    def test_nothing_of_the_other_tenant(self, world: World, opened: zipfile.ZipFile) -> None:
        """No member holds B's id, mark or people, in any spelling; A's mark is everywhere."""
        other = [world.b.mark, world.b.tenant_id.hex, str(world.b.member.user_id)]
        for name in opened.namelist():
            content = opened.read(name).decode(errors="replace")
            assert [mark for mark in other if mark in content] == [], name
        with_mark = [n for n in opened.namelist() if world.a.mark.encode() in opened.read(n)]
        assert len(with_mark) > 15

    def test_no_secret(self, world: World, opened: zipfile.ZipFile) -> None:
        """No hash of a password or token, and no row that was deleted."""
        hashes = world.superuser.execute("select hash from workbench.passwords").fetchall()
        content = b"".join(opened.read(name) for name in opened.namelist()).decode(errors="replace")
        assert hashes
        assert [h for (h,) in hashes if h in content and not h.startswith("of ")] == []
        for word in ('"secret_hash"', "SCRAM-SHA-256", "$2b$", "storage_key"):
            assert word not in content

    async def test_who_lacks_the_permission_gets_none(
        self, world: World, storage: Storage, tmp_path: Path
    ) -> None:
        """An owner without tenant:export writes nothing."""
        actor = world.a.member.narrowed(set(Permission) - {Permission.TENANT_EXPORT})
        with (tmp_path / "none.zip").open("wb") as target, pytest.raises(Forbidden):
            await exporting.write(world.database, storage, actor, target, _silent)
        assert (tmp_path / "none.zip").stat().st_size == 0
