"""Runs tell what was executed, their history is read by notebook, and deleted ones are purged."""

from migrations.policies import reader_view, run

revision = "0032"
down_revision = "0031"

TABLES = ("runs", "metrics", "artifacts")


def upgrade() -> None:
    """Keep the commit and the notebook's hash of each run from now on."""
    run(
        "drop view views.runs",
        "alter table workbench.runs add column commit text, add column notebook_hash text",
        "create index ix_runs_tenant_id_notebook_id on workbench.runs (tenant_id, notebook, id)",
    )
    run(
        *(
            f"create index ix_{table}_tenant_id_deleted_at on workbench.{table} "
            "(tenant_id, deleted_at) where deleted_at is not null"
            for table in TABLES
        )
    )
    reader_view("runs")


def downgrade() -> None:
    """Forget them."""
    run(*(f"drop index workbench.ix_{table}_tenant_id_deleted_at" for table in TABLES))
    run(
        "drop view views.runs",
        "drop index workbench.ix_runs_tenant_id_notebook_id",
        "alter table workbench.runs drop column commit, drop column notebook_hash",
    )
    reader_view("runs")
