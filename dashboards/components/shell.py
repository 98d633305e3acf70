"""The page around every dashboard: bar, navigation, account, colour scheme."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import panel as pn
import panel_material_ui as pmui
import structlog

from dashboards import live, theme, upstream
from dashboards.components import layout
from dashboards.components.bell import Bell
from dashboards.components.confirm import Confirm
from dashboards.components.navigation import Navigation
from dashboards.components.shortcuts import Shortcuts
from dashboards.components.tenant_switcher import TenantSwitcher
from dashboards.components.toast import Toast
from dashboards.hearing import Kind
from dashboards.visits import Visit
from workbench.actor import Actor
from workbench.api import problems
from workbench.permissions import Permission

log = structlog.stdlib.get_logger(__name__)

FILES = "/login/files"
TEMPLATE = Path(__file__).parent / "page.html"
HOME = "/dashboards/home"
BODY = """
:host { padding: 24px; gap: 20px; }
@media (max-width: 600px) { :host { padding: 16px; gap: 14px; } }
"""


BAR = """
:host { flex-flow: row nowrap !important; align-items: center; gap: 8px; width: 100% !important; }
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A dashboard in the navigation."""

    path: str
    name: str
    note: str
    needs: Permission | None = None  # beside opening dashboards
    is_platforms: bool = False  # its operator's alone, who belongs to no tenant

    def is_open_to(self, actor: Actor) -> bool:
        """Whether the actor may open the dashboard."""
        if self.is_platforms:
            return actor.tenant_id is None and actor.may(Permission.PLATFORM_READ)
        if actor.tenant_id is None or (self.needs is not None and not actor.may(self.needs)):
            return False
        return actor.may(Permission.DASHBOARD_READ, self.path.rpartition("/")[2])


LINKS = (
    Link(
        "/dashboards/explore",
        "Explore",
        "Any question to any dataset, without SQL.",
    ),
    Link("/dashboards/sql", "SQL", "Ask the datasets a question of your own, and keep it."),
    Link(
        "/dashboards/files",
        "Files",
        "Bring a file, look at it, and load it into a dataset.",
    ),
    Link(
        "/dashboards/runs",
        "Runs",
        "Start notebooks, watch and compare their runs, and plan them.",
    ),
    Link(
        "/dashboards/flights",
        "Flights",
        "Delays, destinations, and every single flight.",
    ),
    Link(
        "/dashboards/performance",
        "Performance",
        "What runs measure, their budgets, and where the time goes.",
    ),
    Link(
        "/dashboards/operations",
        "Operations",
        "Tenants, queues, workers, mail and the database, as they are now.",
        is_platforms=True,
    ),
    Link("/dashboards/people", "People", "Members, roles, and what is shared with whom."),
    Link(
        "/dashboards/audit",
        "Audit",
        "Who did what, and proof that nobody changed it.",
        needs=Permission.AUDIT_READ,
    ),
    Link("/dashboards/gallery", "Gallery", "What dashboards are built of, in every state."),
)


def links(actor: Actor) -> list[Link]:
    """The dashboards besides the first that the actor may use."""
    return [link for link in LINKS if link.is_open_to(actor)]


class Shell:
    """A page with the bar that all dashboards share; `toast` tells and `confirm` asks for it."""

    def __init__(self, visit: Visit, title: str, *main: Any, at: str, **options: Any) -> None:
        """Put the parts of a dashboard on a page; `at` is the dashboard's own path."""
        self.toast = Toast()
        self.confirm = Confirm()
        self._visit = visit
        self._bell = Bell(visible=visit.actor.tenant_id is not None)
        self._switcher = TenantSwitcher()
        places = [(HOME, "Home"), *((link.path, link.name) for link in links(visit.actor))]
        self._navigation = Navigation.of(places, at)
        scheme = "dark" if visit.screen.is_dark else "default"
        pn.config.theme = scheme  # type: ignore[misc]  # of this visit; Panel resolves the setter
        self.page = pmui.Page(
            title="Workbench",
            meta_title=f"{title} · Workbench",
            logo=f"{FILES}/mark.svg",
            favicon=f"{FILES}/mark.svg",
            site_url=HOME,
            header=[self._bar()],
            main=[layout.column(*main, css=BODY)],
            main_width=1320,
            app_bar_width="100%",
            dark_theme=visit.screen.is_dark,
            theme_config=theme.CONFIG,
            template=TEMPLATE,
            sidebar_open=not visit.screen.is_narrow,
            busy_indicator=None,
            sx=theme.PAGE,
            **options,
        )

        upstream.release(self.page)
        live.follow(visit, {Kind.NOTICES: self.count})
        pn.state.onload(self.greet)
        pn.state.onload(self.count)

    async def greet(self) -> None:
        """Show who is signed in, and where."""
        await _tried(self._greet)

    async def count(self, *_events: object) -> None:
        """Show how much the visitor was told that is new."""
        await _tried(self._count)

    async def _greet(self) -> None:
        known = await self._visit.person()
        self._switcher.param.update(
            who=known.name,
            tenant=known.tenant,
            places=[{"slug": place.slug, "name": place.name} for place in known.places],
        )

    async def _count(self) -> None:
        self._bell.unread = await self._visit.unread()

    def _bar(self) -> pn.Column:
        told = (Shortcuts(), self.toast, self.confirm)
        return layout.column(self._navigation, self._bell, self._switcher, *told, css=BAR)


async def _tried(work: Callable[[], Awaitable[None]]) -> None:
    """Fill a part of the bar; where that fails, the page says so in its own place."""
    try:
        await work()
    except Exception as error:
        if problems.understood(error) is None:
            log.exception("a bar was not filled")
