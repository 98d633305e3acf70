"""A question about a member's access, and its answer step by step."""

from typing import Any, ClassVar

import param

from dashboards.components import parts
from dashboards.components.permission_words import WORDS
from dashboards.people import words
from dashboards.people.views.grants import SHARED
from dashboards.people.views.talking import Talking, script
from workbench.access.answers import Access, Explanation
from workbench.access.schemas import GRANTABLE

# Of a dataset, first whether its rows can be read: that is what people ask.
FIRST = "row:read"
QUESTIONS = {
    kind: sorted(
        ([p.value, words.USUAL_OF[p].capitalize()] for p in permissions),
        key=lambda question: question[0] != FIRST,
    )
    for kind, permissions in GRANTABLE.items()
} | {"": [[permission, text] for permission, text in WORDS.items()]}
EXTENT = {
    "whole": "sees all {rows} rows",
    "part": "sees {rows} rows, a part",
    "none": "sees no rows",
}


class Why(Talking):
    """The form that asks, and what was answered."""

    things = param.List(default=[], doc="What can be asked about.")
    members = param.List(default=[], doc="Members: e-mail address and name.")
    questions = param.Dict(default=QUESTIONS, constant=True, doc="What can be asked of each kind.")
    answer = param.Dict(default={}, doc="`title`, `tone`, `steps` and `proof` of the answer.")

    _esm = script("why.js")
    _stylesheets: ClassVar[list[str]] = [SHARED]

    @classmethod
    def of(cls, hear: parts.Hear) -> "Why":
        """Make the form; what can be chosen is on its way."""
        made = cls(sizing_mode="stretch_width")
        made.on_msg(parts.hearing(frozenset({"explain", "reach"}), hear))
        return made


def explained(found: Explanation) -> dict[str, Any]:
    """An explanation as the component shows it."""
    tone = "no" if not found.allowed else "part" if found.extent == "part" else "yes"
    return {
        "title": words.verdict(found),
        "tone": tone,
        "steps": words.steps(found),
        "proof": found.proof.statement if found.proof else "",
    }


def reached(found: Access) -> dict[str, Any]:
    """All that a member reaches as the component shows it."""
    everywhere = [held.permission for held in found.permissions if held.kind is None]
    may = ", ".join(words.lower(WORDS.get(each, each)) for each in everywhere)
    steps = [f"Everywhere: {may}." if may else "Nothing everywhere; only what is shared."]
    for dataset in found.datasets:
        text = EXTENT[dataset.extent].format(rows=f"{dataset.rows:,}")
        parts_ = " ".join(words.part(part.filter, part.masks) for part in dataset.parts)
        steps.append(f"Dataset {dataset.name}: {text}. {parts_}".strip())
    for name, reach in (("Dashboards", found.dashboards), ("Notebooks", found.notebooks)):
        which = "all of them" if reach.everywhere else ", ".join(reach.names) or "none"
        steps.append(f"{name}: {which}.")
    roles = " and ".join([found.member.role, *found.member.roles])
    title = f"{found.member.name} ({roles}) reaches"
    if found.member.state != "active":
        title = f"{found.member.name} is {found.member.state} and reaches nothing"
    return {"title": title, "tone": "yes", "steps": steps, "proof": ""}
