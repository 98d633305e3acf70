"""What a run's kernel has of its contract: typed parameters, budgets, secrets that stay secret."""

import base64
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.audit.models import AuditEntry
from workbench.lab import parameters
from workbench.lab.parameters import NoParameter
from workbench.notebooks import template
from workbench.permissions import Permission
from workbench.tenants.models import Tenant
from workbench.worker import secrets
from workbench.worker.secrets import SecretMissing

KEY = 'sk "live"\n\\42 é end-of-the-key'  # quotes, lines and escapes, as keys in files have them
READ = "from workbench import lab\nrun = lab.open_run()"
KINDS = {
    "since": {"kind": "date", "default": "2013-01-01"},
    "months": {"kind": "range", "of": {"kind": "integer"}, "default": [1, 12]},
    "which": {"kind": "secret", "choices": ["service_key"], "default": "service_key"},
}
BUDGETS = {"rows": {"most": 5, "unit": "rows"}}


def _put(folder: Path, name: str, value: str, mode: int = 0o600) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(value)
    path.chmod(mode)


async def test_a_kernel_has_what_its_contract_declares(
    bench: Bench, actor: Actor, tenant: Tenant
) -> None:
    """Days are days, declared budgets count, and a secret arrives but stands nowhere."""
    folder = bench.parts.settings.notebook_secrets
    _put(folder / tenant.slug, "service_key", f"{KEY}\n")
    _put(folder, "service_key", "of every other tenant")
    bench.put(
        "declares",
        'since = "2013-01-01"\nmonths = [1, 12]\nwhich = "service_key"',
        f"{READ}\nprint(repr(run.parameter('since')), run.parameter('months'), months)",
        "run.metric('rows', 7)\nrun.metric('free', 1, unit='s', budget=2)",
        "key = run.secret(which)\nprint(len(key), key, repr(key), key.splitlines())",
        "run.publish('leak.txt', f'the key: {key}')\nrun.publish('fine.txt', 'no key')",
        "try:\n    run.frame('select :key::text as k', {'key': key})\nexcept Exception: pass",
        "raise ValueError(key)",
        parameters=KINDS,
        budgets=BUDGETS,
        secrets={"service_key": "Opens a service."},
    )

    run = await bench.execute(await bench.order(actor, "declares", since="2013-06-01"))

    said = bench.said(run)
    assert "datetime.date(2013, 6, 1) (1, 12) [1, 12]" in said
    assert [(m.name, m.unit, m.budget) for m in run.metrics] == [
        ("free", "s", 2.0),
        ("rows", "rows", 5.0),
    ]
    assert f"{len(KEY)} •••" in said
    assert run.status == "failed"
    names = {file.name for file in run.artifacts}
    assert names == {"fine.txt", "notebook.ipynb", "report.html"}
    keeper = Actor.of_system("test", Permission.AUDIT_READ, tenant_id=tenant.id)
    async with bench.parts.database.session(keeper) as session:
        entries = (await session.scalars(select(AuditEntry))).all()
    rows = [json.dumps([run.parameters, run.error]), *(str(vars(entry)) for entry in entries)]
    assert any("select :key" in row or "select $1" in row for row in rows)
    files = [bench.text(run, name) for name in names]
    for text in [*rows, *files]:
        assert not any(part in text for part in ("end-of-the-key", 'sk "live', 'sk \\"live'))


async def test_a_secret_that_cannot_be_had_fails_the_run(bench: Bench, actor: Actor) -> None:
    """Before any cell runs; a notebook that declares nothing is handed nothing."""
    wanting = await bench.run(actor, "print('ran')", secrets={"no_such_key": "Opens nothing."})
    none = await bench.run(actor, f"{READ}\nrun.secret('service_key')")

    assert (wanting.status, wanting.artifacts) == ("failed", [])
    assert "needs the secret no_such_key" in (wanting.error or "")
    assert "NoSecret" in (none.error or "")


def test_a_file_that_keeps_no_secret_is_refused(bench: Bench) -> None:
    """Others may read it, it is too short to be hidden, or it is no file."""
    settings = bench.parts.settings
    _put(settings.notebook_secrets, "open_key", "long enough a key", mode=0o644)
    _put(settings.notebook_secrets, "short_key", "1234567")
    _put(settings.notebook_secrets, "good_key", "long enough a key\n")

    assert secrets.of(settings, "ua", ["good_key"]) == {"good_key": "long enough a key"}
    for name, reason in (("open_key", "0600"), ("short_key", "8 to"), ("ua", "not there")):
        with pytest.raises(SecretMissing, match=reason):
            secrets.of(settings, "ua", [name])
    forms = secrets.forms(KEY)
    assert secrets.hidden(json.dumps({"text": repr(KEY)}, ensure_ascii=False), forms).count("•") > 2
    assert secrets.hide({"a": [KEY, 1], "b": base64.b64encode(b"x").decode()}, forms) == {
        "a": ["•••", 1],
        "b": "eA==",
    }


def test_in_jupyterlab_the_saved_contract_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JupyterLab names the open notebook: defaults come from its contract; elsewhere, nothing."""
    monkeypatch.setenv(parameters.OPEN, str(template.write(tmp_path, "new_one")))
    assert parameters.in_lab("most") == 1000
    assert parameters.open_terms().budgets["rows"].unit == "rows"
    with pytest.raises(NoParameter):
        parameters.in_lab("other")
    monkeypatch.delenv(parameters.OPEN)
    with pytest.raises(NoParameter):
        parameters.in_lab("most")
