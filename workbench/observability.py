"""Reports of unexpected errors to Sentry, when a DSN is set: where, never with what data."""

from typing import Any, cast

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.types import Event, Hint

from workbench import logs

KEPT = frozenset(
    {
        "event_id", "timestamp", "platform", "level", "release", "environment", "exception", "tags",
        "sdk", "transaction", "contexts", "fingerprint", "type",
    }
)  # fmt: skip
KEPT_CONTEXTS = frozenset({"runtime", "os", "trace"})
SHORT = 300


def configure(dsn: str | None, *, release: str, environment: str) -> None:
    """Report to Sentry from now on; without a DSN nothing leaves the house."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn,
        release=release,
        environment=environment,
        before_send=scrub,
        before_breadcrumb=lambda *_: None,
        max_breadcrumbs=0,
        include_local_variables=False,
        include_source_context=False,
        send_client_reports=False,
        auto_session_tracking=False,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[AtexitIntegration(callback=lambda *_: None), DedupeIntegration()],
        server_name="workbench",
        shutdown_timeout=2,
    )


def report(error: BaseException, **tags: str | None) -> None:
    """Tell Sentry of an error that nobody expected, with tags such as the request's id."""
    if not sentry_sdk.is_initialized():
        return
    with sentry_sdk.new_scope() as scope:
        for name, value in tags.items():
            if value is not None:
                scope.set_tag(name, value)
        scope.capture_exception(error)


def scrub(event: Event, _: Hint) -> Event | None:
    """Keep of an event what tells where it broke; bodies, headers, parameters and variables go."""
    kept: dict[str, Any] = {key: value for key, value in event.items() if key in KEPT}
    contexts = kept.get("contexts") or {}
    kept["contexts"] = {key: value for key, value in contexts.items() if key in KEPT_CONTEXTS}
    for exception in (kept.get("exception") or {}).get("values", []):
        exception["value"] = _first_line(str(exception.get("value") or ""))
        for frame in (exception.get("stacktrace") or {}).get("frames", []):
            frame.pop("vars", None)
    kept["tags"] = logs.scrubbed(dict(kept.get("tags") or {}))
    return cast("Event", kept)


def _first_line(message: str) -> str:
    # SQLAlchemy writes statement and parameters on later lines; PostgreSQL quotes values in DETAIL.
    return str(logs.scrubbed(message.partition("\n")[0]))[:SHORT]
