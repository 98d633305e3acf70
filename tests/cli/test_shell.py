"""Commands that end: what they print, and with which exit code."""

import json
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.support import mail_server
from workbench.cli import COMMANDS
from workbench.db import schema

PASSWORD = "correct horse battery"
KEY = "b7d90e1c35f2486aa01c7e93d5f8b264"


class TestMigrate:
    """`workbench migrate`."""

    def test_it_says_where_the_database_is(self, shell: Shell) -> None:
        """Migrating twice is as good as once."""
        done = shell.started("migrate")

        assert f"at revision {schema.head()}" in done.stdout
        assert done.returncode == 0


class TestTenant:
    """`workbench tenant …`."""

    def test_it_makes_lists_suspends_and_resumes(self, shell: Shell) -> None:
        """A tenant's life, as a script sees it."""
        assert shell("tenant", "create", "acme", "--name", "Acme").returncode == 0
        assert shell("tenant", "suspend", "acme").returncode == 0
        assert _row(shell, "tenant", "slug", "acme")["suspended"] is not None
        assert shell("tenant", "resume", "acme").returncode == 0

        row = _row(shell, "tenant", "slug", "acme")
        assert (row["name"], row["suspended"]) == ("Acme", None)

    def test_it_refuses_a_slug_that_is_taken_in_one_line(self, shell: Shell) -> None:
        """What goes wrong is one line, without a traceback."""
        shell("tenant", "create", "twice")

        again = shell("tenant", "create", "twice")

        assert again.returncode == 1
        assert again.stderr.strip() == "error: A tenant with this slug exists already."

    def test_it_names_the_place_of_a_slug_that_cannot_be(self, shell: Shell) -> None:
        """A wrong slug is told apart from a taken one."""
        done = shell("tenant", "create", "Not A Slug")

        assert done.returncode == 1
        assert "slug:" in done.stderr

    def test_it_knows_no_tenant_that_is_not_there(self, shell: Shell) -> None:
        """Suspending nobody is an error that says where to look."""
        done = shell("tenant", "suspend", "nobody")

        assert done.returncode == 1
        assert "workbench tenant list" in done.stderr


class TestUser:
    """`workbench user …`."""

    def test_it_makes_lists_and_disables(self, shell: Shell) -> None:
        """A member is made with a password from the environment."""
        shell("tenant", "create", "staffed")
        made = shell(
            *("user", "create", "ann@staffed.example", "--tenant", "staffed", "--role", "owner"),
            WORKBENCH_PASSWORD=PASSWORD,
        )
        assert made.returncode == 0, made.stderr
        assert _row(shell, "user", "email", "ann@staffed.example")["disabled"] is None

        assert shell("user", "disable", "ann@staffed.example").returncode == 0

        assert _row(shell, "user", "email", "ann@staffed.example")["disabled"] is not None

    def test_it_enables_again_and_ends_log_ins(self, shell: Shell) -> None:
        """A disabled user comes back; log-ins are listed and ended, and none is not an error."""
        email = "bob@platform.example"
        shell("user", "create", email, "--role", "operator", WORKBENCH_PASSWORD=PASSWORD)
        shell("user", "disable", email)

        assert shell("user", "enable", email).returncode == 0

        assert _row(shell, "user", "email", email)["disabled"] is None
        assert json.loads(shell("user", "logins", email, "--json").stdout) == []
        assert shell("user", "sign-out", email).stdout.startswith("0 log-ins")
        for command in ("enable", "logins", "sign-out"):
            missing = shell("user", command, "nobody@x.example")
            assert missing.returncode == 1
            assert "workbench user list" in missing.stderr

    def test_it_makes_an_operator_without_a_tenant(self, shell: Shell) -> None:
        """The platform's operator belongs to no tenant."""
        made = shell(
            "user",
            "create",
            "op@platform.example",
            "--role",
            "operator",
            WORKBENCH_PASSWORD=PASSWORD,
        )

        assert made.returncode == 0, made.stderr
        assert _row(shell, "user", "email", "op@platform.example")["operator"] == "yes"

    @pytest.mark.parametrize("arguments", [(), ("--tenant", "x", "--role", "operator")])
    def test_it_refuses_a_member_of_nothing(self, shell: Shell, arguments: tuple[str, ...]) -> None:
        """A role needs its tenant, and the operator has none."""
        done = shell("user", "create", "no@where.example", *arguments, WORKBENCH_PASSWORD=PASSWORD)

        assert done.returncode == 1
        assert "--tenant" in done.stderr

    def test_it_refuses_a_short_password_and_leaves_nothing(self, shell: Shell) -> None:
        """A user whose password is refused is not made."""
        done = shell(
            "user", "create", "short@x.example", "--role", "operator", WORKBENCH_PASSWORD="short"
        )

        assert done.returncode == 1
        assert "12 characters" in done.stderr
        assert "short@x.example" not in shell("user", "list", "--json").stdout

    def test_it_invites_to_a_tenant(self, shell: Shell) -> None:
        """An operator invites a first owner; twice is told, and so is an unknown tenant."""
        shell("tenant", "create", "inviting")
        order = ("user", "invite", "new@x.example", "--role", "owner", "--tenant")

        assert shell(*order, "inviting").returncode == 0
        assert "invited already" in shell(*order, "inviting").stderr
        assert "workbench tenant list" in shell(*order, "nobody").stderr

    def test_it_offers_a_new_password(self, shell: Shell) -> None:
        """The mail waits for the worker; what is no address is told."""
        assert "waits for the worker" in shell("user", "reset", "who@x.example").stdout
        done = shell("user", "reset", "nobody")

        assert done.returncode == 1
        assert "e-mail address" in done.stderr

    def test_it_knows_no_user_who_is_not_there(self, shell: Shell) -> None:
        """Disabling nobody is an error that says where to look."""
        done = shell("user", "disable", "nobody@x.example")

        assert done.returncode == 1
        assert "workbench user list" in done.stderr


