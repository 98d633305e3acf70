"""The tables of memberships, invitations, impersonations, roles and grants."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from workbench.db.model import Created, Model, TenantOwned
from workbench.db.soft_delete import SoftDelete


class Membership(TenantOwned, Created, SoftDelete, Model):
    """A user's place in a tenant, and the role held there."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("role in ('guest', 'viewer', 'analyst', 'engineer', 'owner')", name="role"),
        Index(
            "uq_memberships_tenant_id_user_id",
            "tenant_id",
            "user_id",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column()


class TenantRole(TenantOwned, Created, SoftDelete, Model):
    """A role of a tenant's own: permissions that its members hold besides their system role."""

    __tablename__ = "roles"
    __table_args__ = (
        CheckConstraint(
            "name ~ '^[a-z][a-z0-9-]{0,39}$' and name not in "
            "('guest', 'viewer', 'analyst', 'engineer', 'owner', 'operator')",
            name="name",
        ),
        Index(
            "uq_roles_tenant_id_name",
            "tenant_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    name: Mapped[str] = mapped_column()
    description: Mapped[str] = mapped_column()
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text()))


class MemberRole(TenantOwned, Created, SoftDelete, Model):
    """That a member holds a role of the tenant's own."""

    __tablename__ = "member_roles"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "membership_id"], ["memberships.tenant_id", "memberships.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "role_id"], ["roles.tenant_id", "roles.id"]),
        Index("ix_member_roles_tenant_id_membership_id", "tenant_id", "membership_id"),
        Index("ix_member_roles_tenant_id_role_id", "tenant_id", "role_id"),
        Index(
            "uq_member_roles_tenant_id_membership_id_role_id",
            "tenant_id",
            "membership_id",
            "role_id",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    membership_id: Mapped[UUID] = mapped_column()
    role_id: Mapped[UUID] = mapped_column()


class Grant(TenantOwned, Created, SoftDelete, Model):
    """Permissions on one dataset, dashboard or notebook, held by a role or a member.

    `filter` and `masks` leave part of a dataset: some of its rows, some columns masked.
    """

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("kind in ('dataset', 'dashboard', 'notebook')", name="kind"),
        CheckConstraint("name ~ '^[a-z][a-z0-9_-]{0,99}$'", name="name"),
        CheckConstraint("num_nonnulls(role_id, membership_id) = 1", name="holder"),
        CheckConstraint(
            "(kind = 'dataset') = (dataset_id is not null) and num_nonnulls(dataset_id, name) = 1",
            name="target",
        ),
        CheckConstraint(
            "cardinality(permissions) > 0 and array_position(permissions, null) is null "
            "and permissions <@ case kind "
            "when 'dataset' then '{dataset:read,row:export,row:read,row:write}'::text[] "
            "when 'dashboard' then '{dashboard:read}' "
            "when 'notebook' then '{notebook:read,run:read,run:start}' end",
            name="permissions",
        ),
        CheckConstraint(
            "jsonb_typeof(masks) = 'object' "
            "and (filter is null and masks = '{}' or 'row:read' = any (permissions))",
            name="part",
        ),
        ForeignKeyConstraint(["tenant_id", "role_id"], ["roles.tenant_id", "roles.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "membership_id"], ["memberships.tenant_id", "memberships.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "dataset_id"], ["datasets.tenant_id", "datasets.id"]),
        Index("ix_grants_tenant_id_role_id", "tenant_id", "role_id"),
        Index("ix_grants_tenant_id_membership_id", "tenant_id", "membership_id"),
        Index("ix_grants_tenant_id_dataset_id", "tenant_id", "dataset_id"),
        Index(
            "uq_grants_target",
            *("tenant_id", "role_id", "membership_id", "kind", "dataset_id", "name"),
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    role_id: Mapped[UUID | None] = mapped_column()
    membership_id: Mapped[UUID | None] = mapped_column()
    kind: Mapped[str] = mapped_column()
    dataset_id: Mapped[UUID | None] = mapped_column()
    name: Mapped[str | None] = mapped_column()
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    filter: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    masks: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))


class Invitation(TenantOwned, Created, SoftDelete, Model):
    """A place in a tenant that is offered to whoever reads the mail of an address.

    The id is the `jti` of the token in the mail; `expires_at` moves when it is sent again, and the
    tokens of before end with that.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email"),
        CheckConstraint("role in ('guest', 'viewer', 'analyst', 'engineer', 'owner')", name="role"),
        Index(
            "uq_invitations_tenant_id_email",
            "tenant_id",
            "email",
            unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
    )

    email: Mapped[str] = mapped_column()
    role: Mapped[str] = mapped_column()
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column()
    accepted_at: Mapped[datetime | None] = mapped_column()


class Impersonation(TenantOwned, Created, SoftDelete, Model):
    """An operator's stay in a tenant: who, as which role, why, until when."""

    __tablename__ = "impersonations"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'analyst', 'engineer', 'owner')", name="role"),
        CheckConstraint("reason <> ''", name="reason"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    operator: Mapped[str] = mapped_column()
    role: Mapped[str] = mapped_column()
    reason: Mapped[str] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    ended_by: Mapped[str | None] = mapped_column()
