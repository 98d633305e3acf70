"""Changes to grants: permissions on one dataset, dashboard or notebook, for a role or a member.

A grant adds, it never takes away. One with a filter or masks shows part of a dataset, to those who
hold no more of it otherwise.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from workbench.access import roles
from workbench.access.commands import TooWide
from workbench.access.models import Grant
from workbench.access.schemas import GRANTABLE, Part, Target
from workbench.actor import Actor
from workbench.audit import commands as audit
from workbench.db import soft_delete
from workbench.errors import Conflict, Detail, Invalid, NotFound
from workbench.permissions import Permission

BAD_PART = "22023"  # PostgreSQL's invalid_parameter_value, raised by `check_grant`
NO_SUCH = "23503"  # foreign_key_violation
TAKEN = "23505"  # unique_violation


class GrantedAlready(Conflict):
    """There is a grant for the same holder on the same target; change that one."""

    code = "granted_already"


class BadPart(Invalid):
    """The dataset has no such part."""

    code = "bad_part"


async def create(  # noqa: PLR0913 (what a grant is made of)
    session: AsyncSession,
    actor: Actor,
    target: Target,
    *,
    definition_id: UUID | None = None,
    role_id: UUID | None = None,
    membership_id: UUID | None = None,
    permissions: Collection[Permission],
    part: Part,
) -> Grant:
    """Grant permissions that the actor holds on the whole target; nobody grants to himself.

    `definition_id` names the definition of the target's dataset.
    """
    actor.require(Permission.ROLE_MANAGE)
    await roles.refuse_own(session, actor, membership_id=membership_id, role_id=role_id)
    on = target.name if target.kind != "dataset" else str(definition_id)
    grant = Grant(
        tenant_id=actor.require_tenant(),
        role_id=role_id,
        membership_id=membership_id,
        kind=target.kind,
        dataset_id=target.dataset_id,
        name=target.name,
        permissions=_held(actor, target, permissions, on),
        filter=part.tree,
        masks=dict(part.masks),
    )
    async with _checked(session):
        session.add(grant)
    audit.record(session, actor, "grant.create", str(grant.id), **_said(grant))
    return grant


async def change(
    session: AsyncSession,
    actor: Actor,
    grant: Grant,
    part: Part,
    *,
    definition_id: UUID | None = None,
) -> None:
    """Show another part of a dataset that the actor sees; it counts at the next statement.

    `definition_id` is as for `create`.
    """
    actor.require(Permission.ROLE_MANAGE)
    _refuse_wider(actor, grant.permissions, grant.name or str(definition_id))
    await roles.refuse_own(session, actor, membership_id=grant.membership_id, role_id=grant.role_id)
    async with _checked(session):
        grant.filter, grant.masks = part.tree, dict(part.masks)
    audit.record(session, actor, "grant.change", str(grant.id), **_said(grant))


async def revoke(session: AsyncSession, actor: Actor, grant: Grant) -> None:
    """Take a grant back; it ends at the holders' next statement."""
    actor.require(Permission.ROLE_MANAGE)
    where = soft_delete.one(Grant, actor.require_tenant(), grant.id)
    await soft_delete.remove(session, actor, Grant, *where)
    audit.record(session, actor, "grant.revoke", str(grant.id), **_said(grant))


def _held(
    actor: Actor, target: Target, permissions: Collection[Permission], on: str | None
) -> list[str]:
    wanted = frozenset(permissions)
    if not wanted or not wanted <= frozenset(GRANTABLE[target.kind]):
        allowed = ", ".join(GRANTABLE[target.kind])
        detail = Detail("permissions", f"on a {target.kind}: some of {allowed}")
        raise Invalid("These permissions cannot be granted here.", details=[detail])
    _refuse_wider(actor, wanted, on)
    return sorted(wanted)


def _refuse_wider(actor: Actor, permissions: Collection[str], on: str | None) -> None:
    if missing := sorted(p for p in permissions if not actor.may(Permission(p), on)):
        raise TooWide(f"You do not hold {', '.join(missing)} on this yourself.")


@asynccontextmanager
async def _checked(session: AsyncSession) -> AsyncIterator[None]:
    """Write what happens inside, and say what PostgreSQL has against it."""
    try:
        async with session.begin_nested():
            yield
    except IntegrityError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == NO_SUCH:
            raise NotFound("There is no such role or dataset.") from error
        if state == TAKEN:
            raise GrantedAlready from error
        raise BadPart("Only rows of a dataset that a grant lets read have a part.") from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != BAD_PART:
            raise
        reason = cast("psycopg.Error", error.orig).diag.message_primary
        raise BadPart(f"The grant cannot be made: {reason}.") from error


def _said(grant: Grant) -> dict[str, Any]:
    return {
        "kind": grant.kind,
        "on": grant.name or str(grant.dataset_id),
        "role_id": str(grant.role_id) if grant.role_id else None,
        "membership_id": str(grant.membership_id) if grant.membership_id else None,
        "permissions": grant.permissions,
        "filter": grant.filter,
        "masks": grant.masks,
    }
