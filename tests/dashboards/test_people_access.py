"""Sharing single things, roles, explanations, and what is one's own, as the visitor."""

from typing import Any

import pytest

from dashboards.people import words
from dashboards.people.store import access, grants
from dashboards.people.store.access import AccessStore
from dashboards.people.store.grants import Column, GrantStore, Thing
from dashboards.people.store.own import OwnStore
from dashboards.people.store.roles import RoleStore
from dashboards.people.views import own, why
from tests.conftest import MakeActor
from tests.dashboards.test_people_store import visit_of
from tests.support import flights, granting, people
from workbench.access.commands import OwnRole
from workbench.access.schemas import Part
from workbench.actor import Actor
from workbench.db.session import Database
from workbench.errors import Forbidden, Invalid, NotFound
from workbench.identity import queries as identity
from workbench.identity.models import User
from workbench.permissions import PERSONAL, Permission, Role
from workbench.tenants.models import Tenant

FLIGHTS = Thing(
    "dataset",
    "flights",
    "Flights",
    [Column("origin", "text"), Column("dep_delay", "number"), Column("diverted", "boolean")],
)


def form(**given: Any) -> dict[str, Any]:
    """A form that shares flights, as a browser sends it."""
    return {"kind": "dataset", "name": "flights", "email": "a@b.example"} | given


@pytest.mark.acts_as("owner")
async def test_a_part_is_shared_explained_and_taken_back(
    database: Database, actor: Actor, tenant: Tenant, other_tenant: Tenant
) -> None:
    """A guest is given a part, the page says which and why, and then he has nothing."""
    await flights.load(database, tenant.id, "UA", 40)
    user_id, _ = await granting.guest(database, tenant.id)
    async with database.session(actor) as session:
        email = next(iter(await session.scalars(identity.myself(actor)))).email
        guest = await session.get_one(User, user_id)
    store, asking = GrantStore(visit_of(database, actor)), AccessStore(visit_of(database, actor))
    conditions = [{"column": "origin", "op": "eq", "value": "JFK"}]
    asked = {"email": guest.email, "permission": "row:read", "kind": "dataset", "name": "flights"}
    things = (await store.shelves()).things
    assert {thing.kind for thing in things} == {"dataset", "notebook"}

    no = await asking.explain(access.read(asked))
    assert why.explained(no)["tone"] == "no"
    assert words.steps(no)[1].startswith("No role and no grant lets")
    new = form(email=guest.email, conditions=conditions, masks={"tailnum": "hash"})
    await store.create(grants.read(new, things))
    (granted,), more = await store.page(None)
    assert (granted.email, granted.target, more) == (guest.email, "flights", None)
    assert words.part(granted.filter, granted.masks) == (
        "Only rows where origin is JFK; tailnum replaced by a code."
    )
    seen = sum(row["origin"] == "JFK" for row in flights.sample("UA", 40))
    part = await asking.explain(access.read(asked))
    assert words.steps(part)[-1] == f"PostgreSQL was asked as A person, and answered {seen} rows."
    assert "In part: A person may read rows of flights" in words.verdict(part)
    reached = why.reached(await asking.reach(guest.email))
    assert any(f"Dataset flights: sees {seen} rows, a part" in step for step in reached["steps"])

    await store.revoke(granted.id)
    assert await store.page(None) == ([], None)
    with pytest.raises(OwnRole):
        await store.create(grants.read(form(email=email), things))
    stranger = await people.make_user(database)
    await people.join(database, other_tenant.id, stranger.id, Role.VIEWER)
    for unknown in (stranger.email, ""):
        with pytest.raises(NotFound):
            await asking.explain(access.read(asked | {"email": unknown}))


async def test_who_looks_changes_nothing(
    database: Database, tenant: Tenant, make_actor: MakeActor
) -> None:
    """Without the right, roles and grants are shown at most; without any, not even that."""
    viewer = await make_actor(tenant, Role.VIEWER)
    owner = await make_actor(tenant, Role.OWNER)
    reader = owner.narrowed({Permission.MEMBER_READ, Permission.DATASET_READ})
    looking, roles = GrantStore(visit_of(database, reader)), RoleStore(visit_of(database, reader))

    assert await looking.page(None) == ([], None)
    assert [role.name for role in await roles.roles()][:2] == ["guest", "viewer"]
    deeds = (
        roles.create("desk", ""),
        looking.create(grants.read(form(), [FLIGHTS])),
        AccessStore(visit_of(database, reader)).reach(""),
        GrantStore(visit_of(database, viewer)).page(None),
        RoleStore(visit_of(database, viewer)).roles(),
        AccessStore(visit_of(database, viewer)).reach("a@b.example"),
    )
    for deed in deeds:
        with pytest.raises((Forbidden, NotFound)):
            await deed


