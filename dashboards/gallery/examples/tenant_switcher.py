"""Examples of the menu of tenants."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards import theme
from dashboards.components import layout
from dashboards.components.tenant_switcher import TenantSwitcher

DARK = f":host {{ padding: 8px; border-radius: 8px; background: {theme.BAR}; }}"
PLACES = [{"slug": "ua", "name": "United Air Lines"}, {"slug": "b6", "name": "JetBlue Airways"}]


def _in_bar(most: int) -> Viewable:
    switcher = TenantSwitcher(who="Ada Lovelace", tenant="ua", places=PLACES[:most])
    return layout.column(switcher, css=DARK)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "in one tenant": lambda: _in_bar(1),
    "in several": lambda: _in_bar(2),
    "of the platform": lambda: _in_bar(0),
}
