"""${message}.

Before you write: this runs while people work. Take no lock for long (lock_timeout is 4 s), add
columns as nullable or with a constant default, build indexes on large tables concurrently in a
migration of their own, and drop what old code reads only one release later. A table with a tenant
ends with `tenant_table`; every foreign key has an index; nothing here imports `workbench`.
"""

from migrations.policies import run

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Say what the schema gains."""
    run(${upgrades if upgrades else ""})


def downgrade() -> None:
    """Take it back, and open no table on the way."""
    run(${downgrades if downgrades else ""})
