"""Secrets that keep nothing secret are refused, and files of secrets that others may read."""

import os
import re
import secrets
import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from workbench import secrecy
from workbench.errors import Invalid
from workbench.secrecy import KeyFile
from workbench.settings import ROOT, Settings, driver_url

GOOD = "b7d90e1c35f2486aa01c7e93d5f8b264"
OTHER = "0f3c9a7712de48b5a6c1e90d47b38f52"
GIVEN = "postgresql://workbench_app:of-this-test@server/workbench"
WEAK_KEYS = {
    "change-me-change-me-change-me-now-please": "a sample",
    "changeit-0f3c9a7712de48b5a6c1e90d47b3": "a sample",
    "django-insecure-0f3c9a7712de48b5a6c1e90d": "a sample",
    "your-secret-key-goes-here-0123456789": "a sample",
    "<a secret key of 32 characters or more>": "a sample",
    "${WORKBENCH_SECRET_KEY:?}0123456789abcdef": "a sample",
    "x" * 40: "repeats",
    "0123456789abcdef" * 2: "repeats",
    "abcdefghijklmnopqrstuvwxyz0123456789": "repeats",
    "aXbYaXbYbXaYbYaXaXaYbYbXaYbXbYaXb": "easy to guess",
}
# What stands after the name of a secret, or as the password of a URL, in what people copy from.
NAMED = re.compile(r"\b\w*(?:PASSWORD|SECRET_KEY)\w*=(\S+)|://[\w-]+:([^@\s/\"]+)@")
COPIED = ("README.md", "compose.yaml", "docs/*.md", ".github/**/*", ".env.example")


def make(home: Path, **values: Any) -> Settings:
    """Settings of a home, untouched by the environment's `.env`."""
    return Settings(_env_file=None, home=home, **values)


class TestKeys:
    """Secret keys that are given (T15)."""

    @pytest.mark.parametrize(("key", "why"), WEAK_KEYS.items())
    def test_a_weak_one_is_refused_outside_the_embedded_mode(
        self, tmp_path: Path, key: str, why: str
    ) -> None:
        """The reason is told and the key is not; on one's own machine anything long serves."""
        with pytest.raises(Invalid, match=why) as refused:
            _ = make(tmp_path, database_url=GIVEN, secret_key=key).secret_keys
        assert key not in str(refused.value)
        with pytest.raises(Invalid, match=why):
            _ = make(tmp_path, database_url=GIVEN, secret_key=GOOD, password_key=key).role_secret
        assert make(tmp_path, secret_key=key).secret_keys == (key,)

    def test_good_ones_are_taken(self, tmp_path: Path) -> None:
        """What `openssl rand` and we ourselves make is never called weak."""
        for _ in range(2000):
            for key in (secrets.token_hex(16), secrets.token_hex(32), secrecy.new_key()):
                assert secrecy.key_weakness(key) is None, key
        assert make(tmp_path, database_url=GIVEN, secret_key=GOOD).secret_keys == (GOOD,)

    def test_one_that_stands_twice_is_refused(self, tmp_path: Path) -> None:
        """A rotation from a key to itself rotates nothing."""
        with pytest.raises(Invalid, match="twice"):
            _ = make(tmp_path, secret_key=f"{GOOD},{OTHER},{GOOD}").secret_keys


class TestPasswords:
    """Passwords of databases."""

    @pytest.mark.parametrize(
        "password",
        ["postgres", "Password", "secret", "workbench_app", "changeme", "your-password",
         "%E2%80%A6", "aaaaaa", "${WORKBENCH_APP_PASSWORD:%3F}", "", "me"],
    )  # fmt: skip
    def test_a_sample_is_refused(self, password: str) -> None:
        """In whatever URL it stands."""
        with pytest.raises(Invalid, match="password for me") as refused:
            driver_url(SecretStr(f"postgresql://me:{password}@server/workbench"))
        assert not password or f":{password}@" not in str(refused.value)

    @pytest.mark.parametrize("password", ["b7d90e1c35f2486a", "correct%20horse%20battery"])
    def test_another_is_taken(self, password: str) -> None:
        """Its length is the database's business."""
        assert driver_url(SecretStr(f"postgresql://me:{password}@server/workbench")).password

    def test_none_is_needed(self) -> None:
        """A server may know its clients by certificate or socket."""
        assert driver_url(SecretStr("postgresql://me@server/workbench")).password is None


def test_everything_that_people_could_copy_is_refused() -> None:
    """Each value beside a secret's name in documentation and templates counts as a sample."""
    files = [path for pattern in COPIED for path in ROOT.glob(pattern) if path.is_file()]
    found = [
        (path.name, value)
        for path in files
        for match in NAMED.findall(path.read_text())
        for value in match
        if value
    ]
    assert len(found) >= 8
    weak = [secrecy.password_weakness(value.strip("`\"',;")) for _, value in found]
    assert [place for place, reason in zip(found, weak, strict=True) if reason is None] == []


class TestFiles:
    """The files in the home."""

    @pytest.mark.parametrize("name", ["secret_key", "password_key"])
    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
    def test_one_that_others_may_read_is_refused(
        self, tmp_path: Path, name: str, mode: int
    ) -> None:
        """Nothing is repaired in silence: what was open may have been read."""
        assert len({*make(tmp_path).secret_keys, make(tmp_path).role_secret}) == 2
        file = tmp_path / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.chmod(mode)
        with pytest.raises(Invalid, match=rf"chmod 600.*|{mode:04o}"):
            _ = make(tmp_path).secret_keys, make(tmp_path).role_secret
        file.chmod(0o600)
        assert make(tmp_path).role_secret

    def test_a_home_without_its_own_password_key_goes_on(self, tmp_path: Path) -> None:
        """Passwords stay those that were derived from the oldest key before."""
        tmp_path.joinpath("secret_key").write_text(f"{GOOD}\n{OTHER}")
        tmp_path.joinpath("secret_key").chmod(0o600)
        assert make(tmp_path).role_secret == OTHER
        tmp_path.joinpath("secret_key").write_text(GOOD)
        assert make(tmp_path).role_secret == OTHER

    def test_given_keys_derive_the_passwords_unless_told_otherwise(self, tmp_path: Path) -> None:
        """The last one, or the one that is given for it; nothing is written."""
        both = f"{GOOD},{OTHER}"
        assert make(tmp_path, secret_key=both).role_secret == OTHER
        assert make(tmp_path, secret_key=both, password_key=GOOD).role_secret == GOOD
        assert make(tmp_path, secret_key=both, password_key="").role_secret == OTHER
        assert list(tmp_path.iterdir()) == []

    def test_the_first_who_makes_one_wins(self, tmp_path: Path) -> None:
        """Another process finds it; replacing leaves nothing beside it, whatever the umask."""
        file = KeyFile(tmp_path / "keys")
        before = os.umask(0)
        try:
            file.make("one")
            file.make("two")
            assert file.read() == ["one"]
            file.replace(["three", "four"])
        finally:
            os.umask(before)
        assert file.read() == ["three", "four"]
        assert [path.name for path in tmp_path.iterdir()] == ["keys"]
