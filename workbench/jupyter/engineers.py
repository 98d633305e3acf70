"""The name of an engineer in JupyterHub, and the folder and system user that are his alone."""

import os
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import Invalid
from workbench.jupyter.opened import LINK, SHELF

MARK = "~"  # stands in no tenant's slug, and in no address behind its @
FIRST_UID = 200_000  # below are the machine's own users


class NoEngineer(Invalid):
    """This is no name of an engineer."""

    code = "no_engineer"


@dataclass(frozen=True, slots=True)
class Engineer:
    """Somebody in one tenant; in another he is somebody else, with another server."""

    email: str
    tenant: str | None = None

    @classmethod
    def typed(cls, text: str) -> "Engineer":
        """Read what one types: `ann@example.com`, or with the slug `ann@example.com~slug`."""
        text = text.strip().lower()
        email, mark, tenant = text.rpartition(MARK)
        return cls(email, tenant) if mark and "@" not in tenant else cls(text)

    @classmethod
    def named(cls, name: str) -> "Engineer":
        """Read JupyterHub's name."""
        try:
            local, domain, tenant = name.rsplit(MARK, 2)
        except ValueError:
            raise NoEngineer from None
        return cls(f"{local}@{domain}", tenant)

    @property
    def name(self) -> str:
        """What JupyterHub calls him, and with it his folder and his address.

        It holds no @, which JupyterHub leaves in an address as it is, and its proxy does not.
        """
        return MARK.join([*self.email.rsplit("@", 1), str(self.tenant)])


def settle(folder: Path, name: str, *, is_apart: bool) -> Path:
    """The folder of an engineer, made when there is none, with a link to the shelf in it.

    Those who are kept apart get a system user of their own, by a number that no other folder has:
    the folders are the list of the numbers, so that none comes to somebody else.
    """
    if "/" in name or name.startswith("."):
        raise NoEngineer
    own = folder / name
    if not own.exists():
        taken = [one.stat().st_uid for one in folder.iterdir()]
        own.mkdir(0o700)
        (own / LINK).symlink_to(SHELF)
        if is_apart:
            uid = max([FIRST_UID, *taken]) + 1
            os.chown(own, uid, uid)
    return own


def user(own: Path) -> str | None:
    """The system user whose folder this is, by number; None when it is this process's own."""
    uid = own.stat().st_uid
    return None if uid == os.geteuid() else str(uid)
