"""The tenants of the platform as a table, with a next step when there is none."""

from dashboards.components import numbers
from dashboards.components.face import Face
from dashboards.home.store import Platform


class Tenants:
    """Who is a customer here."""

    def __init__(self) -> None:
        """Show that the tenants are on their way."""
        self._face = Face("tenants", is_loading=True, tenants=[], note="")
        self.pane = self._face.pane

    def show(self, platform: Platform) -> None:
        """Show the tenants."""
        self._face.show(is_loading=False, tenants=platform.tenants, note=summary(platform))


def summary(platform: Platform) -> str:
    """How many tenants there are, and how many of them are suspended."""
    count = len(platform.tenants)
    if platform.has_more:
        return f"The first {numbers.count(count)}; the API lists all"
    suspended = sum(tenant.is_suspended for tenant in platform.tenants)
    return (
        f"{numbers.count(count)}, {numbers.count(suspended)} suspended"
        if suspended
        else f"{numbers.count(count)}"
    )
