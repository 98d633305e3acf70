"""How everything is at this moment: checks, headline numbers, queues, workers, the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dashboards.components import layout, numbers
from dashboards.components.face import Face
from dashboards.operations import words
from dashboards.operations.store import Now
from workbench.operations.schemas import DatabaseView, Line, TenantUse, Wellness, Work, Worker

LABELS = ("Tenants", "Waiting", "Running", "Oldest wait", "Workers", "Mail waiting", "Database")
QUEUES = {
    "interactive": "Interactive runs",
    "batch": "Batch runs",
    "imports": "Imports",
    "tenants": "Archives, purges, letters",
}
TWO = """
:host {
  display: grid !important;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr));
  gap: 20px;
}
@media (max-width: 600px) { :host { gap: 14px; } }
"""
TALL = f"{layout.CARD} :host {{ height: 100% !important; }}"  # cards in a row end together
SAID = {
    Wellness.WELL: "All is well",
    Wellness.LOOK: "Something deserves a look",
    Wellness.BROKEN: "Something is broken",
}


class Present:
    """What is so now; each new state changes the pieces in place."""

    def __init__(self) -> None:
        """Show that everything is on its way."""
        waiting = [{"label": label, "value": "00", "note": " "} for label in LABELS]
        self._kpis = Face("kpis", figures=waiting, is_loading=True)
        self._health = Face("ops_health", is_loading=True, title="Health", checks=[])
        self._queue = Face("ops_queue", is_loading=True, queues=[])
        self._workers = Face("ops_workers", is_loading=True, workers=[])
        self._database = Face("ops_database", is_loading=True)
        self.head = layout.stack(self._kpis.pane, layout.card(self._health.pane))
        self.work = layout.column(
            layout.column(self._queue.pane, css=TALL),
            layout.column(self._workers.pane, css=TALL),
            css=TWO,
        )
        self.database = layout.card(self._database.pane)

    def show(self, now: Now, tenants: Sequence[TenantUse]) -> None:
        """Show another moment."""
        names = {tenant.id: tenant.name for tenant in tenants}
        worst = max((check.state for check in now.checks), key=[*Wellness].index)
        order = [*Wellness].index
        checks = sorted(now.checks, key=lambda check: -order(check.state))
        self._kpis.show(figures=headlines(now, tenants), is_loading=False)
        self._health.show(is_loading=False, title=SAID[worst], checks=checks, state=worst)
        self._queue.show(is_loading=False, queues=queues(now.work.lines, names, now.at))
        self._workers.show(is_loading=False, workers=workers(now.work.workers, now.at))
        self._database.show(is_loading=False, **database(now.database, now.at))


def headlines(now: Now, tenants: Sequence[TenantUse]) -> list[dict[str, str]]:
    """The headline numbers with what they mean."""
    work, data = now.work, now.database
    alive = [worker for worker in work.workers if worker.is_alive]
    busy, hands = sum(w.busy for w in alive), sum(w.hands for w in alive)
    suspended = sum(tenant.suspended_at is not None for tenant in tenants)
    used = sum(each.total for each in data.backends)
    post = work.post
    values = (
        (numbers.count(len(tenants)), f"{suspended} suspended" if suspended else "all active"),
        (numbers.count(sum(line.waiting for line in work.lines)), "in all queues"),
        (numbers.count(sum(line.running for line in work.lines)), f"{busy} of {hands} hands busy"),
        (words.lasting(oldest(work, now.at)), "of what waits now"),
        (numbers.count(len(alive)), f"{len(work.workers) - len(alive)} silent"),
        (numbers.count(post.mails), f"{post.given_up} given up today"),
        (words.size(data.bytes), f"{used} of {data.most_connections} connections"),
    )
    return [
        {"label": label, "value": value, "note": note}
        for label, (value, note) in zip(LABELS, values, strict=True)
    ]


def oldest(work: Work, at: datetime) -> timedelta | None:
    """For how long the oldest of what waits has waited."""
    since = [line.waits_since for line in work.lines if line.waits_since is not None]
    return at - min(since) if since else None


def queues(lines: Sequence[Line], names: Mapping[UUID, str], at: datetime) -> list[dict[str, Any]]:
    """Each queue with its sums, and below it the tenants that have something in it."""
    found: dict[str, list[Line]] = {queue: [] for queue in QUEUES}
    for line in lines:
        found.setdefault(line.queue, []).append(line)
    return [
        {
            "name": QUEUES.get(queue, queue),
            **_sums(each, at),
            "tenants": [
                {"name": _named(line.tenant_id, names), **_sums([line], at)} for line in each
            ],
        }
        for queue, each in found.items()
    ]


def _named(tenant_id: UUID | None, names: Mapping[UUID, str]) -> str:
    return "The platform itself" if tenant_id is None else names.get(tenant_id, "A deleted tenant")


def _sums(lines: Sequence[Line], at: datetime) -> dict[str, Any]:
    since = [line.waits_since for line in lines if line.waits_since is not None]
    return {
        "waiting": sum(line.waiting for line in lines),
        "running": sum(line.running for line in lines),
        "oldest": words.lasting(at - min(since)) if since else numbers.NOTHING,
    }


def workers(found: Sequence[Worker], at: datetime) -> list[dict[str, Any]]:
    """Each worker as the list shows it, those alive first."""
    return [
        {
            "name": worker.name,
            "is_alive": worker.is_alive,
            "seen": words.lasting(max(timedelta(), at - worker.seen_at)),
            "up": words.lasting(at - worker.started_at),
            "busy": worker.busy,
            "hands": worker.hands,
            "warm": worker.warm,
            "warm_wanted": worker.warm_wanted,
            "queues": ", ".join(worker.queues),
        }
        for worker in sorted(found, key=lambda each: not each.is_alive)
    ]


def database(found: DatabaseView, at: datetime) -> dict[str, Any]:
    """The database as its card shows it."""
    most = max((size.bytes for size in found.sizes), default=1) or 1
    used = sum(each.total for each in found.backends)
    return {
        "version": found.version,
        "bytes": words.size(found.bytes),
        "revision": found.revision,
        "head": found.head,
        "sizes": [
            {"name": s.name, "bytes": words.size(s.bytes), "share": s.bytes / most}
            for s in found.sizes
        ],
        "used": used,
        "most": found.most_connections,
        "used_share": used / found.most_connections,
        "backends": found.backends,
        "long": [
            {"login": t.login, "pid": t.pid, "lasts": words.lasting(at - t.since), "state": t.state}
            for t in found.long_transactions
        ],
        "statements_are_kept": found.statements_are_kept,
    }
