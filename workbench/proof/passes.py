"""Who tries it: roles with their own tokens, and tokens that are stolen, forged or out of date."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from workbench.actor import Actor
from workbench.db.isolation import ActorKey
from workbench.identity.tokens import Tokens
from workbench.permissions import MEMBER_ROLES, Permission, Role
from workbench.proof.world import APP, TENANT, Side, World

OTHER_SECRET = "a secret that was never installed here"  # noqa: S105 (that is the attack)
SYSTEM = "system task"
STRANGER = "nobody"
PAST = timedelta(minutes=-1)


@dataclass(frozen=True, slots=True)
class Pass:
    """A token that is shown to a door: whose it is, what kind, and what it truly may.

    `held` is None where the token is worth nothing; then it must open no tenant at all.
    """

    role: str
    kind: str
    token: str
    held: frozenset[Permission] | None

    @property
    def is_worthless(self) -> bool:
        """Whether nobody at all may come in with it."""
        return self.held is None


def passes(world: World, login: str, mine: Side, other: Side) -> Iterator[Pass]:
    """Every token that somebody of `mine` could show to reach `other`."""
    mint = world.database.key.mint
    for role in MEMBER_ROLES:
        actor = mine.members[role]
        yield Pass(role, "own", mint(actor), actor.permissions)
        if role != Role.OWNER:
            wide = _with(actor, frozenset(Permission))
            yield Pass(role, "claims more than it holds", mint(wide), actor.permissions)
    for permission in (Permission.TENANT_READ, Permission.RUN_READ):
        narrow = mine.member.narrowed([permission])
        yield Pass(Role.OWNER, f"narrowed to {permission}", mint(narrow), narrow.permissions)
    if login == APP:
        yield Pass(SYSTEM, "own", mint(mine.system), mine.system.permissions)
    for kind, token in worthless(world, other).items():
        yield Pass(STRANGER, kind, token, None)
    if login == TENANT:
        yield Pass(STRANGER, "of the other tenant", mint(other.member), None)
        yield Pass(STRANGER, "of a system task", mint(mine.system), None)


def worthless(world: World, victim: Side) -> dict[str, str]:
    """Tokens that name the victim and are not valid, or not any more."""
    key, owner = world.database.key, victim.member
    good = key.mint(owner)
    head, body, signature = good.split(".")
    gone = victim.gone or owner
    return {
        "none": "",
        "words instead of a token": "let me in",
        "signed with another key": ActorKey(OTHER_SECRET).mint(owner),
        "system task, signed with another key": ActorKey(OTHER_SECRET).mint(victim.system),
        "signature cut off": f"{head}.{body}.",
        "algorithm none": f"{jwt.encode({}, '', algorithm='none').split('.')[0]}.{body}.",
        "another tenant under an old signature": _renamed(key, victim, signature),
        "expired": key.mint(owner, lifetime=PAST),
        "expired, of a system task": key.mint(victim.system, lifetime=PAST),
        "signed out": key.mint(gone),
        "never signed in": key.mint(_with(owner, owner.permissions, sid=victim.tenant_id)),
        "for another audience": _for_the_api(world, owner),
        "of the platform's operator": key.mint(_with(world.operator, tenant=victim)),
    }


def _with(
    actor: Actor,
    permissions: frozenset[Permission] | None = None,
    *,
    sid: Any = None,
    tenant: Side | None = None,
) -> Actor:
    return Actor(
        actor.subject,
        tenant.tenant_id if tenant else actor.tenant_id,
        actor.permissions if permissions is None else permissions,
        actor.user_id,
        sid or actor.sid,
    )


def _renamed(key: ActorKey, victim: Side, signature: str) -> str:
    head, body, _ = key.mint(_with(victim.member, frozenset(Permission))).split(".")
    return f"{head}.{body}.{signature}"


def _for_the_api(world: World, actor: Actor) -> str:
    tokens = Tokens((world.database.key.secret,))
    sid, user = actor.sid or actor.tenant_id, actor.user_id or actor.tenant_id
    assert sid is not None and user is not None  # noqa: S101, PT018 (an owner has both)
    return tokens.access(sid, user, actor.tenant_id, datetime.now(UTC))
