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


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password1234!",
        "qwertyuiop12",
        "123456789012",
        "aaaaaaaaaaaa",
        "letmeinletmein",
        "p@ssw0rd1234",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff441234",  # the first one, in full width
    ],
)
async def test_what_everybody_tries_is_refused(password: str) -> None:
    """Common words, keyboard runs, repetitions and their disguises are no passwords."""
    with pytest.raises(BadPassword) as refused:
        await passwords.check(password)
    assert refused.value.details[0].place == "password"
    assert refused.value.details[0].message


@pytest.mark.parametrize(
    "password",
    [
        "ada@workbench.example",
        "ADA@workbench.example",
        "Ada Lovelace",
        "lovelaceada1",
        "adalovelace1",
    ],
)
async def test_what_is_known_of_its_user_is_refused(password: str) -> None:
    """Address and name are no secret; for somebody else the same words may do."""
    with pytest.raises(BadPassword):
        await passwords.check(password, "ada@workbench.example", "Ada Lovelace")


@pytest.mark.parametrize(
    "password",
    [GOOD, "x7Kq-vP2mLs9-", "p\xe4ssw\xf6rd \u2014 \u5bc6\u7801 \U0001f511", "Zug um Zug um 7 Uhr"],
)
async def test_a_good_one_is_taken(password: str) -> None:
    """Words of one's own and what a manager makes are let through."""
    await passwords.check(password, "ada@workbench.example", "Ada Lovelace")


async def test_every_keyboard_makes_the_same_one() -> None:
    """Composed or not, wide or not: one password (NFKC, T9); another letter is another password."""
    hashed = await passwords.hash_password("p\xe4ssw\xf6rd \ufb01nal 12")
    assert await passwords.matches("pa\u0308sswo\u0308rd final \uff11\uff12", hashed)
    assert not await passwords.matches("password final 12", hashed)


async def test_bytes_are_counted_as_they_are_hashed() -> None:
    """24 ligatures are 72 bytes as typed and 72 once they are letters; one more is too many."""
    await passwords.hash_password("\ufb03" * 24)
    with pytest.raises(BadPassword, match="72 bytes"):
        await passwords.hash_password("\ufb03" * 25)


async def test_half_a_character_is_refused() -> None:
    """What is no Unicode text is an error of the caller, not of the server."""
    with pytest.raises(BadPassword, match="half"):
        await passwords.hash_password("half a character \ud800")
