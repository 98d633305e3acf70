"""Parts under each other: the one way in which the dashboards arrange panes."""

from typing import Any

import panel as pn

PLAIN = """
:host { max-height: none !important; box-sizing: border-box; min-width: 0; }
.scroll-button { display: none; }
"""
CARD = """
:host {
  background: var(--mui-palette-background-paper);
  border: 1px solid var(--mui-palette-divider);
  border-radius: 12px;
  padding: 16px 18px 12px;
}
@media (max-width: 600px) { :host { padding: 14px 12px 8px; } }
"""
BESIDE = """
:host {
  display: grid !important;
  grid-template-columns: minmax(0, 1fr) 330px;
  gap: 20px;
  align-items: start;
}
@media (max-width: 1100px) { :host { display: flex !important; } }
"""
STACK = """
:host { gap: 20px; }
@media (max-width: 600px) { :host { gap: 14px; } }
"""


def column(*parts: Any, css: str = "") -> pn.Column:
    """Put parts under each other, as wide as there is room; `css` styles the host."""
    return pn.Column(*parts, stylesheets=[PLAIN, css], sizing_mode="stretch_width", margin=0)


def stack(*parts: Any) -> pn.Column:
    """Put parts under each other with the distance that cards keep."""
    return column(*parts, css=STACK)


def card(*parts: Any) -> pn.Column:
    """Put parts into a card."""
    return column(*parts, css=CARD)
