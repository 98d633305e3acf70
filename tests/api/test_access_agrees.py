"""Whatever roles and grants somebody has: what is explained is what every door then shows."""

import asyncio
import os
from typing import Any
from uuid import UUID

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.api.conftest import MakeClient
from tests.conftest import MakeActor
from tests.support import people, samples
from workbench.actor import Actor
from workbench.datasets import commands, tables
from workbench.datasets.models import Definition
from workbench.db.ids import new_id
from workbench.db.session import Database
from workbench.permissions import Role
from workbench.storage import Storage
from workbench.tenants.models import Tenant

EXAMPLES = 150 if os.environ.get("WORKBENCH_PROVE") else 10
NAME = samples.TRIPS.name
VALUES: dict[str, list[Any]] = {
    "carrier": ["UA", "AA", "", "it's; --"],
    "dest": ["MIA", "BQN"],
    "delay": [-5, 0, 33],
    "distance": [719.5, 1089, 1e9],
    "cancelled": [True, False],
    "flown_on": ["2026-01-05", "2026-02-11"],
    "departed": ["2026-01-01T11:30:00Z", "2026-02-11T23:59:59+01:00"],
}
COLUMNS = st.sampled_from(sorted(VALUES))
COMPARISONS = COLUMNS.flatmap(
    lambda column: st.fixed_dictionaries(
        {
            "column": st.just(column),
            "op": st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]),
            "value": st.sampled_from(VALUES[column]),
        }
    )
)
CHOICES = COLUMNS.flatmap(
    lambda column: st.fixed_dictionaries(
        {
            "column": st.just(column),
            "op": st.just("in"),
            "value": st.lists(st.sampled_from(VALUES[column]), min_size=1, max_size=3),
        }
    )
)
NULLS = st.fixed_dictionaries({"column": COLUMNS, "op": st.just("is_null")})
FILTERS = st.recursive(
    st.one_of(COMPARISONS, CHOICES, NULLS),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=4,
)
GRANTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"holder": st.sampled_from(["member", "held", "not held"])},
    optional={
        "filter": FILTERS,
        "masks": st.dictionaries(
            st.sampled_from(["carrier", "dest"]), st.sampled_from(["null", "hash", "partial"])
        ),
    },
)


def holder_of(grant: Any) -> str:
    """Who has a grant; nobody has two on one target."""
    return str(grant["holder"])


WORLDS = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["guest", "guest", "guest", "viewer", "analyst"]),
        "held": st.sets(st.sampled_from(["sql:run", "row:read", "dataset:read"]), max_size=2),
        "grants": st.lists(GRANTS, max_size=3, unique_by=holder_of),
    }
)


async def build(owner: httpx.AsyncClient, member: str, world: dict[str, Any]) -> None:
    """Make the roles and grants of an example."""
    roles = {}
    for name in ("held", "not held"):
        order = {"name": f"r{new_id().hex}", "permissions": sorted(world["held"])}
        made = await owner.post("/api/v1/roles", json=order)
        assert made.status_code == 201, made.text
        roles[name] = made.json()["id"]
    given = await owner.put(f"/api/v1/roles/{roles['held']}/members/{member}")
    assert given.status_code == 204
    for grant in world["grants"]:
        part = {key: value for key, value in grant.items() if key != "holder"}
        chosen = grant["holder"]
        holder = {"member": member} if chosen == "member" else {"role": roles[chosen]}
        made = await owner.post("/api/v1/grants", json={"dataset": NAME} | holder | part)
        assert made.status_code == 201, made.text


async def seen(database: Database, client: httpx.AsyncClient, actor: Actor) -> dict[str, Any]:
    """The ids of the rows that each door shows; None where it is closed."""
    api = await client.get(f"/api/v1/datasets/{NAME}/rows")
    sql = await client.post("/api/v1/sql", json={"sql": f"select row_id from {NAME}"})
    statement = select(Definition.id).where(Definition.name == NAME)
    async with database.session(samples.SHARER) as session:
        definition_id = await session.scalar(statement)
    assert definition_id is not None
    view = tables.view(actor, Definition(id=definition_id, name=NAME, columns=[]))
    async with database.reading(actor) as session:
        reader = set(await session.scalars(select(view.c.row_id)))
    return {
        "api": {row["row_id"] for row in api.json()["items"]} if api.is_success else None,
        "sql": {row[0] for row in sql.json()["rows"]} if sql.is_success else None,
        "reader": reader,
        "rows": api.json()["items"] if api.is_success else [],
    }


def check_reach(told: dict[str, Any], found: dict[str, Any], rows: dict[int, Any]) -> None:
    """Compare the explanation of all that is reached with what was seen."""
    known = {dataset["name"]: dataset for dataset in told["datasets"]}
    trips = known.get(NAME, {"extent": "none", "rows": 0, "listed": False, "masked": []})
    held = {entry["permission"] for entry in told["permissions"] if entry["target"] is None}
    is_read = trips["extent"] != "none"
    assert trips["rows"] == len(found["reader"])
    assert (found["api"] is not None) is (trips["listed"] and is_read)
    assert (found["sql"] is not None) is (trips["listed"] and is_read and "sql:run" in held)
    assert found["api"] in (None, found["reader"])
    assert found["sql"] in (None, found["reader"])
    assert all(entry["sources"] for entry in told["permissions"])
    for row in found["rows"]:
        whole = rows[row["row_id"]]
        changed = {name for name, value in row.items() if value != whole[name]}
        assert changed <= set(trips["masked"])


async def check(
    database: Database,
    owner: httpx.AsyncClient,
    make_client: MakeClient,
    tenant_id: UUID,
    world: dict[str, Any],
) -> None:
    """Build an example and compare what is explained with what every door shows."""
    user = await people.make_user(database)
    member = await people.join(database, tenant_id, user.id, Role(world["role"]))
    await build(owner, str(member), world)
    rows = {
        row["row_id"]: row
        for row in (await owner.get(f"/api/v1/datasets/{NAME}/rows")).json()["items"]
    }
    assert len(rows) == 6
    told = (await owner.get(f"/api/v1/access/{member}")).json()
    actor = await people.admit(database, user.id, tenant_id)
    found = await seen(database, await make_client(actor), actor)
    check_reach(told, found, rows)
    for row_id in rows:
        asked = {"dataset": NAME, "row": row_id}
        answer = (await owner.get(f"/api/v1/access/{member}/explain", params=asked)).json()
        assert answer["allowed"] is (row_id in found["reader"])
        if answer["extent"] == "part":
            assert any(part["shows"] for part in answer["parts"]) is answer["allowed"]
        elif answer["allowed"]:
            assert answer["sources"]


async def test_what_is_explained_is_what_is_shown(
    database: Database,
    storage: Storage,
    tenant: Tenant,
    make_actor: MakeActor,
    make_client: MakeClient,
) -> None:
    """API, SQL and the reader show just the rows that the explanation counts and names."""
    await samples.shared(database, samples.TRIPS)
    await commands.adopt_shared(database, tenant.id)
    await samples.fill(database, storage, tenant.id, NAME, samples.TRIPS_CSV)
    owner = await make_client(await make_actor(tenant, Role.OWNER))
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(world=WORLDS)
    def run(world: dict[str, Any]) -> None:
        checked = check(database, owner, make_client, tenant.id, world)
        asyncio.run_coroutine_threadsafe(checked, loop).result(120)

    await asyncio.to_thread(run)
