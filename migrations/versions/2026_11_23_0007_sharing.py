"""Sharing a dataset: the platform gives it to every tenant in one transaction."""

from migrations.policies import APP, run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Let an actor of the platform add a tenant's dataset, which it still cannot see."""
    run(
        f"create policy shares on workbench.datasets for insert to {APP} "
        "with check ((select workbench.platform_with('dataset:share')))"
    )


def downgrade() -> None:
    """Leave datasets to the tenant's own actors again."""
    run("drop policy shares on workbench.datasets")
