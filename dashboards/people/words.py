"""Grants, parts of datasets and explanations in plain words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.components.permission_words import words
from workbench.access.answers import Explanation, Part, Source

OPERATORS = {
    "eq": "is",
    "ne": "is not",
    "lt": "is less than",
    "le": "is at most",
    "gt": "is more than",
    "ge": "is at least",
}
MASKS = {
    "null": "left empty",
    "hash": "replaced by a code",
    "partial": "shown in part",
}
SHOWN_VALUES = 6
USUAL_OF = {
    "dataset:read": "see it",
    "row:read": "read rows",
    "row:export": "take rows along",
    "row:write": "change rows",
    "dashboard:read": "open it",
    "notebook:read": "see it",
    "run:read": "see its runs",
    "run:start": "run it",
}

# The same of one target, as a question asks it and as an answer says it.
OF_ONE = {
    "dataset:read": "see the dataset {name}",
    "row:read": "read rows of {name}",
    "row:export": "take rows of {name} along as a file",
    "row:write": "change rows of {name}",
    "dashboard:read": "open the dashboard {name}",
    "notebook:read": "see the notebook {name}",
    "run:read": "see runs of {name}",
    "run:start": "run {name}",
}


def condition(tree: Mapping[str, Any], *, is_inner: bool = False) -> str:
    """A filter in words, such as `origin is JFK and dep_delay is more than 10`."""
    for key, joint in (("all", " and "), ("any", " or ")):
        if key in tree:
            text = joint.join(condition(branch, is_inner=True) for branch in tree[key])
            return f"({text})" if is_inner and len(tree[key]) > 1 else text
    if "not" in tree:
        return _negated(tree["not"])
    column, op = tree["column"], tree["op"]
    if op == "is_null":
        return f"{column} has no value"
    if op == "in":
        return f"{column} is {_listed(tree['value'])}"
    return f"{column} {OPERATORS[op]} {_value(tree['value'])}"


def part(filter_: Mapping[str, Any] | None, masks: Mapping[str, str]) -> str:
    """Which part of a dataset a grant shows, in a sentence."""
    rows = f"Only rows where {condition(filter_)}" if filter_ else "Every row"
    hidden = [f"{column} {MASKS.get(mask, mask)}" for column, mask in sorted(masks.items())]
    return f"{rows}; {', '.join(hidden)}." if hidden else f"{rows}."


def allowed(permissions: Sequence[str]) -> str:
    """What a grant allows on its target."""
    return ", ".join(USUAL_OF.get(permission, permission) for permission in permissions)


def steps(found: Explanation) -> list[str]:
    """An explanation step by step: who is asked about, what gives it or is missing, the proof."""
    who = found.member.name
    held = [f"the role {found.member.role}", *(f"the role {r}" for r in found.member.roles)]
    lines = [f"{who} holds {' and '.join(held)}."]
    if found.member.state != "active":
        stopped = {"disabled": "was disabled", "suspended": "belongs to a suspended company"}
        lines.append(f"{who} {stopped[found.member.state]} and reaches nothing.")
    lines += [_source(source, found) for source in found.sources]
    lines += [_part(each, found) for each in found.parts]
    if not found.sources and not found.parts and found.member.state == "active":
        lines.append(f"No role and no grant lets {who} {_what(found)}.")
    if found.proof is not None:
        lines.append(f"PostgreSQL was asked as {who}, and answered {_answer(found.proof.answer)}.")
    return lines


def verdict(found: Explanation) -> str:
    """The answer in one sentence."""
    name, what = found.member.name, _what(found)
    if found.row is not None:
        seen = "sees" if found.allowed else "does not see"
        return f"{name} {seen} row {found.row} of {found.target}."
    if found.extent == "part":
        return f"In part: {name} may {what}, but sees some rows or columns only."
    return f"Yes: {name} may {what}." if found.allowed else f"No: {name} may not {what}."


def lower(text: str) -> str:
    """Words as they stand within a sentence."""
    return text[:1].lower() + text[1:]


def _what(found: Explanation) -> str:
    if found.target is not None and found.permission in OF_ONE:
        return OF_ONE[found.permission].format(name=found.target)
    return lower(words(found.permission))


def _source(source: Source, found: Explanation) -> str:
    if source.kind == "maker":
        return f"{found.member.name} made this dataset, and so may do everything with it."
    if source.kind == "grant":
        through = f" to the role {source.role}" if source.role else ""
        return f"It is shared with {found.member.name} by a grant{through}."
    own = "of Workbench" if source.kind == "system_role" else "of your company"
    return f"The role {source.role} {own} gives it."


def _part(each: Part, found: Explanation) -> str:
    through = f" to the role {each.role}" if each.role else ""
    text = f"A grant{through} shows a part of {found.target}: {part(each.filter, each.masks)}"
    if each.shows is None:
        return text
    return f"{text} The row is {'' if each.shows else 'not '}in it."


def _negated(tree: Mapping[str, Any]) -> str:
    if tree.get("op") == "is_null":
        return f"{tree['column']} has a value"
    if tree.get("op") == "in":
        return f"{tree['column']} is not {_listed(tree['value'])}"
    return f"not ({condition(tree)})"


def _listed(values: Sequence[Any]) -> str:
    shown = [_value(value) for value in values[:SHOWN_VALUES]]
    if (more := len(values) - len(shown)) > 0:
        return f"{', '.join(shown)} or one of {more} more"
    return f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0]


def _value(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def _answer(answer: bool | int | None) -> str:  # noqa: FBT001 (what PostgreSQL said)
    if answer is None or isinstance(answer, bool):
        return "yes" if answer else "no"
    return f"{answer:,} {'row' if answer == 1 else 'rows'}"
