"""Forged, foreign, stale and absent tokens: none opens anything, and the right one does."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy import create_engine

from tests.isolation.test_verbs import owned, relations
from tests.isolation.world import APP, LOGINS, READER, TENANT, World, attempt, connect, tell
from workbench.actor import Actor
from workbench.db import schema
from workbench.db.isolation import ActorKey
from workbench.identity.tokens import Tokens
from workbench.permissions import Permission
from workbench.proof import catalogue, planting
from workbench.settings import Settings

DENIED = "42501"
ROWS = "select * from data.secrets"
OTHER_SECRET = "another secret, also long enough for a key"
ATTACKS = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def encode(part: Any) -> str:
    """One part of a JWT."""
    text = part if isinstance(part, str) else json.dumps(part)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def claims_of(token: str) -> dict[str, Any]:
    """What a token says."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def forgeries(world: World, login: str) -> dict[str, str]:
    """Tokens that are almost that of A, or that of B, but that PostgreSQL must not take."""
    good = world.token(login, world.a)
    return {
        **_misshapen(good),
        **_with_other_headers(world, good),
        **_with_other_claims(world, good),
        **_of_others(world),
    }


def _misshapen(good: str) -> dict[str, str]:
    head, body, signature = good.split(".")
    return {
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.{signature}",
        "a cut signature": good[:-1],
        "a padded signature": f"{good}=",
        "a signature in standard base64": good.replace("-", "+").replace("_", "/") + " ",
        "a space before": f" {good}",
        "a line feed after": f"{good}\n",
        "lower case": good.lower(),
        "upper case": good.upper(),
        "words": "workbench",
        "dots": "..",
        "unicode": "ключ.ключ.ключ",
        "a full-width dot": good.replace(".", "．"),  # noqa: RUF001 (that is the attack)
        "a megabyte": "A" * 1_000_000,
        "a megabyte of dots": "." * 1_000_000,
        "deep JSON": f"{head}.{encode('[' * 5000 + ']' * 5000)}.{signature}",
        "SQL": "'; select workbench.tenant_with('row:read'); --",
    }


def _with_other_headers(world: World, good: str) -> dict[str, str]:
    key = world.database.key
    _, body, signature = good.split(".")
    claims, kid = claims_of(good), {"kid": key.kid}

    def signed(headers: dict[str, Any], secret: bytes = key.key, algorithm: str = "HS256") -> str:
        return jwt.encode(claims, secret, algorithm=algorithm, headers=headers)

    none = encode({"alg": "none", **kid})
    return {
        "none": f"{none}.{body}.",
        "none with a signature": f"{none}.{body}.{signature}",
        "another key under our name": signed(kid, b"x" * 32),
        "an empty key": jwt.encode(claims, "", algorithm="none", headers=kid),
        "HS512": signed(kid, key.key * 2, "HS512"),
        "a longer header": signed(kid | {"crit": ["exp"]}),
        "no kid": jwt.encode(claims, key.key, algorithm="HS256"),
        "a kid of SQL": signed({"kid": "' or true --"}),
        "a kid of a path": signed({"kid": "../../dev/null"}),
    }


def _with_other_claims(world: World, good: str) -> dict[str, str]:
    key, member = world.database.key, world.a.member
    head, _, signature = good.split(".")
    claims = claims_of(good)
    timeless = {name: value for name, value in claims.items() if name != "exp"}

    def signed(**changed: Any) -> str:
        payload = claims | changed
        return jwt.encode(payload, key.key, algorithm="HS256", headers={"kid": key.kid})

    return {
        "payload of another tenant": f"{head}.{encode(claims | {'tid': world.b.mark})}.{signature}",
        "payload that lives longer": f"{head}.{encode(claims | {'exp': 10**11})}.{signature}",
        "another audience": signed(aud="access"),
        "a list of audiences": signed(aud=["database"]),
        "expired": key.mint(member, lifetime=timedelta(seconds=-1)),
        "expired just now": signed(exp=int(time.time())),
        "no expiry": jwt.encode(timeless, key.key, headers={"kid": key.kid}),
        "our login in another tenant": signed(
            sub=str(member.user_id), sid=str(member.sid), tid=world.b.mark
        ),
        "nobody": signed(sub=None),
    }