class TestDoctor:
    """`workbench doctor`."""

    def test_it_finds_a_sound_installation(self, shell: Shell) -> None:
        """Nothing is wrong in a fresh home; a missing worker is a note."""
        done = shell("doctor", "--json")

        states = {finding["check"]: finding["state"] for finding in json.loads(done.stdout)}
        assert states["database"] == states["boundary"] == states["storage"] == "ok"
        assert states["queue"] == "note"
        assert done.returncode == 0

    def test_it_names_the_folder_that_mail_goes_to(self, shell: Shell, shell_home: Path) -> None:
        """Without a mail server mail is written to a folder, which an operator must know of."""
        assert _mail(shell) == (
            "note",
            f"mail goes to a folder, {shell_home}/mail; set WORKBENCH_SMTP_URL to send it",
        )

    def test_it_tries_the_mail_server(self, shell: Shell) -> None:
        """A server that answers is fine, one that does not is wrong, and no password is shown."""
        with mail_server.serving() as smtp:
            found = _mail(shell, WORKBENCH_SMTP_URL=smtp.url)
            assert found[0] == "ok", found
        state, detail = _mail(shell, WORKBENCH_SMTP_URL=f"smtp://u:hidden@127.0.0.1:{smtp.port}")
        assert state == "wrong"
        assert "hidden" not in detail
        assert _mail(shell, WORKBENCH_SMTP_URL="mail.example")[0] == "wrong"

    def test_it_says_what_is_wrong_and_fails(self, shell: Shell) -> None:
        """A database that does not answer is a finding, not a crash."""
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"postgresql://workbench_app:{KEY}@127.0.0.1:{closed.getsockname()[1]}/workbench"
            done = shell("doctor", WORKBENCH_DATABASE_URL=url, WORKBENCH_SECRET_KEY=KEY)

        assert done.returncode == 1
        assert "wrong  database" in done.stdout
        assert "Traceback" not in done.stdout + done.stderr


class TestMain:
    """Whatever the command, an error is one line."""

    def test_it_refuses_a_taken_port(self, shell: Shell) -> None:
        """The port is tried before anything else is started."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = shell.started("up", "--port", str(port))

        assert done.returncode == 1
        assert done.stderr.startswith(f"error: Port {port} on 127.0.0.1 cannot be used")
        assert "--port" in done.stderr

    def test_it_refuses_a_home_that_cannot_be_written(self, shell: Shell, tmp_path: Path) -> None:
        """A home below a file cannot be made by anybody."""
        file = tmp_path / "file"
        file.write_text("")
        done = shell("migrate", WORKBENCH_HOME=str(file / "home"))

        assert done.returncode == 1
        assert "WORKBENCH_HOME" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1

    def test_it_names_a_setting_that_is_not_valid(self, shell: Shell) -> None:
        """A port beyond 65535 is told by the variable's name."""
        done = shell.started("doctor", WORKBENCH_PORT="70000")

        assert done.returncode == 1
        assert done.stderr.startswith("error: The setting WORKBENCH_PORT is not valid")

    def test_it_says_that_postgresql_is_gone(self, shell: Shell) -> None:
        """A command that needs the database says so in one line."""
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"postgresql://workbench_app:{KEY}@127.0.0.1:{closed.getsockname()[1]}/workbench"
            given = {"WORKBENCH_DATABASE_URL": url, "WORKBENCH_SECRET_KEY": KEY}
            done = shell.started("tenant", "list", **given)

        assert done.returncode == 1
        assert done.stderr.startswith("error: PostgreSQL does not answer")
        assert len(done.stderr.strip().splitlines()) == 1

    def test_it_refuses_a_given_database_without_a_secret_key(self, shell: Shell) -> None:
        """Outside the embedded mode no key is made up."""
        done = shell("tenant", "list", WORKBENCH_DATABASE_URL="postgresql://x:y@127.0.0.1/z")

        assert done.returncode == 1
        assert "WORKBENCH_SECRET_KEY" in done.stderr

    def test_it_shows_usage_for_an_unknown_option(self, shell: Shell) -> None:
        """A mistyped option exits with 2, as shells expect."""
        assert shell.started("up", "--no-such-option").returncode == 2

    @pytest.mark.parametrize("command", COMMANDS)
    def test_each_command_imports_what_it_needs(self, cold: Shell, command: str) -> None:
        """None relies on what another has imported before it."""
        done = cold(command, "--help")

        assert done.stderr == ""
        assert f" {command} [OPTIONS]" in done.stdout


class TestRun:
    """`workbench run`."""

    def test_it_refuses_an_unknown_notebook(self, shell: Shell) -> None:
        """A notebook that is not on the shelf is named as such."""
        done = shell("run", "no_such", "--tenant", "acme")

        assert done.returncode == 1
        assert done.stderr.strip().endswith("error: There is no notebook of this name.")

    def test_it_refuses_a_parameter_without_a_value(self, shell: Shell) -> None:
        """A parameter is written name=value."""
        done = shell("run", "tenant_report", "--tenant", "acme", "-p", "origin")

        assert done.returncode == 1
        assert "name=value" in done.stderr


def _row(shell: Shell, kind: str, key: str, value: str) -> dict[str, str | None]:
    rows: list[dict[str, str | None]] = json.loads(shell(kind, "list", "--json").stdout)
    return next(row for row in rows if row[key] == value)


def _mail(shell: Shell, **environment: str) -> tuple[str, str]:
    found = json.loads(shell("doctor", "--json", **environment).stdout)
    return next((f["state"], f["detail"]) for f in found if f["check"] == "mail")
