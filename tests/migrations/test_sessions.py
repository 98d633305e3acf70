"""Log-ins from before their refresh tokens were hashed: nobody is signed out, and back again."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from alembic import command

from tests.migrations.conftest import MakeScratch
from workbench.db import schema
from workbench.db.embedded import Embedded
from workbench.identity.tokens import digest

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_tokens_that_are_out_stay_good(make_scratch: MakeScratch, migrated: Embedded) -> None:
    """A token's name was its row's id, whose hash is now found; log-ins that ended say so."""
    scratch = make_scratch("sessions")
    scratch.upgrade()
    user, living, ended, token = (uuid4() for _ in range(4))
    engine = scratch.engine()
    with engine.connect() as connection, migrated.superuser("sessions") as superuser:
        alembic = schema.config(connection)
        command.downgrade(alembic, "0014")
        superuser.execute(
            "insert into workbench.users (id, email, name) values (%s, 'a@b.example', 'A')", [user]
        )
        for login, at in ((living, None), (ended, NOW)):
            superuser.execute(
                "insert into workbench.logins values (%s, %s, 'Firefox', '::1', %s, %s, %s)",
                [login, user, NOW, NOW + timedelta(days=7), at],
            )
        superuser.execute(
            "insert into workbench.refresh_tokens (id, login_id, expires_at) values (%s, %s, %s)",
            [token, living, NOW + timedelta(days=7)],
        )

        command.upgrade(alembic, "head")

        kept = superuser.execute("select hash from workbench.refresh_tokens").fetchall()
        assert kept == [(digest(str(token)),)]
        query = "select id, ended_reason, last_seen_at from workbench.logins"
        assert set(superuser.execute(query)) == {
            (living, None, NOW),
            (ended, "signed_out", NOW),
        }
        command.downgrade(alembic, "0014")
        assert superuser.execute("select count(*) from workbench.logins").fetchone() == (2,)
