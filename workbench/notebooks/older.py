"""The older form of a declaration: a property of JSON Schema. It is read as the kind that it is."""

from collections.abc import Mapping
from typing import Any

KINDS = {"string": "text", "array": "list"}
FORMATS = {"date": "date", "time": "time", "date-time": "datetime"}
WORDS = {
    "enum": "choices",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "least",
    "maxItems": "most",
    "uniqueItems": "unique",
    "items": "of",
}


def declared(rule: Any) -> Any:
    """A declaration with its kind; what has one already, or is no declaration, stays as it is."""
    if not isinstance(rule, Mapping) or "kind" in rule or not isinstance(rule.get("type"), str):
        return rule
    kept = {WORDS.get(word, word): value for word, value in rule.items()}
    type_, format_ = kept.pop("type"), kept.pop("format", None)
    kind = FORMATS.get(format_, KINDS.get(type_, type_))
    return kept | {"kind": "choice" if "choices" in kept else kind}


def with_items(rule: Any) -> Any:
    """A list whose items may be declared in the older form."""
    if isinstance(rule, Mapping) and "of" in rule:
        return {**rule, "of": declared(rule["of"])}
    return rule
