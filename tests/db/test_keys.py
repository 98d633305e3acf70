"""Keys and passwords derived from the secret keys; the actor key among them."""

import hashlib
import hmac

import jwt

from workbench.actor import Actor
from workbench.db import keys, roles
from workbench.db.isolation import ActorKey
from workbench.identity.tokens import Tokens

SECRET = "a secret that is long enough for a key"
OTHER = "another secret that is long enough, too"


def test_each_purpose_has_its_own_key() -> None:
    """Purposes and secrets tell keys apart; the same two give the same key."""
    made = {keys.derive(secret, purpose) for secret in (SECRET, OTHER) for purpose in ("a", "b")}
    assert len(made) == 4
    assert keys.derive(SECRET, "a") in made
    assert all(len(key) == keys.KEY_BYTES for key in made)


def test_each_role_has_its_own_password() -> None:
    """Who learns one role's password learns no other's."""
    made = {keys.password(SECRET, role) for role in (*roles.LOGINS, roles.OWNER)}
    assert len(made) == len(roles.LOGINS) + 1
    assert all(len(password) == 43 for password in made)


def test_the_pads_are_those_of_hmac() -> None:
    """What PostgreSQL computes with the pads is the HMAC that the driver's library computes."""
    key, message = ActorKey(SECRET), b"header.payload"
    inner = hashlib.sha256(key.inner + message).digest()
    made = hashlib.sha256(key.outer + inner).digest()
    assert made == hmac.new(key.key, message, "sha256").digest()


def test_a_token_says_who_asks() -> None:
    """The claims are the actor's, and the audience is the database alone."""
    token = ActorKey(SECRET).mint(Actor.of_system("test"))
    claims = jwt.decode(token, ActorKey(SECRET).key, algorithms=["HS256"], audience="database")
    assert (claims["sub"], claims["tid"], claims["sid"]) == ("system:test", None, None)
    assert token.startswith(ActorKey(SECRET).header + ".")


def test_actor_keys_and_access_keys_are_strangers() -> None:
    """The keys of the API's tokens are none of the actor keys."""
    tokens = Tokens((SECRET,))
    api = {key for by_kid in tokens._keys.values() for key in by_kid.values()}
    assert ActorKey(SECRET).key not in api
    assert len(api) == 2
