"""Idempotency keys of the platform's operators, who act in no tenant."""

from migrations.policies import guarded_table, run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table; each operator sees and changes its own keys only."""
    run(
        """
        create table workbench.operator_keys (
            id uuid constraint pk_operator_keys primary key,
            subject text not null,
            key text not null,
            request_hash text not null,
            status integer,
            answer jsonb,
            created_at timestamptz not null default now()
        )
        """,
        """
        create unique index uq_operator_keys_subject_key
            on workbench.operator_keys (subject, key)
        """,
    )
    own = (
        "subject = (select workbench.actor_user())::text "
        "and (select workbench.platform_with('platform:read'))"
    )
    guarded_table("operator_keys", select=own, insert=own, update=own, delete=own)


def downgrade() -> None:
    """Drop the keys."""
    run("drop table workbench.operator_keys")
