"""Passwords: bcrypt with 12 rounds, and what it cannot take."""

import asyncio
import time

import pytest

from workbench.identity import passwords
from workbench.identity.passwords import BadPassword

GOOD = "correct horse battery"


async def test_a_password_matches_its_hash_alone() -> None:
    """The right one does, another one does not, and a hash never repeats."""
    first, second = await asyncio.gather(*(passwords.hash_password(GOOD) for _ in range(2)))
    assert first != second
    assert first.startswith("$2b$12$")
    assert await passwords.matches(GOOD, first)
    assert not await passwords.matches(GOOD + "!", first)


async def test_nobody_matches_nothing_and_takes_as_long() -> None:
    """Without a hash the answer is no, after a comparison all the same."""
    started = time.perf_counter()
    assert not await passwords.matches(GOOD, None)
    assert time.perf_counter() - started > 0.02


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "12 characters"),
        ("a" * 73, "72 bytes"),
        ("ä" * 37, "72 bytes"),
        ("nul\0inside the password", "NUL"),
    ],
)
async def test_what_bcrypt_cannot_take_is_refused(password: str, words: str) -> None:
    """Too short, too long in bytes, or cut at a NUL: each is named, and nothing is truncated."""
    with pytest.raises(BadPassword, match=words) as refused:
        await passwords.hash_password(password)
    assert refused.value.details[0].place == "password"


@pytest.mark.parametrize("password", ["a" * 72, "ä" * 36, "pässwörd — 密码 🔑"])
async def test_up_to_72_bytes_count(password: str) -> None:
    """The longest password counts to its last byte."""
    hashed = await passwords.hash_password(password)
    assert await passwords.matches(password, hashed)
    assert not await passwords.matches(password[:-1], hashed)


async def test_the_loop_goes_on_meanwhile() -> None:
    """While one hash is made the event loop serves others."""
    ticks = 0
    work = asyncio.ensure_future(passwords.hash_password(GOOD))
    while not work.done():
        await asyncio.sleep(0.005)
        ticks += 1
    await work
    assert ticks > 2
