"""Access and refresh tokens of the API."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.actor import Actor
from workbench.db.isolation import ActorKey
from workbench.identity.tokens import BadToken, Claims, RefreshClaims, Tokens
from workbench.permissions import Permission

SECRET = "a secret that is long enough for a key"
OTHER = "another secret that is long enough, too"
TOKENS = Tokens((SECRET,))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SID, USER, TENANT = (uuid4() for _ in range(3))
JTI = "a name"


def access(tenant: UUID | None = TENANT) -> str:
    """A good access token."""
    return TOKENS.access(SID, USER, tenant, NOW)


def refresh() -> str:
    """A good refresh token."""
    return TOKENS.refresh(JTI, SID, USER, TENANT, NOW + timedelta(days=7))


def signed(headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token with our key, and other claims or headers than ours."""
    kid, key = next(iter(TOKENS._keys["access"].items()))
    payload = jwt.decode(access(), options={"verify_signature": False}) | claims
    payload = {name: value for name, value in payload.items() if value != "gone"}
    return jwt.encode(payload, key, algorithm="HS256", headers={"kid": kid} | (headers or {}))


# By number: their ids would differ from process to process.
NOT_OURS = [
    "",
    ".",
    "..",
    "a.b.c",
    "ключ",
    "A" * 100_000,
    access()[:-1],
    access() + "A",
    Tokens((OTHER,)).access(SID, USER, TENANT, NOW),
    jwt.encode({"sub": str(USER)}, "", algorithm="none"),
    jwt.encode({"sub": str(USER)}, SECRET, algorithm="HS256"),
    signed({"kid": "../../dev/null"}),
    signed({"kid": "' or true --"}),
    signed(aud="refresh"),
    signed(sub="gone"),
    signed(sid="gone"),
    signed(exp="gone"),
    signed(aud="gone"),
    signed(sub="nobody"),
    signed(sid=17),
    signed(tid=17),
    signed(exp="soon"),
    signed(per=["row:steal"]),
    signed(per=17),
    signed({"crit": ["exp"]}),
]


class TestAccess:
    """Tokens of 15 minutes."""

    def test_it_says_who_signed_in(self) -> None:
        """Login, user and tenant come back; a platform's token has no tenant."""
        assert TOKENS.read_access(access(), NOW) == Claims(SID, USER, TENANT)
        assert TOKENS.read_access(access(None), NOW) == Claims(SID, USER, None)

    def test_it_lives_15_minutes(self) -> None:
        """It is good to the last second, and no longer (T8)."""
        end = NOW + timedelta(minutes=15)
        assert TOKENS.read_access(access(), end - timedelta(seconds=1)).sid == SID
        with pytest.raises(BadToken):
            TOKENS.read_access(access(), end)

    def test_a_refresh_token_is_no_access_token(self) -> None:
        """Nor the other way round (T2)."""
        with pytest.raises(BadToken):
            TOKENS.read_access(refresh(), NOW)
        with pytest.raises(BadToken):
            TOKENS.read_refresh(access(), NOW)

    def test_an_actor_token_is_no_access_token(self) -> None:
        """What PostgreSQL is told opens nothing here."""
        with pytest.raises(BadToken):
            TOKENS.read_access(ActorKey(SECRET).mint(Actor.of_system("test")), NOW)

    @pytest.mark.parametrize("number", range(len(NOT_OURS)))
    def test_what_is_not_ours_is_refused(self, number: int) -> None:
        """Another key, another algorithm, a broken or incomplete token: one error (T1)."""
        with pytest.raises(BadToken):
            TOKENS.read_access(NOT_OURS[number], NOW)

    def test_a_header_that_names_none_is_refused(self) -> None:
        """Taking the algorithm away takes the token's worth away (T1)."""
        _, body, signature = access().split(".")
        kid = next(iter(TOKENS._keys["access"]))
        head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": kid}).encode()).decode()
        for forged in (f"{head}.{body}.", f"{head}.{body}.{signature}"):
            with pytest.raises(BadToken):
                TOKENS.read_access(forged, NOW)

    @given(st.integers(0, 10_000), st.characters(codec="ascii"))
    def test_no_neighbour_is_valid(self, place: int, letter: str) -> None:
        """Changing one character makes it worthless, unless it is the same character."""
        good = access()
        place %= len(good)
        changed = good[:place] + letter + good[place + 1 :]
        try:
            assert TOKENS.read_access(changed, NOW) == Claims(SID, USER, TENANT)
        except BadToken:
            assert changed != good


class TestRun:
    """Tokens of a run, which are narrower and last as long as the run."""

    def test_it_names_its_permissions(self) -> None:
        """What it names comes back, until its own end."""
        some = frozenset({Permission.ROW_READ})
        token = TOKENS.access(
            SID, USER, TENANT, NOW, permissions=some, lifetime=timedelta(minutes=1)
        )
        assert TOKENS.read_access(token, NOW) == Claims(SID, USER, TENANT, some)
        with pytest.raises(BadToken):
            TOKENS.read_access(token, NOW + timedelta(minutes=1))


class TestRefresh:
    """Tokens of 7 days that serve once."""

    def test_it_names_itself(self) -> None:
        """Its own id comes back with the rest, until it expires (T8)."""
        claims = TOKENS.read_refresh(refresh(), NOW + timedelta(days=6, hours=23))
        assert claims == RefreshClaims(SID, USER, TENANT, jti=JTI)
        with pytest.raises(BadToken):
            TOKENS.read_refresh(refresh(), NOW + timedelta(days=7))


class TestRotation:
    """Several secret keys at once (T14)."""

    def test_the_newest_signs_and_all_verify(self) -> None:
        """A token of the older key is good until that key is taken away."""
        old, both, new = Tokens((OTHER,)), Tokens((SECRET, OTHER)), Tokens((SECRET,))
        token = old.access(SID, USER, TENANT, NOW)
        assert both.read_access(token, NOW).sid == SID
        assert new.read_access(both.access(SID, USER, TENANT, NOW), NOW).sid == SID
        with pytest.raises(BadToken):
            new.read_access(token, NOW)