def _of_others(world: World) -> dict[str, str]:
    id_ = world.a.tenant_id
    unknown = Actor.of_user(id_, sid=id_, tenant_id=id_, permissions=Permission)
    api = Tokens((world.database.key.secret,))
    return {
        "another key": ActorKey(OTHER_SECRET).mint(world.a.member),
        "a user who is not live": world.database.key.mint(unknown),
        "an access token of the API": api.access(id_, id_, id_, datetime.now(UTC)),
        "a refresh token of the API": api.refresh("a name", id_, id_, id_, datetime.now(UTC)),
    }


class TestForged:
    """Tokens that PostgreSQL never made friends with (R9)."""

    @pytest.mark.parametrize("login", LOGINS)
    def test_every_forgery_is_refused(self, world: World, login: str) -> None:
        """No forgery shows a row, of A or of B; the token that they were made of does."""
        with world.connect(login, world.a) as connection:
            for name, token in forgeries(world, login).items():
                tell(connection, token)
                assert attempt(connection, ROWS).error in (DENIED, "22P02", "54001"), name
                asked = attempt(connection, "select workbench.tenant_with('row:read')")
                assert asked.error is not None, name
            tell(connection, world.token(login, world.a))
            assert world.a in attempt(connection, ROWS)

    def test_a_forgery_opens_no_table(self, world: World) -> None:
        """Another key's token is refused by every table and view that there is."""
        forged = ActorKey(OTHER_SECRET).mint(world.a.system)
        with world.connect(APP, world.a, forged) as connection:
            for relation in relations(world, APP, world.a):
                seen = attempt(connection, sql.SQL("select * from {}").format(relation.sql))
                assert seen.error == DENIED, str(relation)

    def test_nul_cannot_be_said(self, world: World) -> None:
        """A token with a NUL never reaches PostgreSQL, and the one before it still holds."""
        with world.connect(READER, world.a) as connection:
            with pytest.raises(psycopg.DataError, match="NUL"):
                tell(connection, "a\0b")
            assert world.a in attempt(connection, ROWS)

    def test_mutations(self, world: World) -> None:
        """Of thousands of neighbours of a valid token none is valid but itself."""
        with world.connect(READER, world.a) as connection:
            good = world.token(READER, world.a)

            @ATTACKS
            @given(st.data())
            def attack(data: st.DataObject) -> None:
                start = data.draw(st.integers(0, len(good)))
                end = data.draw(st.integers(start, min(start + 3, len(good))))
                letters = st.characters(codec="utf-8", exclude_characters="\0")
                token = good[:start] + data.draw(st.text(letters, max_size=3)) + good[end:]
                tell(connection, token)
                seen = attempt(connection, ROWS)
                assert (seen.error is None) == (token in {good, ""})

            attack()
            tell(connection, good)
            assert world.a in attempt(connection, ROWS)


