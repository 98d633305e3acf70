"""Whose figures one sees, who one is, and the ways out: to another tenant, or to the log-in."""

from pathlib import Path
from typing import ClassVar

import param
from panel.custom import JSComponent

HERE = Path(__file__).parent


class TenantSwitcher(JSComponent):
    """A menu with the visitor and the tenants that the visitor belongs to."""

    who = param.String(default="", doc="The visitor's name.")
    tenant = param.String(default="", doc="The slug of the tenant that is shown.")
    places = param.List(default=[], doc="Where the visitor belongs to: each `slug` and `name`.")
    home = param.String(default="/dashboards/home", constant=True, doc="Where a switch leads.")
    address = param.String(default="/api/v1/auth/switch", constant=True, doc="What is asked.")

    _esm = HERE / "tenant_switcher.js"
    _stylesheets: ClassVar[list[str]] = [(HERE / "tenant_switcher.css").read_text()]
