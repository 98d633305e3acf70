"""The page around every dashboard: bar, navigation, account, colour scheme."""

from pathlib import Path
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards import theme, upstream
from dashboards.components import layout
from dashboards.components.face import Face
from dashboards.visits import Visit

FILES = "/login/files"
TEMPLATE = Path(__file__).parent / "page.html"
LINKS = (("/dashboards/home", "Home"), ("/dashboards/flights", "Flights"))
BODY = """
:host { padding: 24px; gap: 20px; }
@media (max-width: 600px) { :host { padding: 16px; gap: 14px; } }
"""


class Shell:
    """A page with the bar that all dashboards share."""

    def __init__(self, visit: Visit, title: str, *main: Any, at: str, **options: Any) -> None:
        """Put the parts of a dashboard on a page; `at` is the dashboard's own path."""
        self._at = at
        self._navigation = Face("navigation", links=LINKS, at=at, who="")
        scheme = "dark" if visit.screen.is_dark else "default"
        pn.config.theme = scheme  # type: ignore[misc]  # of this visit; Panel resolves the setter
        self.page = pmui.Page(
            title="Workbench",
            meta_title=f"{title} · Workbench",
            logo=f"{FILES}/mark.svg",
            favicon=f"{FILES}/mark.svg",
            site_url="/dashboards/home",
            header=[self._navigation.pane],
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

    def greet(self, who: str) -> None:
        """Show who is signed in."""
        self._navigation.show(links=LINKS, at=self._at, who=who)
