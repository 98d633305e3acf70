"""Bytes under keys that we make, in a folder and in S3."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.support import s3_server
from workbench.errors import Invalid, NotFound, Unavailable
from workbench.storage import BLOCK, Storage

LARGE = 2 * BLOCK + 1  # S3 takes it in parts


@pytest.fixture
def key() -> str:
    """A key of this test."""
    return Storage.key(uuid4(), "tests", uuid4(), "file.csv")


def test_what_was_written_is_read(storage: Storage, key: str) -> None:
    """The bytes come back as they were; writing again replaces them."""
    for content in (b"", b"first\0\xff", b"second"):
        with storage.write(key) as file:
            file.write(content)
        with storage.read(key) as file:
            assert file.read() == content


def test_what_was_removed_is_gone(storage: Storage, key: str) -> None:
    """Reading it is NotFound; removing it again is no error."""
    with storage.write(key) as file:
        file.write(b"x")
    storage.remove(key)
    storage.remove(key)
    with pytest.raises(NotFound):
        storage.read(key)


def test_a_large_file_is_written_and_read(storage: Storage, key: str) -> None:
    """More than fits into one request comes back whole."""
    block = bytes(range(256)) * 4096
    with storage.write(key) as file:
        for _ in range(LARGE // len(block) + 1):
            file.write(block)
    with storage.read(key) as file:
        assert file.read(len(block)) == block
        file.seek(-3, 2)
        assert file.read() == block[-3:]


@pytest.mark.parametrize("size", [1, LARGE])
def test_what_was_abandoned_is_not_there(storage: Storage, key: str, size: int) -> None:
    """A file that broke off leaves nothing, small or in parts; one that did not is there."""
    file = storage.write(key)
    file.write(b"x" * size)
    storage.abandon(file, key)
    with pytest.raises(NotFound):
        storage.read(key)
    assert list(storage.keys(tenant_of(key))) == []
    with storage.write(key) as file:
        file.write(b"x")
    assert list(storage.keys(tenant_of(key))) == [key]


def test_s3_keeps_no_parts_of_what_was_abandoned(s3_url: str, key: str) -> None:
    """Parts that have left are dropped there, where they would cost money and be seen by nobody."""
    storage = Storage(s3_url)
    file = storage.write(key)
    file.write(b"x" * LARGE)
    assert s3_server.unfinished() == 1
    storage.abandon(file, key)
    assert s3_server.unfinished() == 0


def test_a_folder_tells_keys_sizes_and_times(storage: Storage) -> None:
    """Each file of a kind, of a tenant or of one owner, and nothing of anybody else."""
    tenant, other, owners = uuid4(), uuid4(), [uuid4(), uuid4()]
    keys = [Storage.key(tenant, "files", owner, "a") for owner in owners]
    elsewhere = [
        Storage.key(tenant, "runs", owners[0], "a"),
        Storage.key(other, "files", uuid4(), "a"),
    ]
    for number, written in enumerate([*keys, *elsewhere]):
        with storage.write(written) as file:
            file.write(b"x" * number)
    found = {stored.key: stored for stored in storage.folder(tenant, "files")}
    assert {key: found[key].size for key in found} == {keys[0]: 0, keys[1]: 1}
    now = datetime.now(UTC)
    assert all(abs(now - stored.changed_at) < timedelta(minutes=5) for stored in found.values())
    assert [stored.key for stored in storage.folder(tenant, "files", owners[1])] == [keys[1]]
    assert list(storage.folder(uuid4(), "files")) == []


def test_all_of_a_tenant_goes_and_nothing_of_another(storage: Storage) -> None:
    """A purge finds every file; the neighbour's stay."""
    tenant, other = uuid4(), uuid4()
    for owner in (tenant, tenant, other):
        with storage.write(Storage.key(owner, "files", uuid4(), "a")) as file:
            file.write(b"xy")
    assert list(storage.sizes(tenant).values()) == [2, 2]
    assert storage.remove_all(tenant) == 2
    assert storage.sizes(tenant) == {}
    assert list(storage.sizes(other).values()) == [2]


def test_what_cannot_be_read_is_no_failure_of_ours(tmp_path: Path) -> None:
    """Storage in trouble is told as such; what it holds is read."""
    storage = Storage(tmp_path.as_uri())
    key = Storage.key(uuid4(), "files", uuid4(), "a")
    with storage.write(key) as file:
        file.write(b"x")
    with pytest.raises(Unavailable):
        storage.read(key.rpartition("/")[0])
    with storage.read(key) as file:
        assert file.read() == b"x"


def test_a_place_whose_package_is_missing_is_refused() -> None:
    """It says what to install; a folder needs nothing."""
    with pytest.raises(Invalid, match="install"):
        Storage("gs://bucket")


def tenant_of(key: str) -> UUID:
    """The tenant whose key it is."""
    return UUID(key.split("/", maxsplit=1)[0])


def test_tenants_come_first() -> None:
    """Two tenants' files share no folder."""
    tenant, owner = uuid4(), uuid4()
    assert Storage.key(tenant, "runs", owner, "a.html") == f"{tenant.hex}/runs/{owner.hex}/a.html"


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "a\0", "a\n", ".hidden", "a" * 201,
     "ä.csv", "a b", "{0}", "%2e%2e", "~", "a:b", "\u202ecsv.exe"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    """No name steers a path (F1); one of plain letters is taken."""
    with pytest.raises(Invalid):
        Storage.key(uuid4(), "runs", uuid4(), name)
    assert Storage.key(uuid4(), "runs", uuid4(), "plain-Name_1.tar.gz")
