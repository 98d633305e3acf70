"""Private datasets: two tenants call theirs alike, and neither learns of the other's."""

from uuid import uuid4

import pytest
from psycopg import sql

from tests.isolation.world import APP, LOGINS, READER, TENANT, Side, World, attempt
from workbench.datasets import commands
from workbench.datasets.sql_check import SqlRefused
from workbench.db import roles
from workbench.proof import catalogue
from workbench.proof.founding import PRIVATE

DENIED, UNKNOWN = "42501", "42P01"


def home(side: Side) -> str:
    """The schema of a tenant's private views."""
    return roles.tenant_login(side.tenant_id)


class TestSchemas:
    """The schemas that private views lie in."""

    def test_their_names_are_ids(self, world: World) -> None:
        """One for each tenant that has a private dataset; no name of anybody is in it."""
        found = catalogue.rows(
            world.superuser,
            "select nspname as name from pg_namespace where nspname ~ '^workbench_tenant_'",
        )
        assert {schema["name"] for schema in found} == {home(world.a), home(world.b)}

    def test_whose_they_are(self, world: World) -> None:
        """The application, the readers' login, the views' owner, and the tenant's own login."""
        for side in (world.a, world.b):
            found = catalogue.rows(
                world.superuser,
                "select rolname as name from pg_roles where rolname ~ '^workbench_' "
                "and has_schema_privilege(oid, %s, 'usage')",
                home(side),
            )
            assert {role["name"] for role in found} == {
                "workbench_app",
                "workbench_owner",
                "workbench_reader",
                "workbench_viewer",
                roles.tenant_login(side.tenant_id),
            }

    def test_whose_their_views_are(self, world: World) -> None:
        """No other tenant's login may select from one, nor the group that all logins are in."""
        views = catalogue.private_views(world.superuser)
        assert {view.schema for view in views} == {home(world.a), home(world.b)}
        query = "select has_table_privilege(%s, %s, 'select')"
        for view in views:
            for side in (world.a, world.b):
                login = roles.tenant_login(side.tenant_id)
                found = world.superuser.execute(query, [login, str(view)]).fetchone()
                assert found == (view.is_near(side.tenant_id),)
            group = world.superuser.execute(query, ["workbench_readers", str(view)]).fetchone()
            assert group == (False,)


class TestNames:
    """One name, and what it means to whom."""

    @pytest.mark.parametrize("login", LOGINS)
    def test_it_is_ones_own(self, world: World, login: str) -> None:
        """The same text shows each tenant its own rows of its own dataset."""
        for mine, other in ((world.a, world.b), (world.b, world.a)):
            with world.connect(login, mine) as connection:
                if login != TENANT:  # its own settings say so
                    connection.execute(f"set search_path = {home(mine)}, data, views")
                seen = attempt(connection, f"select * from {PRIVATE}")
                assert mine in seen
                assert other not in seen

    def test_a_kernel_cannot_name_anothers(self, world: World) -> None:
        """A guessed schema is refused; its own is not."""
        query = sql.SQL("select * from {}.{}")
        with world.connect(TENANT, world.a) as connection:
            for side, error in ((world.b, DENIED), (world.a, None)):
                name = sql.Identifier(home(side)), sql.Identifier(PRIVATE)
                assert attempt(connection, query.format(*name)).error == error

    @pytest.mark.parametrize("login", [APP, READER])
    def test_a_guessed_schema_shows_nothing_of_another(self, world: World, login: str) -> None:
        """Where the login is shared the policies decide: no row of B, whoever's view it is."""
        with world.connect(login, world.a) as connection:
            seen = attempt(connection, f"select * from {home(world.b)}.{PRIVATE}")
            assert world.b not in seen
            own = attempt(connection, f"select * from {home(world.a)}.{PRIVATE}")
            assert world.a in own

    async def test_ad_hoc_sql(self, world: World) -> None:
        """The plain name answers; a schema is refused, one's own as one that is guessed.

        No statement names B's, which A's audit would keep.
        """
        answer = await commands.run_sql(
            world.database, world.a.member, f"select a_text from {PRIVATE}"
        )
        assert [[f"of {world.a.mark}"]] == answer.rows
        for schema in (roles.tenant_login(uuid4()), home(world.a), "data", "private"):
            asked = f"select * from {schema}.{PRIVATE}"
            with pytest.raises(SqlRefused):
                await commands.run_sql(world.database, world.a.member, asked)


class TestCatalogue:
    """What definitions and columns tell."""

    @pytest.mark.parametrize("login", LOGINS)
    def test_definitions_are_each_tenants_own(self, world: World, login: str) -> None:
        """A private one of one's own is listed with its columns; another's is not."""
        schema = "workbench" if login == APP else "views"
        query = (
            f"select d.private_to, count(*) from {schema}.definitions d "
            f"join {schema}.columns c on c.definition_id = d.id "
            "where d.private_to is not null group by 1"
        )
        for mine in (world.a, world.b):
            with world.connect(login, mine) as connection:
                assert attempt(connection, query).rows == [(mine.tenant_id, 6)]

    def test_the_platform_sees_none(self, world: World) -> None:
        """The operator lists shared definitions alone."""
        token = world.database.key.mint(world.operator)
        with world.connect(APP, world.a, token) as connection:
            seen = attempt(connection, "select private_to from workbench.definitions")
            assert seen.rows
            assert {row[0] for row in seen.rows} == {None}

    def test_what_would_be_lost_is_not_anothers(self, world: World) -> None:
        """Values that a type would lose are shown of one's own rows, in one's own dataset."""
        query = "select value from workbench.lost_values(%s, 'a_text', 'integer', 20)"
        definitions = {
            row["private_to"]: row["id"]
            for row in catalogue.rows(
                world.superuser, "select private_to, id from workbench.definitions"
            )
        }
        with world.connect(APP, world.a) as connection:
            own = attempt(connection, query, definitions[world.a.tenant_id])
            assert own.rows == [(f"of {world.a.mark}",)]
            for side in (world.b,):
                seen = attempt(connection, query, definitions[side.tenant_id])
                assert side not in seen
