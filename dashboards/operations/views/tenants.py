"""The tenants with what they use, and what can be done about each."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import panel as pn
import panel_material_ui as pmui

from dashboards.components import layout, numbers
from dashboards.components.face import Face
from dashboards.components.roster import Action, Cell, Column, Do, Roster, Row
from dashboards.operations import words
from dashboards.operations.store import Gone
from workbench.operations.schemas import RowsHeld, TenantUse

Make = Callable[[str, str], Awaitable[None]]
COLUMNS = (
    Column("Tenant"),
    Column("Members", is_number=True),
    Column("Rows", is_number=True),
    Column("Stored files"),
    Column("Runs today", is_number=True),
    Column("Last activity"),
)
FULL = 0.9  # of its quota; from then on somebody should look
NONE = ("No tenants yet", "Make the first with the form above; its members can then be invited.")
SUSPEND = Action(
    "suspend",
    "Suspend…",
    "Every member is signed out at once and nothing runs; all data is kept.",
    "Why? Its owners read it.",
    is_grave=True,
)
RESUME = Action("resume", "Let in again", "Its members may sign in again from this moment on.")
RESTORE = Action("restore", "Restore", "It comes back with all that it had.")
ROW = """
:host { flex-direction: row !important; flex-wrap: wrap; align-items: center; gap: 12px; }
"""
FORM = f"{ROW} :host {{ margin: 14px 0 4px; }}"
HEAD = """
:host { display: grid !important; grid-template-columns: minmax(0, 1fr) auto; gap: 12px; }
"""


class Tenants:
    """Who is here, with a form for a new one, and those that were deleted."""

    def __init__(self, on_do: Do, on_make: Make) -> None:
        """Make empty lists; what is done is passed on."""
        self._make = on_make
        self._head = Face(
            "chart_head", title="Who is here, and how much do they use?", note="Tenants by name"
        )
        self._open = _button("New tenant", "outlined", self._toggle, icon="add")
        self._name = _field("Name", "United Air Lines")
        self._slug = _field("Short name for addresses", "ua")
        save = _button("Make it", "contained", self._save)
        close = _button("Cancel", "text", self._toggle)
        self._form = layout.column(self._name, self._slug, save, close, css=FORM)
        self._form.visible = False
        self._said = Face("said", text="", is_wrong=False)
        self._roster = Roster.of("Tenants", COLUMNS, empty=NONE, on_do=on_do)
        self._gone = Roster.of(
            "Deleted tenants", (Column("Deleted"), Column("When")), empty=("", ""), on_do=on_do
        )
        self._gone_head = Face(
            "chart_head",
            title="Deleted tenants",
            note="They can be brought back until they are purged",
        )
        self._past = layout.card(self._gone_head.pane, self._gone)
        self._past.visible = False
        head = layout.column(self._head.pane, self._open, css=HEAD)
        card = layout.card(head, self._form, self._said.pane, self._roster)
        self.pane = layout.stack(card, self._past)

    def show(
        self, tenants: Sequence[TenantUse], rows: Mapping[UUID, RowsHeld], at: datetime
    ) -> None:
        """Show the tenants as they are now."""
        suspended = sum(tenant.suspended_at is not None for tenant in tenants)
        note = f"{len(tenants):,} tenants" + (f", {suspended:,} suspended" if suspended else "")
        self._head.show(title="Who is here, and how much do they use?", note=note)
        self._roster.fill([row(tenant, rows.get(tenant.id), at) for tenant in tenants])

    def show_gone(self, found: Sequence[Gone], at: datetime) -> None:
        """Show the tenants that can be brought back, where there are any."""
        self._past.visible = bool(found)
        self._gone.fill([_gone(each, at) for each in found])

    def say(self, text: str, *, is_wrong: bool = False) -> None:
        """Say how it went."""
        self._said.show(text=text, is_wrong=is_wrong)

    def close(self) -> None:
        """Put the form away, empty."""
        self._form.visible = False
        self._name.value = self._slug.value = ""

    def _toggle(self, *_events: object) -> None:
        with pn.io.hold():
            self.say("")
            self._form.visible = not self._form.visible

    async def _save(self, *_events: object) -> None:
        # What stands in a field reaches the server with each key, `value` only when it is left.
        name = (self._name.value_input or self._name.value or "").strip()
        slug = (self._slug.value_input or self._slug.value or "").strip()
        if not name or not slug:
            self.say("Give it a name and a short name first.", is_wrong=True)
            return
        await self._make(slug, name)


def row(tenant: TenantUse, held: RowsHeld | None, at: datetime) -> Row:
    """A tenant as the list shows it."""
    is_suspended = tenant.suspended_at is not None
    why = f"{tenant.slug}: {tenant.suspended_reason}" if tenant.suspended_reason else tenant.slug
    share = tenant.file_bytes / tenant.file_quota if tenant.file_quota else 1.0
    working = tenant.waiting + tenant.running
    return Row(
        tenant.slug,
        (
            Cell(
                tenant.name,
                note=why,
                chip="Suspended" if is_suspended else "",
                tone="broken" if is_suspended else "",
            ),
            Cell(numbers.count(tenant.members)),
            Cell(
                numbers.count(held.rows_held if held else 0),
                note=f"≈ {words.size(held.row_bytes)}" if held else "",
            ),
            Cell(
                f"{words.size(tenant.file_bytes)} of {words.size(tenant.file_quota)}",
                share=share,
                is_full=share > FULL,
            ),
            Cell(numbers.count(tenant.runs), note=_runs(tenant.failed, working)),
            Cell(numbers.ago(tenant.last_activity, at) if tenant.last_activity else "Never"),
        ),
        (RESUME,) if is_suspended else (SUSPEND,),
    )


def _runs(failed: int, working: int) -> str:
    parts = (f"{failed} failed" if failed else "", f"{working} under way" if working else "")
    return ", ".join(part for part in parts if part)


def _gone(each: Gone, at: datetime) -> Row:
    cells = (Cell(each.name, note=each.slug), Cell(numbers.ago(each.deleted, at)))
    return Row(str(each.id), cells, (RESTORE,))


def _button(label: str, variant: str, on_click: Any, **more: Any) -> pmui.Button:
    return pmui.Button(
        label=label, variant=variant, on_click=on_click, margin=0, size="small", **more
    )


def _field(label: str, example: str) -> pmui.TextInput:
    return pmui.TextInput(label=label, placeholder=example, size="small", margin=0, width=260)
