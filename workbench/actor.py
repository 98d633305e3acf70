"""Who acts, in which tenant, with which permissions."""

from collections.abc import Iterable
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
    """

    subject: str
    tenant_id: UUID | None
    permissions: frozenset[Permission]
    user_id: UUID | None = None
    sid: UUID | None = None

    @classmethod
    def of_user(
        cls,
        user_id: UUID,
        *,
        sid: UUID,
        tenant_id: UUID | None,
        permissions: Iterable[Permission],
    ) -> Self:
        """A user who acts through the login or run `sid`."""
        return cls(str(user_id), tenant_id, frozenset(permissions), user_id, sid)

    @classmethod
    def of_system(cls, task: str, *permissions: Permission, tenant_id: UUID | None = None) -> Self:
        """A named task of Workbench itself, with just the permissions it needs."""
        return cls(f"system:{task}", tenant_id, frozenset(permissions))

    def may(self, permission: Permission) -> bool:
        """Whether the actor holds the permission."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise Forbidden unless the actor holds the permission."""
        if not self.may(permission):
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
        return replace(self, permissions=self.permissions & frozenset(permissions))
