"""What was given up, with a way to try it again, and which runs failed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from dashboards.components import layout, numbers
from dashboards.components.face import Face
from dashboards.components.roster import Action, Cell, Column, Do, Roster, Row
from dashboards.operations.store import Trouble
from dashboards.operations.views.now import TALL, TWO
from workbench.operations.schemas import FailedJob, FailedRuns, TenantUse

TASKS = {
    "datasets.load": "Load an import",
    "runs.announce": "Tell of a run by mail",
    "tenants.export": "Make an archive",
    "tenants.purge": "Purge a deleted tenant",
}
# The kinds of errors that say what to do; the others are told as they are.
REASONS = {
    "57P01": "PostgreSQL was away: look whether it is well",
    "08006": "PostgreSQL was away: look whether it is well",
    "53300": "No connection was free: raise max_connections",
    "53100": "The disk of the database is full",
    "StillAtWork": "Work of the tenant had not ended",
    "Unavailable": "Files did not answer: look at WORKBENCH_STORAGE_URL",
}
ENDS = {
    "failed": "The notebook failed",
    "timed_out": "It took too long",
    "lost": "The worker was lost",
    "released": "The worker stopped",
}
RETRY = Action("retry", "Try again")
JOBS = (Column("Job"), Column("Why"), Column("When"))
RUNS = (Column("Notebook"), Column("Why"), Column("Runs", is_number=True), Column("Last"))
NO_JOBS = ("Nothing was given up", "Jobs that fail for good appear here, and can be tried again.")
NO_RUNS = ("No run failed today", "Runs that failed within 24 hours are counted here.")


class Given:
    """Jobs that were given up, beside the runs that failed."""

    def __init__(self, on_do: Do) -> None:
        """Make empty lists."""
        jobs = Face(
            "chart_head",
            title="Which jobs were given up?",
            note="The kind of error is told, not its words: those are the tenant's",
        )
        runs = Face(
            "chart_head",
            title="Which runs failed within a day?",
            note="Their tenants see why, and try them again",
        )
        self._said = Face("said", text="", is_wrong=False)
        self._jobs = Roster.of("Jobs that were given up", JOBS, empty=NO_JOBS, on_do=on_do)
        self._runs = Roster.of("Runs that failed", RUNS, empty=NO_RUNS)
        self.pane = layout.column(
            layout.column(jobs.pane, self._said.pane, self._jobs, css=TALL),
            layout.column(runs.pane, self._runs, css=TALL),
            css=TWO,
        )

    def show(self, found: Trouble, tenants: Sequence[TenantUse], at: datetime) -> None:
        """Show what was given up until now."""
        names = {tenant.id: tenant.name for tenant in tenants}
        self._jobs.fill([_job(job, names, at) for job in found.jobs])
        self._runs.fill([_runs(runs, names, at) for runs in found.runs])

    def say(self, text: str, *, is_wrong: bool = False) -> None:
        """Say how it went."""
        self._said.show(text=text, is_wrong=is_wrong)


def _job(job: FailedJob, names: Mapping[UUID, str], at: datetime) -> Row:
    tries = f"tried {job.attempts + 1} times" if job.attempts else "tried once"
    return Row(
        str(job.id),
        (
            Cell(TASKS.get(job.task, job.task), note=_whose(job.tenant_id, names)),
            Cell(why(job.reason), note=tries),
            Cell(numbers.ago(job.failed_at, at)),
        ),
        (RETRY,),
    )


def why(reason: str | None) -> str:
    """The kind of an error in words, where there are some, with what it is called."""
    known = next((said for sign, said in REASONS.items() if reason and sign in reason), None)
    if known is not None:
        return f"{known} ({reason})"
    return reason or "The reason was not kept"


def _runs(runs: FailedRuns, names: Mapping[UUID, str], at: datetime) -> Row:
    return Row(
        f"{runs.tenant_id} {runs.notebook} {runs.outcome}",
        (
            Cell(runs.notebook, note=_whose(runs.tenant_id, names)),
            Cell(ENDS.get(runs.outcome, runs.outcome)),
            Cell(numbers.count(runs.count)),
            Cell(numbers.ago(runs.last_at, at)),
        ),
    )


def _whose(tenant_id: UUID | None, names: Mapping[UUID, str]) -> str:
    return "The platform itself" if tenant_id is None else names.get(tenant_id, "A deleted tenant")
