"""`workbench tenant …` from the first archive to the proof that nothing is left."""

import json
import zipfile
from pathlib import Path

from tests.cli.conftest import Shell

PASSWORD = "correct horse battery"


def _made(shell: Shell, slug: str) -> None:
    assert shell("tenant", "create", slug).returncode == 0


class TestExport:
    """`workbench tenant export`."""

    def test_it_writes_a_zip_that_opens(self, shell: Shell, tmp_path: Path) -> None:
        """The file is an archive with a page for people, and is never written over."""
        _made(shell, "packed")
        target = tmp_path / "packed.zip"
        done = shell("tenant", "export", "packed", "--to", str(target))
        assert done.returncode == 0, done.stderr
        with zipfile.ZipFile(target) as archive:
            assert archive.testzip() is None
            assert "packed" in archive.read("README.txt").decode()
            audit = archive.read("audit/audit_entries.jsonl").decode()
        assert "export.shell" in audit
        assert shell("tenant", "export", "packed", "--to", str(target)).returncode != 0


class TestPurge:
    """`workbench tenant delete` and `purge`."""

    def test_a_living_tenant_is_not_purged(self, shell: Shell) -> None:
        """Purging asks for a deleted tenant, or for the flag that deletes it first."""
        _made(shell, "alive")
        refused = shell("tenant", "purge", "alive", "--yes")
        assert refused.returncode == 1
        assert "no deleted tenant alive" in refused.stderr
        assert '"alive"' in shell("tenant", "list", "--json").stdout

    def test_it_deletes_restores_and_purges_with_a_proof(self, shell: Shell) -> None:
        """Deleted it is gone from the list, restored it is back, purged it is proved gone."""
        _made(shell, "leaving")
        assert shell("tenant", "delete", "leaving", "--yes", "--reason", "bye").returncode == 0
        assert '"leaving"' not in shell("tenant", "list", "--json").stdout
        assert shell("tenant", "restore", "leaving").returncode == 0
        assert '"leaving"' in shell("tenant", "list", "--json").stdout

        done = shell("tenant", "purge", "leaving", "--yes", "--delete", "--json")

        assert done.returncode == 0, done.stderr
        proof = {row["place"]: row["left"] for row in json.loads(done.stdout)}
        assert {"workbench.tenants", "workbench.audit_entries", "files", "queue"} <= set(proof)
        assert all(left in (0, None) for left in proof.values())
        assert shell("tenant", "purge", "leaving", "--yes").returncode == 1

    def test_without_a_yes_nothing_happens(self, shell: Shell) -> None:
        """A question that nobody answers is a no."""
        _made(shell, "asked")
        assert shell("tenant", "delete", "asked").returncode != 0
        assert '"asked"' in shell("tenant", "list", "--json").stdout


class TestSeen:
    """`workbench tenant usage`, `suspend --reason` and `enter`."""

    def test_usage_is_figures(self, shell: Shell) -> None:
        """One tenant's figures, as JSON."""
        _made(shell, "counted")
        rows = json.loads(shell("tenant", "usage", "counted", "--json").stdout)
        assert [(row["slug"], row["rows"], row["members"]) for row in rows] == [("counted", 0, 0)]
        assert rows[0]["last_activity"] is not None

    def test_a_suspension_keeps_its_reason(self, shell: Shell) -> None:
        """The list says why; resuming forgets it."""
        _made(shell, "unpaid")
        shell("tenant", "suspend", "unpaid", "--reason", "invoice 7")
        assert "invoice 7" in shell("tenant", "list", "--json").stdout
        shell("tenant", "resume", "unpaid")
        assert "invoice 7" not in shell("tenant", "list", "--json").stdout

    def test_entering_needs_an_operator_and_prints_a_token(self, shell: Shell) -> None:
        """Nobody enters without an operator's name; the token is a JWT."""
        _made(shell, "visited")
        nobody = ("tenant", "enter", "visited", "--reason", "t", "--as", "no@where.example")
        assert "--as" in shell(*nobody).stderr
        shell(
            *("user", "create", "visitor@platform.example", "--role", "operator"),
            WORKBENCH_PASSWORD=PASSWORD,
        )
        done = shell(
            *("tenant", "enter", "visited", "--reason", "t", "--as", "visitor@platform.example")
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip().count(".") == 2
