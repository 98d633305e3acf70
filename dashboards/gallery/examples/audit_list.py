"""The list of the audit in its states."""

from collections.abc import Callable
from typing import Any

from panel.viewable import Viewable

from dashboards.components.audit_list import AuditList
from dashboards.components.parts import Wish

ENTRY: dict[str, Any] = {
    "id": "1",
    "day": "Wednesday, 25 November 2026",
    "at": "09:30:00",
    "at_exact": "25 Nov 2026, 09:30:00.000000 UTC",
    "who": "Ada Lovelace",
    "email": "ada@acme.example",
    "subject": "0199a1c2-e4b8-7d10-a6e5-f3b2c1d0e9f8",
    "did": "changed a member",
    "action": "member.change",
    "target": "0199a1c2-e4b8-7d10-a6e5-f3b2c1d0e9f9",
    "on": "Grace Hopper",
    "short": "Grace Hopper",
    "rows": None,
    "run": "",
    "sid": "0199a1c2-e4b8-7d10-a6e5-f3b2c1d0e9fa",
    "changes": [["role", "viewer", "analyst"]],
    "details": [],
}
READ = ENTRY | {"id": "2", "did": "read rows", "action": "row.read", "rows": 50, "changes": []}


def _shown(**values: Any) -> Viewable:
    async def hear(_wish: Wish) -> None:
        """Leave it as it is."""

    return AuditList.of(hear, empty_text="Choose a longer period.", **values)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "with data": lambda: _shown(
        items=[ENTRY, READ], label="Entries 1–2", has_next=True, is_loading=False
    ),
    "empty": lambda: _shown(is_loading=False),
    "loading": _shown,
    "failed": lambda: _shown(said="Workbench did not answer in time.", is_loading=False),
}
