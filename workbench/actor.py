"""Who acts, in which tenant, with which permissions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from workbench.errors import Forbidden
from workbench.permissions import Permission


@dataclass(frozen=True, slots=True)
class Actor:
    """A proved identity at work in one tenant, or on the platform when `tenant_id` is None.

    `sid` names what made the actor (a login or a run); revoking it ends the actor's access.
    A system actor has neither user nor sid: its permissions are those that the task names.
    `grants` are permissions on one target each: the id of a dataset's definition, or the name of a
    dashboard or notebook. A part of a dataset is seen through the schema that `lens` names.
    """

    subject: str
    tenant_id: UUID | None
    permissions: frozenset[Permission]
    user_id: UUID | None = None
    sid: UUID | None = None
    grants: frozenset[tuple[Permission, str]] = frozenset()

    @classmethod
    def of_user(
        cls,
        user_id: UUID,
        *,
        sid: UUID,
        tenant_id: UUID | None,
        permissions: Iterable[Permission],
        grants: Iterable[tuple[Permission, str]] = (),
    ) -> Self:
        """A user who acts through the login or run `sid`."""
        held = frozenset(permissions)
        return cls(str(user_id), tenant_id, held, user_id, sid, frozenset(grants))

    @classmethod
    def of_system(cls, task: str, *permissions: Permission, tenant_id: UUID | None = None) -> Self:
        """A named task of Workbench itself, with just the permissions it needs."""
        return cls(f"system:{task}", tenant_id, frozenset(permissions))

    def may(self, permission: Permission, target: str | None = None) -> bool:
        """Whether the actor holds the permission, everywhere or on the target."""
        return permission in self.permissions or (
            target is not None and (permission, target) in self.grants
        )

    def may_somewhere(self, permission: Permission) -> bool:
        """Whether the actor holds the permission, everywhere or on any target."""
        return permission in self.scope

    @property
    def scope(self) -> frozenset[Permission]:
        """The permissions that the actor holds everywhere or somewhere."""
        return self.permissions | {permission for permission, _ in self.grants}

    @property
    def lens(self) -> str | None:
        """The schema through which the actor sees parts of datasets, where it sees parts."""
        return next(
            (found for target in self._parts() if (found := target.partition("#")[2])), None
        )

    def sees_part(self, definition: UUID) -> bool:
        """Whether the actor sees a dataset through its lens only."""
        return any(target == f"{definition}#" for target in self._parts())

    def _parts(self) -> Iterator[str]:
        return (t for p, t in self.grants if p is Permission.ROW_READ and "#" in t)

    def require(self, permission: Permission, target: str | None = None) -> None:
        """Raise Forbidden unless the actor holds the permission, everywhere or on the target."""
        if not self.may(permission, target):
            raise Forbidden(
                f"This needs the permission {permission}, which your role does not have."
            )

    def require_somewhere(self, permission: Permission) -> None:
        """Raise Forbidden unless the actor holds the permission, if only on one target."""
        if not self.may_somewhere(permission):
            raise Forbidden(
                f"This needs the permission {permission}, which your role does not have."
            )

    def require_tenant(self) -> UUID:
        """The tenant acted in; raise Forbidden for an actor of the platform."""
        if self.tenant_id is None:
            raise Forbidden("This belongs to a tenant; sign in to one.")
        return self.tenant_id

    def narrowed(self, permissions: Iterable[Permission]) -> Self:
        """The same actor with no more than the given permissions."""
        kept = frozenset(permissions)
        grants = frozenset(grant for grant in self.grants if grant[0] in kept)
        return replace(self, permissions=self.permissions & kept, grants=grants)
