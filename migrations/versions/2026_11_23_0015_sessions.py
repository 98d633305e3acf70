"""Refresh tokens by their hash, why a log-in ended and when it was seen, and who is live."""

from migrations.policies import APP, KEEPER, definer, run, unforced

revision = "0015"
down_revision = "0014"

REASONS = (
    "disabled",
    "password_changed",
    "reused",
    "revoked",
    "signed_out",
    "signed_out_elsewhere",
    "signed_out_everywhere",
)

LIVE_SIDS = """
create function workbench.live_sids(member uuid, inside uuid) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select l.sid from workbench_private.live l
    where coalesce(member, inside) is not null
        and (member is null or l.user_id = member)
        and (inside is null or l.tenant_id = inside)
$$
"""

OWN = "user_id = (select workbench.actor_user())"
SIGNING_IN = "(select workbench.platform_with('user:authenticate'))"
MANAGING = "(select workbench.platform_with('user:manage'))"


def upgrade() -> None:
    """Keep no refresh token, only what proves one; tokens that are out stay good."""
    run(
        "alter table workbench.logins add column last_seen_at timestamptz",
        "alter table workbench.logins add column ended_reason text",
        "alter table workbench.refresh_tokens add column hash text",
    )
    unforced("logins", "update workbench.logins set last_seen_at = created_at")
    unforced(
        "logins",
        "update workbench.logins set ended_reason = 'signed_out' where ended_at is not null",
    )
    # Until now a token's name was the id of its row.
    unforced(
        "refresh_tokens",
        "update workbench.refresh_tokens "
        "set hash = encode(sha256(convert_to(id::text, 'UTF8')), 'hex')",
    )
    reasons = ", ".join(f"'{reason}'" for reason in REASONS)
    run(
        "alter table workbench.logins alter column last_seen_at set default now()",
        "alter table workbench.logins alter column last_seen_at set not null",
        "alter table workbench.logins add constraint ck_logins_ended_reason "
        f"check (ended_reason in ({reasons}))",
        "alter table workbench.refresh_tokens alter column hash set not null",
        "create unique index uq_refresh_tokens_hash on workbench.refresh_tokens (hash)",
        f"alter policy reads on workbench.logins using ({OWN} or {SIGNING_IN} or {MANAGING})",
        f"alter policy updates on workbench.logins using ({OWN} or {SIGNING_IN} or {MANAGING}) "
        f"with check ({OWN} or {SIGNING_IN} or {MANAGING})",
        "alter policy inserts on workbench.passwords "
        f"with check ({OWN} or {MANAGING} or {SIGNING_IN})",
        LIVE_SIDS,
    )
    definer("workbench.live_sids(uuid, uuid)", KEEPER, APP)


def downgrade() -> None:
    """Know refresh tokens by their ids again; who holds a newer one signs in again."""
    run(
        "drop function workbench.live_sids(uuid, uuid)",
        f"alter policy inserts on workbench.passwords with check ({MANAGING})",
        f"alter policy updates on workbench.logins using ({OWN} or {SIGNING_IN}) "
        f"with check ({OWN} or {SIGNING_IN})",
        f"alter policy reads on workbench.logins using ({OWN} or {SIGNING_IN})",
        "drop index workbench.uq_refresh_tokens_hash",
        "alter table workbench.refresh_tokens drop column hash",
        "alter table workbench.logins drop column ended_reason, drop column last_seen_at",
    )