class TestForeign:
    """Tokens that are valid for somebody else."""

    def test_a_tenants_login_takes_its_own_tokens_only(self, world: World) -> None:
        """B's member is refused on A's login, and welcome on B's own (R15d)."""
        token = world.token(TENANT, world.b)
        with world.connect(TENANT, world.a, token) as connection:
            assert attempt(connection, ROWS).error == DENIED
        with world.connect(TENANT, world.b, token) as connection:
            assert world.b in attempt(connection, ROWS)

    def test_a_tenants_login_takes_no_system_token(self, world: World) -> None:
        """A task's token, which needs no live login, is the application's alone."""
        token = world.database.key.mint(world.a.system)
        with world.connect(TENANT, world.a, token) as connection:
            assert attempt(connection, ROWS).error == DENIED
        with world.connect(APP, world.a, token) as connection:
            assert world.a in attempt(connection, ROWS)

    def test_a_token_narrows(self, world: World) -> None:
        """A token that names fewer permissions than its user holds has just those."""
        narrow = world.a.member.narrowed([Permission.RUN_READ])
        with world.connect(READER, world.a, world.database.key.mint(narrow)) as connection:
            assert attempt(connection, ROWS).rows == []
            assert world.a in attempt(connection, "select * from views.runs")

    def test_a_token_does_not_widen(self, world: World) -> None:
        """Permissions that the user does not hold are worth nothing, whatever the token says."""
        wide = Actor.of_user(
            world.a.member.user_id or world.a.tenant_id,
            sid=world.a.member.sid or world.a.tenant_id,
            tenant_id=world.a.tenant_id,
            permissions=Permission,
        )
        ask = "select workbench.tenant_with(%s) is not null"
        with world.connect(APP, world.a, world.database.key.mint(wide)) as connection:
            for permission in Permission:
                seen = attempt(connection, ask, permission)
                assert seen.rows == [(world.a.member.may(permission),)], permission


class TestAbsent:
    """No token, no rows (R7, R8)."""

    @pytest.mark.parametrize("login", LOGINS)
    def test_nothing_is_shown(self, world: World, login: str) -> None:
        """A new connection, and one whose transaction has ended, see no row anywhere."""
        with connect(world.url(login, world.a)) as connection:
            for _ in range(2):
                for relation in relations(world, login, world.a):
                    seen = attempt(connection, sql.SQL("select * from {}").format(relation.sql))
                    assert (seen.error, seen.count) == (None, 0), str(relation)
                with connection.transaction():
                    connection.execute(
                        "select set_config('workbench.actor_token', %s, true)",
                        [world.token(login, world.a)],
                    )
                    assert world.a in attempt(connection, ROWS)
                left = connection.execute("select current_setting('workbench.actor_token')")
                assert left.fetchone() == ("",)

    def test_nothing_is_written(self, world: World) -> None:
        """Without a token every INSERT is refused, and UPDATE and DELETE find nothing."""
        with connect(world.url(APP, world.a)) as connection:
            for table in catalogue.tenant_tables(world.superuser):
                row = world.a.planted[str(table)]
                assert attempt(connection, *_insertion(table, row)).error == DENIED, str(table)
                for form in ("update {} set tenant_id = tenant_id", "delete from {}"):
                    seen = attempt(connection, sql.SQL(form).format(table.sql))
                    assert seen.error == DENIED or seen.count == 0, str(table)

    @pytest.mark.parametrize("login", LOGINS)
    @pytest.mark.parametrize(
        "name",
        ["app.tenant", "app.tenant_id", "workbench.tenant_id", "workbench.tenant", "role.id"],
    )
    def test_plain_settings_open_nothing(self, world: World, login: str, name: str) -> None:
        """Any other setting is just a setting (R9, R36)."""
        with world.connect(login, world.a) as connection:
            connection.execute("select set_config(%s, %s, false)", [name, world.b.mark])
            for relation in relations(world, login, world.a):
                seen = attempt(connection, sql.SQL("select * from {}").format(relation.sql))
                assert world.b not in seen, str(relation)
                assert world.a in seen or not owned(relation), str(relation)


