"""Rotation: a new key signs, the old ones verify until they are retired.

PostgreSQL accepts a key before anybody signs with it, and for as long as anybody may.
"""

from dataclasses import dataclass
from datetime import datetime

from workbench import secrecy
from workbench.db import connect
from workbench.db.isolation import ActorKey
from workbench.errors import Conflict, NotFound
from workbench.settings import Settings


class KeySigns(Conflict):
    """This key signs; rotate first."""

    code = "key_signs"


@dataclass(frozen=True, slots=True)
class Key:
    """A secret key by its public name; None when PostgreSQL does not accept it."""

    kid: str
    signs: bool
    accepted_since: datetime | None


def keys(settings: Settings) -> list[Key]:
    """The keys of the settings, the one that signs first, and since when they are accepted."""
    ages = connect.key_ages(settings)
    kids = [ActorKey(secret).kid for secret in settings.secret_keys]
    return [Key(kid, kid == kids[0], ages.get(kid)) for kid in kids]


def rotate(settings: Settings) -> str:
    """Make a key, have PostgreSQL accept it, and answer it.

    Where the keys lie in the home it signs from the next start on; elsewhere the settings are
    somebody else's to change, and it comes last until they are.
    """
    new = secrecy.new_key()
    if not settings.keeps_keys:
        connect.accept(settings, (*settings.secret_keys, new))
        return new
    secrets = (new, *settings.secret_keys)
    connect.accept(settings, secrets)
    settings.key_file.replace(secrets)
    return new


def retire(settings: Settings, kid: str) -> tuple[str, ...]:
    """Have a key refused from now on, and answer the keys that are left.

    Where the keys lie in the home it goes from there, too, and takes along the passwords of the
    roles if they were derived from it.
    """
    left = tuple(secret for secret in settings.secret_keys if ActorKey(secret).kid != kid)
    if len(left) == len(settings.secret_keys):
        raise NotFound(f"There is no key {kid}; `workbench keys list` shows them.")
    if left[:1] != settings.secret_keys[:1]:
        raise KeySigns
    if not settings.keeps_keys:
        connect.accept(settings, left)
        return left
    settings.key_file.replace(left)
    if settings.role_secret not in left and settings.role_secret in settings.secret_keys:
        settings.password_file.replace([secrecy.new_key()])
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    connect.migrate(Settings(_env_file=None, **given))  # which reads the files anew
    return left
