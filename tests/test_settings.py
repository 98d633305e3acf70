"""Settings: where keys come from, and a home that cannot be used."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from workbench.errors import Invalid, Unavailable
from workbench.settings import Settings, driver_url

KEY = "a secret that is long enough for a key"
OTHER = "another secret that is long enough for one"
GIVEN = "postgresql://app:of-this-test@server/workbench"


def make(home: Path, **values: Any) -> Settings:
    """Settings of a home, untouched by the environment's `.env`."""
    return Settings(_env_file=None, home=home, **values)


class TestSecretKeys:
    """The keys that sign and verify."""

    def test_one_is_generated_for_the_embedded_mode(self, tmp_path: Path) -> None:
        """It is made once, kept with mode 0600, and the home has 0700."""
        first = make(tmp_path / "home")
        assert make(tmp_path / "home").secret_keys == first.secret_keys
        file = tmp_path / "home" / "secret_key"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert len(first.secret_keys[0]) >= 32

    def test_none_is_generated_elsewhere(self, tmp_path: Path) -> None:
        """With a database of one's own a key must be given (T15)."""
        with pytest.raises(Invalid, match="WORKBENCH_SECRET_KEY"):
            _ = make(tmp_path, database_url=GIVEN).secret_keys
        assert make(tmp_path, database_url=GIVEN, secret_key=KEY).secret_keys == (KEY,)
        assert not (tmp_path / "secret_key").exists()

    def test_several_are_given_newest_first(self, tmp_path: Path) -> None:
        """Commas part them; spaces and empty places do not count."""
        assert make(tmp_path, secret_key=f" {KEY} ,, {OTHER}").secret_keys == (KEY, OTHER)

    @pytest.mark.parametrize("key", ["", " , ", "short", f"{KEY},short"])
    def test_a_short_one_is_refused(self, tmp_path: Path, key: str) -> None:
        """Each needs 32 characters."""
        with pytest.raises(Invalid, match="32 characters"):
            _ = make(tmp_path, secret_key=key).secret_keys


class TestHome:
    """The folder of everything that Workbench keeps."""

    def test_it_is_made(self, tmp_path: Path) -> None:
        """With its parents, absolute, for its user alone."""
        home = make(tmp_path / "a" / "b").prepared_home()
        assert home.is_absolute()
        assert stat.S_IMODE(home.stat().st_mode) == 0o700

    def test_a_file_in_its_place_is_told(self, tmp_path: Path) -> None:
        """One line that names the setting, and no traceback of the system."""
        (tmp_path / "file").write_text("")
        with pytest.raises(Unavailable, match="WORKBENCH_HOME"):
            make(tmp_path / "file" / "home").prepared_home()

    def test_a_read_only_one_is_told(self, tmp_path: Path) -> None:
        """A folder on which nothing can be written is named."""
        locked = Path("/proc/self/home")
        assert os.access(tmp_path, os.W_OK)
        with pytest.raises(Unavailable, match=r"cannot be written|read-only"):
            make(locked).prepared_home()

    def test_files_lie_in_it_unless_told_otherwise(self, tmp_path: Path) -> None:
        """A storage URL wins over the home."""
        assert make(tmp_path).storage == (tmp_path / "files").as_uri()
        assert make(tmp_path, storage_url="s3://bucket").storage == "s3://bucket"


def test_settings_do_not_change(tmp_path: Path) -> None:
    """What was read stays; a port that cannot be is refused."""
    settings = make(tmp_path)
    with pytest.raises(ValidationError):
        setattr(settings, "port", 1)  # noqa: B010 (mypy knows that it is refused)
    with pytest.raises(ValidationError):
        make(tmp_path, port=70_000)


def test_hosts_are_listed(tmp_path: Path) -> None:
    """Commas part the names; none means every name."""
    assert make(tmp_path).allowed_hosts == ()
    assert make(tmp_path, hosts="a.example, b.example,").allowed_hosts == (
        "a.example",
        "b.example",
    )


def test_one_url_serves_every_engine() -> None:
    """The driver is ours, whatever the URL named."""
    assert driver_url(SecretStr(GIVEN)).drivername == "postgresql+psycopg"
    assert str(driver_url(SecretStr(GIVEN)).password) == "of-this-test"


def test_links_lead_to_one_place(tmp_path: Path) -> None:
    """The public URL decides where links in mail lead, else host and port; no path, no user."""
    assert make(tmp_path).address == "http://127.0.0.1:8000"
    assert make(tmp_path, host="0.0.0.0", port=9000).address == "http://127.0.0.1:9000"  # noqa: S104
    assert make(tmp_path, public_url="https://bench.acme.example/").address == (
        "https://bench.acme.example"
    )
    for wrong in ("bench.acme.example", "javascript:x", "https://a.example/path", "http://u@x.y"):
        with pytest.raises(ValidationError):
            make(tmp_path, public_url=wrong)


class TestDaskScheduler:
    """Where the workers of large frames are."""

    def test_each_tenant_may_have_its_own(self, tmp_path: Path) -> None:
        """A place in the address is filled with the tenant's slug; without it all share one."""
        each = make(tmp_path, dask_scheduler="tls://dask-{tenant}.acme.example:8786")
        assert each.scheduler("ua") == "tls://dask-ua.acme.example:8786"
        one = make(tmp_path, dask_scheduler="tcp://127.0.0.1:8786")
        assert one.scheduler("ua") == one.scheduler("oo") == "tcp://127.0.0.1:8786"
        for none in (None, ""):
            assert make(tmp_path, dask_scheduler=none).scheduler("ua") is None

    @pytest.mark.parametrize(
        "wrong",
        ["tcp://dask.acme.example:8786", "tcp://127.0.0.1.evil.example:1", "dask:8786", "tls://x"],
    )
    def test_tokens_travel_encrypted(self, tmp_path: Path, wrong: str) -> None:
        """Beyond this machine only TLS will do, and the error says so."""
        with pytest.raises(ValidationError, match="tls://"):
            make(tmp_path, dask_scheduler=wrong)