class TestHidden:
    """A token that changes in the middle of a statement (R10)."""

    FORMS = (
        "select {set}, s.* from data.secrets s",
        "select s.* from (select {set}) c, data.secrets s",
        "with c as materialized (select {set} v) select s.* from c, data.secrets s",
        "select * from data.secrets s where {set} > ''",
        "select (select json_agg(s) from data.secrets s), {set}",
    )

    @pytest.mark.parametrize("form", FORMS)
    def test_a_token_of_another_tenant_needs_its_signature(self, world: World, form: str) -> None:
        """Changing the setting inside a statement shows no more than its signature is worth."""
        forged = ActorKey(OTHER_SECRET).mint(world.b.system)
        with world.connect(READER, world.a) as connection:
            change = sql.SQL("set_config('workbench.actor_token', {}, false)").format(forged)
            query = sql.SQL(form).format(set=change)
            seen = attempt(connection, query)
            assert world.b not in seen
            assert world.a in attempt(connection, ROWS)

    @pytest.mark.parametrize("level", ["repeatable read", "serializable"])
    def test_a_frozen_snapshot_is_refused(self, world: World, level: str) -> None:
        """Where a revocation could not be seen no token is worth anything (R15c)."""
        with world.connect(READER, world.a) as connection:
            connection.execute(
                sql.SQL("set default_transaction_isolation = {}").format(sql.Literal(level))
            )
            assert attempt(connection, ROWS).error == DENIED
            connection.execute("set default_transaction_isolation = 'read committed'")
            assert world.a in attempt(connection, ROWS)


class TestRoles:
    """Leaving one's role, and switching policies off (R11, R12, R16, R17)."""

    @pytest.mark.parametrize("login", LOGINS)
    def test_no_other_role_can_be_taken(self, world: World, login: str) -> None:
        """RESET ROLE leads nowhere, and of all roles only readers' own group can be taken."""
        reachable = {"workbench_readers"} if login != APP else set()
        with world.connect(login, world.a) as connection:
            own = str(world.url(login, world.a).username)
            for found in catalogue.rows(world.superuser, "select rolname as name from pg_roles"):
                if found["name"] in reachable | {own}:
                    continue
                for form in ("set role {}", "set session authorization {}"):
                    query = sql.SQL(form).format(sql.Identifier(found["name"]))
                    assert attempt(connection, query).error == DENIED, found
            connection.execute("reset role")
            seen = attempt(connection, ROWS)
            assert world.a in seen
            assert world.b not in seen

    @pytest.mark.parametrize("login", LOGINS)
    def test_row_security_cannot_be_switched_off(self, world: World, login: str) -> None:
        """With row_security off a query raises, since it would have to show everything (R12)."""
        with world.connect(login, world.a) as connection:
            connection.execute("set row_security = off")
            for relation in relations(world, login, world.a):
                seen = attempt(connection, sql.SQL("select * from {}").format(relation.sql))
                assert seen.error == DENIED, str(relation)
            connection.execute("set row_security = on")
            assert world.a in attempt(connection, ROWS)

    def test_the_owner_of_the_tables_is_bound(self, world: World) -> None:
        """The owner sees no row without a token, and with A's none of B (R2)."""
        with connect(world.owner) as connection:
            for table in catalogue.tenant_tables(world.superuser):
                query = sql.SQL("select * from {}").format(table.sql)
                assert attempt(connection, query).count == 0, str(table)
            tell(connection, world.token(APP, world.a))
            for table in catalogue.tenant_tables(world.superuser):
                query = sql.SQL("select * from {}").format(table.sql)
                assert world.b not in attempt(connection, query), str(table)
            assert attempt(connection, "select * from workbench.definitions").count > 0


class TestKeys:
    """Which keys PostgreSQL accepts."""

    def test_rotation(self, world: World, settings: Settings) -> None:
        """Two installed keys both count; one that was taken away counts no more."""
        old, new = settings.secret_keys[0], OTHER_SECRET
        tokens = {secret: ActorKey(secret).mint(world.a.system) for secret in (old, new)}
        engine = create_engine(world.owner)
        for installed in ((old,), (new, old), (new,), (old,)):
            with engine.begin() as connection:
                schema.install_keys(connection, installed)
            for secret, token in tokens.items():
                with world.connect(APP, world.a, token) as attacker:
                    seen = attempt(attacker, ROWS)
                    assert (world.a in seen) == (secret in installed)
                    assert seen.error == (None if secret in installed else DENIED)
        engine.dispose()


def _insertion(table: catalogue.Relation, row: dict[str, Any]) -> tuple[Any, ...]:
    return (planting.insert(table, row), *row.values())
