"""What components hear, and the words and examples that they are shown with."""

from types import SimpleNamespace

import pytest

from dashboards.components import parts, permission_words
from dashboards.components.parts import Wish
from dashboards.gallery.examples import audit_list, permission_matrix
from workbench.permissions import ROLES, Role


async def test_wishes_are_heard_as_far_as_they_are_known() -> None:
    """Unknown kinds are left unheard; what is no id, no text or no form is nothing."""
    heard: list[Wish] = []

    async def hear(wish: Wish) -> None:
        heard.append(wish)

    listen = parts.hearing(frozenset({"search"}), hear)
    for data in (
        "text",
        {"kind": "drop"},
        {"kind": ["search"]},
        {"kind": "search", "value": "a\0\ud800b", "form": {"x": ["\0y", 1]}},
        {"kind": "search", "id": "no id", "value": 7, "form": []},
    ):
        await listen(SimpleNamespace(data=data))

    assert heard == [Wish("search", value="a?b", form={"x": ["y", 1]}), Wish("search")]


def test_every_permission_of_a_tenant_has_words() -> None:
    """The matrix shows each permission that a role of a tenant can hold."""
    assert {*permission_words.WORDS} == ROLES[Role.OWNER]
    assert permission_words.words("no:such") == "no:such"


@pytest.mark.parametrize("module", [audit_list, permission_matrix])
def test_each_state_can_be_made(module: SimpleNamespace) -> None:
    """The gallery's examples are components, with data and on their way among them."""
    assert {"with data", "loading"} <= set(module.EXAMPLES)
    assert len({id(make()) for make in module.EXAMPLES.values()}) == len(module.EXAMPLES)
