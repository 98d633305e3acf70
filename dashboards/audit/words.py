"""What entries of the audit tell, in plain words."""

import json
from typing import Any

NOUNS = {
    "access": "what somebody can reach",
    "artifact": "a file of a run",
    "audit": "the audit",
    "column": "a column",
    "dashboard": "a dashboard",
    "dataset": "a dataset",
    "export": "an archive of the company",
    "file": "a file",
    "grant": "a grant",
    "impersonation": "an operator's stay",
    "import": "an import",
    "invitation": "an invitation",
    "login": "a sign-in",
    "member": "a member",
    "notebook": "through a notebook",
    "password": "a password",
    "query": "a saved query",
    "reject": "refused rows",
    "report": "a report",
    "role": "a role",
    "row": "rows",
    "run": "a run",
    "schedule": "a schedule",
    "sql": "a statement",
    "subscription": "a subscription",
    "tenant": "the company",
    "token": "an API token",
    "upload": "an upload",
    "user": "a user",
}
VERBS = {
    "abandon": "gave up",
    "accept": "accepted",
    "add": "added",
    "aggregate": "counted or summed up",
    "begin": "began",
    "cancel": "cancelled",
    "change": "changed",
    "compare": "compared",
    "create": "made",
    "delete": "deleted",
    "disable": "disabled",
    "end": "ended",
    "enter": "entered",
    "expire": "let expire",
    "explain": "asked about",
    "export": "exported",
    "finish": "finished",
    "give": "gave",
    "keep": "kept",
    "leave": "left as",
    "make": "made",
    "pause": "paused",
    "preview": "looked at",
    "purge": "removed for good",
    "read": "read",
    "read_deleted": "read deleted",
    "release": "gave back",
    "remove": "removed",
    "renew": "sent again",
    "restore": "brought back",
    "resume": "resumed",
    "retry": "tried again",
    "revoke": "revoked",
    "run": "ran",
    "share": "shared",
    "start": "started",
    "suspend": "suspended",
    "take": "took away",
    "undo": "undid",
    "withdraw": "took back",
}
WHOLE = {
    "login.begin": "signed in",
    "login.end": "signed out",
    "login.refused": "was not let in",
    "login.reused": "used a sign-in twice, so it was ended",
    "member.leave": "left the company",
    "shell.enter": "opened a shell",
    "password.change": "changed the password",
}
SYSTEM = "system:"
MOST = 600  # characters of a value that the list carries


def did(action: str) -> str:
    """What an action is, such as `changed a member`."""
    name, is_refused = action.removesuffix(".refused"), action.endswith(".refused")
    if action in WHOLE:
        return WHOLE[action]
    noun, _, verb = name.partition(".")
    words = f"{VERBS.get(verb, verb.replace('_', ' '))} {NOUNS.get(noun, noun)}"
    return f"was refused: {words}" if is_refused else words


def who(subject: str, name: str) -> str:
    """Who acted; Workbench itself where a task did."""
    if subject.startswith(SYSTEM):
        return f"Workbench ({subject.removeprefix(SYSTEM)})"
    return name or f"Somebody ({subject[:8]})"


def changes(details: dict[str, Any]) -> list[list[str]]:
    """What an entry keeps of before and after: name, before, after."""
    if "was" in details and "role" in details:
        return [["role", written(details["was"]), written(details["role"])]]
    pairs = (value for value in details.values() if _is_pair(value))
    names = (name for name, value in details.items() if _is_pair(value))
    return [
        [name, written(pair["before"]), written(pair["after"])]
        for name, pair in zip(names, pairs, strict=True)
    ]


def rest(details: dict[str, Any]) -> list[list[str]]:
    """Everything else that an entry keeps, name and value."""
    shown = {"was", "role"} if {"was", "role"} <= set(details) else set()
    return [
        [name.replace("_", " "), written(value)]
        for name, value in details.items()
        if name not in shown and not _is_pair(value) and value not in (None, "", [], {})
    ]


def written(value: Any) -> str:
    """A value as it is read."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        text = ", ".join(value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST else f"{text[:MOST]}…"


def _is_pair(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"before", "after"}