@pytest.mark.acts_as("owner")
async def test_boxes_are_ticked(database: Database, actor: Actor) -> None:
    """A role is made, allows what is ticked, and is deleted; what no tenant gives is refused."""
    store = RoleStore(visit_of(database, actor))
    await store.create("desk", "The desk")
    with pytest.raises(Invalid, match="small letters"):
        await store.create("The Desk", "")
    role = next(role for role in await store.roles() if role.id is not None)
    assert role.id is not None

    await store.hold(role.id, "sql:run", is_held=True)
    await store.hold(role.id, "audit:read", is_held=True)
    await store.hold(role.id, "sql:run", is_held=False)
    assert (await store.roles())[-1].permissions == {"audit:read"}
    for wrong in ("user:manage", "nothing:at-all"):
        with pytest.raises(Invalid):
            await store.hold(role.id, wrong, is_held=True)
    await store.delete(role.id)
    assert all(role.id is None for role in await store.roles())


@pytest.mark.acts_as("engineer")
async def test_ones_own_is_ended(database: Database, actor: Actor) -> None:
    """Sign-ins elsewhere and tokens are listed and ended; those of others are not there."""
    assert actor.user_id is not None
    elsewhere = await people.admit(database, actor.user_id, actor.tenant_id, device="Firefox/1")
    store = OwnStore(visit_of(database, actor))
    assert elsewhere.sid is not None

    assert [s.is_here for s in await store.sign_ins()] == [False, True]
    await store.sign_out(elsewhere.sid)
    await people.admit(database, actor.user_id, actor.tenant_id)
    await store.sign_out_elsewhere()
    assert [s.is_here for s in await store.sign_ins()] == [True]

    text = await store.make_token("nightly", ["sql:run"], 30)
    (token,) = await store.tokens()
    assert (token.name, token.is_live, token.is_own) == ("nightly", True, True)
    assert text.startswith(token.prefix)
    assert not {*store.scope} & PERSONAL
    with pytest.raises(Invalid):
        await store.make_token("nightly", ["no:such"], 30)
    await store.revoke(token.id)
    assert await store.tokens() == []
    with pytest.raises(NotFound):
        await store.sign_out((await people.make_user(database)).id)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "nothing"}, "Choose what to share"),
        ({"email": ""}, "Choose a role, or a member"),
        ({"role": "no id"}, "Choose a role"),
        ({"conditions": [{"column": "x", "op": "eq", "value": "1"}]}, "Choose a column"),
        ({"conditions": [{"column": "dep_delay", "op": "lt", "value": "far"}]}, "finite number"),
        ({"conditions": [{"column": "diverted", "op": "eq", "value": "maybe"}]}, "true or false"),
        ({"conditions": [{"column": "origin", "op": "in", "value": " , "}]}, "a text"),
        ({"conditions": [{"column": "origin", "op": "like", "value": "J%"}]}, "check it"),
        ({"conditions": [{}] * 21}, "At most 20"),
        ({"masks": {"origin": "upside down"}}, "check it"),
    ],
)
def test_a_form_says_what_is_missing(given: dict[str, Any], said: str) -> None:
    """Whatever a browser sends, the refusal says what to do."""
    with pytest.raises(Invalid, match=said):
        grants.read(form(**given), [FLIGHTS])


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        ([("origin", "in", "JFK, LGA")], "origin is JFK or LGA"),
        ([("origin", "is_null", "")], "origin has no value"),
        ([("origin", "has_value", "")], "origin has a value"),
        (
            [("dep_delay", "ge", "15"), ("diverted", "eq", "false")],
            "dep_delay is at least 15 or diverted is false",
        ),
    ],
)
def test_a_filter_reads_as_it_is_meant(conditions: list[tuple[str, ...]], text: str) -> None:
    """Conditions of the form become a filter, and the filter becomes words."""
    given = [dict(zip(("column", "op", "value"), each, strict=True)) for each in conditions]
    part = grants.read_part(form(conditions=given, join="any"), FLIGHTS)

    assert words.part(part.tree, part.masks) == f"Only rows where {text}."
    assert words.part(None, {}) == "Every row."
    deep = Part.model_validate(
        {"filter": {"all": [{"not": part.tree}, {"any": [part.tree, part.tree]}]}}
    )
    assert deep.tree is not None
    assert " and (" in words.condition(deep.tree)


def test_browsers_are_called_by_name() -> None:
    """People know their browser, not what it sends."""
    agent = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36"
    assert own.device(agent) == "Chrome on Linux"
    assert own.device("") == "A program without a name"
