"""Bytes under keys that we make."""

from uuid import uuid4

import pytest

from workbench.errors import Invalid, NotFound
from workbench.storage import Storage


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
