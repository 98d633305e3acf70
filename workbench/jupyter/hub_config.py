"""The configuration of JupyterHub, as `workbench hub` starts it; one of your own may load it.

load_subconfig(os.environ["WORKBENCH_HUB_CONFIG"])
"""

import os
import sys
from typing import Any

from workbench.jupyter.authenticator import WorkbenchAuthenticator
from workbench.jupyter.spawner import WorkbenchSpawner

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821 (JupyterHub gives it)

home = os.environ["WORKBENCH_HUB_HOME"]
host, port = os.environ["WORKBENCH_HUB_HOST"], int(os.environ["WORKBENCH_HUB_PORT"])
c.JupyterHub.ip, c.JupyterHub.port = host, port
# Two more that only this machine reaches: the hub itself, and what tells its proxy where to go.
c.JupyterHub.hub_port = port + 1
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 2}"
c.JupyterHub.db_url = f"sqlite:///{home}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{home}/cookie_secret"
c.JupyterHub.allow_named_servers = False

# Whom Workbench lets in is let in here, and looked after every five minutes.
c.JupyterHub.authenticator_class = WorkbenchAuthenticator
c.WorkbenchAuthenticator.api_url = os.environ["WORKBENCH_HUB_API"]
c.Authenticator.allow_all = True
c.Authenticator.auth_refresh_age = 300
c.Authenticator.auth_refresh_strict = True  # who left reaches no server that still runs
c.Authenticator.refresh_pre_spawn = True

c.JupyterHub.spawner_class = WorkbenchSpawner
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = c.Spawner.start_timeout = 90

# The proxy of JupyterHub, in Python; it is not in the way of one that you name.
PROXY = "from configurable_http_proxy.cli import main; main()"
c.ConfigurableHTTPProxy.command = [sys.executable, "-c", PROXY]
c.ConfigurableHTTPProxy.pid_file = f"{home}/proxy.pid"
