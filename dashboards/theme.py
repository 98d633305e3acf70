"""The look: colours, type and shapes of every dashboard, light and dark."""

import logging
from typing import Any

import panel as pn

INK = {"light": "#17212b", "dark": "#e8edf1"}
SOFT = {"light": "#52606c", "dark": "#a3b0bb"}
EDGE = {"light": "#e1e6e8", "dark": "#2a343d"}
GROUND = {"light": "#f4f6f7", "dark": "#0f1418"}
CARD = {"light": "#ffffff", "dark": "#182027"}
PRIMARY = {"light": "#0f766e", "dark": "#2fb5a6"}
ON_PRIMARY = {"light": "#ffffff", "dark": "#06211e"}
BAR = "#16202a"  # dark in both schemes, so that the page begins below it
FONT = 'Roboto, "Segoe UI", system-ui, sans-serif'

# After Okabe and Ito, told apart by people with any of the common kinds of colour blindness.
SERIES = {
    "light": ["#0f766e", "#d55e00", "#0072b2", "#cc79a7", "#8a6d00"],
    "dark": ["#2fb5a6", "#f28e3c", "#56b4e9", "#e3a1c6", "#e6c34a"],
}
# From little to much; its lightness changes steadily, so that it reads in grey as well.
SCALE = {
    "light": ["#eef5f4", "#f7e3b5", "#f0a860", "#d55e00", "#7a2e05"],
    "dark": ["#1f2b31", "#5a4632", "#a4622a", "#ea8a3a", "#ffd9a0"],
}


def name(*, dark: bool) -> str:
    """The name of a colour scheme."""
    return "dark" if dark else "light"


def _scheme(mode: str) -> dict[str, Any]:
    return {
        "palette": {
            "primary": {"main": PRIMARY[mode], "contrastText": ON_PRIMARY[mode]},
            "secondary": {"main": SERIES[mode][1]},
            "background": {"default": GROUND[mode], "paper": CARD[mode]},
            "text": {"primary": INK[mode], "secondary": SOFT[mode]},
            "divider": EDGE[mode],
        },
        "shape": {"borderRadius": 10},
        "typography": {
            "fontFamily": FONT,
            "fontSize": 14,
            "h1": {"fontSize": "1.75rem", "fontWeight": 600, "letterSpacing": "-0.01em"},
            "h2": {"fontSize": "1.25rem", "fontWeight": 600},
            "h3": {"fontSize": "1.0625rem", "fontWeight": 600},
            "button": {"textTransform": "none", "fontWeight": 600},
        },
    }


CONFIG: dict[str, Any] = {"light": _scheme("light"), "dark": _scheme("dark")}

# The page of the library paints its bar in the primary colour and its ground like a card.
PAGE = {
    "& .header.MuiAppBar-root": {
        "backgroundColor": BAR,
        "backgroundImage": "none",
        "color": "#ffffff",
        "boxShadow": "none",
        "borderBottom": "1px solid",
        "borderColor": BAR,
    },
    "& .header .title": {
        "color": "#ffffff !important",
        "fontSize": "1.0625rem",
        "fontWeight": 600,
    },
    "@media (max-width: 600px)": {
        "& .header .title": {"display": "none"},
        "& .header .MuiToolbar-root": {"gap": "4px", "paddingRight": "4px"},
        "& .header .MuiIconButton-root": {"marginRight": "0"},
    },
    # It follows all visits of the process, and has no name for screen readers.
    "& .header .MuiLinearProgress-root": {"display": "none"},
    "& .header .logo": {"height": "32px !important"},
    "& .header .MuiToolbar-root": {"gap": "12px"},
    "& .header .MuiToolbar-root > .MuiBox-root": {"minWidth": 0},
    "& .main": {"backgroundColor": "background.default"},
    "& .sidebar": {"backgroundImage": "none", "borderColor": "divider"},
    # On paper: what is shown, without the ways to change it, and all of it.
    "@media print": {
        "&, & .main": {"height": "auto !important", "overflow": "visible !important"},
        "& .header, & > nav, & .main .MuiToolbar-root": {"display": "none !important"},
        "& .main": {"backgroundColor": "#ffffff", "padding": "0 !important"},
    },
}


def prepare() -> None:
    """Load the few extensions that the dashboards need; before any page is added to an app."""
    pn.extension("echarts", notifications=False)
    # Panel tells every event of every visit, with what was typed.
    logging.getLogger("panel").setLevel(logging.WARNING)
