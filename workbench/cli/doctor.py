"""`workbench doctor`: what works here, what does not, and what to do about it."""

import asyncio
import os
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import typer
from sqlalchemy import create_engine, pool, text

from workbench.cli import audit, console
from workbench.cli.options import AsJson
from workbench.db import connect, rotation, schema
from workbench.errors import WorkbenchError
from workbench.notifications import letters
from workbench.runs import printing
from workbench.settings import Settings
from workbench.storage import Storage

AUDIT_LAST = 10_000  # entries of each tenant; `workbench audit verify` checks all
AUDIT_SECONDS = 20  # after which it looks at no further tenant
AUDIT_WAITING = 10_000  # entries that wait where a worker seals
State = Literal["ok", "note", "wrong"]
STYLES = {"ok": "green", "note": "yellow", "wrong": "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw; `note` is worth knowing, `wrong` must be mended."""

    check: str
    state: State
    detail: str


def doctor(*, as_json: AsJson = False) -> None:
    """Look at the installation; exit code 1 when something is wrong."""
    settings = Settings()
    findings = examine(settings)
    if as_json:
        console.show([asdict(finding) for finding in findings], as_json=True)
    else:
        for finding in findings:
            mark = f"[{STYLES[finding.state]}]{finding.state:>5}[/]"
            console.out.print(f"{mark}  {finding.check:<12} {finding.detail}", soft_wrap=True)
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(1)


def examine(settings: Settings) -> list[Finding]:
    """Run every check, each even when another found something wrong."""
    findings = [_try("home", lambda: _home(settings)), _try("secret key", lambda: _keys(settings))]
    try:
        with connect.server(settings):
            findings += [
                _try("database", lambda: _database(settings)),
                _try("boundary", lambda: _boundary(settings)),
                _try("keys", lambda: _rotation(settings)),
                _try("queue", lambda: _queue(settings)),
                _try("audit", lambda: _audit(settings)),
            ]
    except WorkbenchError as error:
        findings.append(Finding("database", "wrong", str(error)))
    return [
        *findings,
        _try("storage", lambda: _storage(settings)),
        _try("mail", lambda: _mail(settings)),
        _try("notebooks", lambda: _kernels(settings)),
        limits(settings),
        _try("browser", _browser),
    ]


def limits(settings: Settings) -> Finding:
    """What a run may use, and what holds it to that."""
    return _try("limits", lambda: _limits(settings))


def _try(check: str, look: Callable[[], tuple[State, str]]) -> Finding:
    try:
        return Finding(check, *look())
    except Exception as error:  # noqa: BLE001 (whatever a check meets is its finding)
        return Finding(check, "wrong", str(error).strip().splitlines()[0])


def _home(settings: Settings) -> tuple[State, str]:
    return "ok", f"{settings.prepared_home()} (mode 0700)"


def _keys(settings: Settings) -> tuple[State, str]:
    origin = "generated into the home" if settings.keeps_keys else "given"
    told = f"{len(settings.secret_keys)}, {origin}"
    paths = (Path(".env"), settings.prepared_home() / "demo.json")
    if loose := [str(p) for p in paths if p.exists() and stat.S_IMODE(p.stat().st_mode) & 0o077]:
        return "note", f"{told}; others may read {' and '.join(loose)}: `chmod 600` them"
    return "ok", told


def _rotation(settings: Settings) -> tuple[State, str]:
    now = datetime.now(UTC)
    known = rotation.keys(settings)
    told = [f"{key.kid} {_age(key, now)}{', signs' if key.signs else ''}" for key in known]
    state: State = "ok" if all(key.accepted_since for key in known) else "wrong"
    return state, "; ".join(told)


def _age(key: rotation.Key, now: datetime) -> str:
    if key.accepted_since is None:
        return "unknown to PostgreSQL: run `workbench migrate`"
    return f"{(now - key.accepted_since).days} days old"


def _database(settings: Settings) -> tuple[State, str]:
    engine = create_engine(connect.logins(settings).app, poolclass=pool.NullPool)
    with engine.connect() as connection:
        version = connection.scalar(text("show server_version"))
    kind = "embedded" if settings.is_embedded else "given"
    return "ok", f"PostgreSQL {version}, {kind}"


def _boundary(settings: Settings) -> tuple[State, str]:
    left_open = connect.check(settings)
    if left_open:
        things = ", ".join(left_open)
        return "note", f"readers reach {things}; let a superuser run workbench/db/hardening.sql"
    return "ok", f"revision {schema.head()}; every policy binds the roles that log in"


def _queue(settings: Settings) -> tuple[State, str]:
    engine = create_engine(connect.logins(settings).app, poolclass=pool.NullPool)
    with engine.connect() as connection:
        waiting, running, workers = connection.execute(
            text("select * from workbench.queue_state()")
        ).one()
    state: State = "ok" if workers else "note"
    hint = "" if workers else "; `workbench work` (or `up`) starts one"
    return state, f"{workers} workers, {running} running, {waiting} waiting{hint}"


def _audit(settings: Settings) -> tuple[State, str]:
    found = asyncio.run(_chains(settings))
    for row in found:
        if row["wrong"]:
            return "wrong", f"{row['tenant']}, {row['wrong']}"
    checked, waiting = (sum(row[name] for row in found) for name in ("checked", "waiting"))
    state: State = "note" if waiting > AUDIT_WAITING else "ok"
    return state, f"the last {checked} entries of {len(found)} tenants hold; {waiting} wait"


async def _chains(settings: Settings) -> list[dict[str, Any]]:
    database = connect.database(settings)
    try:
        return await audit.every(database, last=AUDIT_LAST, seconds=AUDIT_SECONDS)
    finally:
        await database.close()


def _storage(settings: Settings) -> tuple[State, str]:
    storage, key = Storage(settings.storage), f"doctor/{os.getpid()}"
    with storage.write(key) as file:
        file.write(b"doctor")
    storage.remove(key)
    return "ok", "files can be written and removed"


def _mail(settings: Settings) -> tuple[State, str]:
    from workbench.worker import post  # noqa: PLC0415 (papermill takes a second to import)

    letters.Sender.of(settings.mail_from, settings.address)
    out = post.of(settings)
    if isinstance(out, post.Folder):
        return "note", f"mail goes to a folder, {out.path}; set WORKBENCH_SMTP_URL to send it"
    try:
        asyncio.run(out.greet())
    except post.PutOff as error:
        return "wrong", f"{out.name} does not take mail: {error}"
    return "ok", f"{out.name} takes mail from {settings.mail_from}"


def _kernels(settings: Settings) -> tuple[State, str]:
    if os.geteuid() == 0 and settings.kernel_user:
        return "ok", f"notebooks run as {settings.kernel_user}"
    hint = "set WORKBENCH_KERNEL_USER and run the worker as root to keep them apart"
    state: State = "note" if settings.is_embedded or settings.unsafe_kernels else "wrong"
    return state, f"notebooks run as you; {hint}"


def _limits(settings: Settings) -> tuple[State, str]:
    from workbench.worker import groups  # noqa: PLC0415 (as above)
    from workbench.worker.limits import Limits  # noqa: PLC0415 (as above)

    held = f"a run may use {Limits.of(settings)}; the worker ends one that uses more"
    if settings.control_groups:
        together = ", ".join(groups.held(settings.control_groups))
        return "ok", f"{held}, and control groups hold it to its {together} as a whole"
    if settings.kernel_processors is not None:
        return "wrong", "WORKBENCH_KERNEL_PROCESSORS needs WORKBENCH_KERNEL_GROUPS"
    held += "; no control group holds it (WORKBENCH_KERNEL_GROUPS)"
    if os.geteuid() == 0 and settings.kernel_user:
        return "ok", f"{held}, and the system refuses it more; neither limits the network"
    if os.geteuid() == 0:
        how = "as root the system itself refuses it neither processes nor higher limits"
    else:
        how = "the system counts its processes with yours, so it refuses it none"
    return "note", f"{held}, but {how}; WORKBENCH_KERNEL_USER mends that"


def _browser() -> tuple[State, str]:
    found = printing.chromium()
    missing = "no Chromium: reports are not printed as PDF, and the tests in a browser cannot run"
    return ("ok", found) if found else ("note", missing)
