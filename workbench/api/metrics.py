"""Figures for Prometheus: requests by route and status, and the queue; none names a tenant."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "workbench_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "workbench_request_seconds",
            "How long requests took.",
            ["method", "route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.queue = Gauge(
            "workbench_queue_jobs", "Work in the queue.", ["state"], registry=self.registry
        )
        self.workers = Gauge(
            "workbench_workers", "Workers that gave a sign of life.", registry=self.registry
        )
        self.is_database_up = Gauge(
            "workbench_database_up", "Whether PostgreSQL answers.", registry=self.registry
        )

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is its pattern, so that labels stay few."""
        method = method if method in METHODS else "OTHER"
        self.requests.labels(method, route, str(status or 499)).inc()
        self.seconds.labels(method, route).observe(seconds)

    def note_queue(self, state: tuple[int, int, int] | None) -> None:
        """Note waiting and running work and the workers; None when PostgreSQL does not answer."""
        self.is_database_up.set(state is not None)
        if state is None:
            return
        waiting, running, workers = state
        self.queue.labels("waiting").set(waiting)
        self.queue.labels("running").set(running)
        self.workers.set(workers)

    def text(self) -> bytes:
        """All figures in Prometheus's text format."""
        return generate_latest(self.registry)
