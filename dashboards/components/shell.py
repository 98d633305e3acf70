"""The page around every dashboard: bar, navigation, account, colour scheme."""

from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboards import theme
from dashboards.components.face import Face

FILES = "/login/files"
LINKS = (("/dashboards/home", "Home"), ("/dashboards/flights", "Flights"))


def page(
    title: str, *main: Any, at: str, who: str = "", sidebar: tuple[Any, ...] = (), **options: Any
) -> pmui.Page:
    """Put the parts of a dashboard on a page; `at` is the dashboard's own path."""
    navigation = Face("navigation", links=LINKS, at=at, who=who)
    body = pn.Column(
        *main, sizing_mode="stretch_width", margin=0, css_classes=["body"], stylesheets=[BODY]
    )
    return pmui.Page(
        title="Workbench",
        meta_title=f"{title} · Workbench",
        logo=f"{FILES}/mark.svg",
        favicon=f"{FILES}/mark.svg",
        site_url="/dashboards/home",
        header=[navigation.pane],
        sidebar=list(sidebar),
        main=[body],
        main_width=1320,
        app_bar_width="100%",
        theme_config=theme.CONFIG,
        js_files={"visit": f"{FILES}/visit.js"},
        sx=theme.PAGE,
        busy_indicator="linear",
        **options,
    )


BODY = """
:host(.body) { padding: 24px; gap: 20px; box-sizing: border-box; }
@media (max-width: 600px) { :host(.body) { padding: 16px; gap: 14px; } }
"""
