"""What JupyterLab's page asks its own server: the shelf, a new notebook, and runs.

The page holds no token of Workbench's. Each address asks for the sign-in of JupyterLab, and goes
on to the API as the engineer; what that refuses is told in its own words.
"""

from pathlib import Path
from typing import Any

import httpx
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async, url_path_join
from tornado.web import Application, authenticated

from workbench.errors import WorkbenchError
from workbench.jupyter import opened
from workbench.jupyter.asking import Api
from workbench.notebooks import template

RUN = "[0-9a-f-]{36}"
KEPT = ("Content-Security-Policy", "X-Content-Type-Options")
REFUSED = 409  # what the page cannot mistake for a refusal of JupyterLab's own


def offer(app: Application, root: Path) -> None:
    """Put the addresses into a Jupyter server that shows a folder."""
    own = {"api": Api(), "root": root}
    base = url_path_join(app.settings["base_url"], "workbench")
    app.add_handlers(
        ".*$",
        [
            (f"{base}/new", New, own),
            (f"{base}/order", Order, own),
            (f"{base}/notebooks", Notebooks, own),
            (f"{base}/(runs/{RUN}(?:/log|/report)?)", Looking, own),
            (f"{base}/(runs(?:/{RUN}/cancel)?)", Doing, own),
        ],
    )


class Asking(APIHandler):
    """Passes a request on to the API, and what it answers back."""

    def initialize(self, api: Api, root: Path) -> None:
        """Keep the way to the API, and the folder that JupyterLab shows."""
        self.api, self.root = api, root

    async def asked(self, method: str, path: str, order: Any = None) -> httpx.Response | None:
        """What the API answers; a refusal is told to the page, and nothing is returned.

        It is told as one of Workbench's: the page would take a 401 for one of JupyterLab's.
        """
        try:
            answer = await self.api.ask(method, path, order)
        except WorkbenchError as error:
            await self.refuse(str(error))
            return None
        if answer.is_error:
            await self.refuse(_reason(answer))
            return None
        return answer

    async def pass_on(self, method: str, path: str, order: Any = None) -> None:
        """Answer what the API answers."""
        answer = await self.asked(method, path, order)
        if answer is None:
            return
        self.set_status(answer.status_code)
        for name in KEPT:
            if name in answer.headers:
                self.set_header(name, answer.headers[name])
        kind = answer.headers.get("Content-Type", "application/json")
        await self.finish(answer.content, set_content_type=kind)

    async def refuse(self, message: str) -> None:
        """Tell the page in one sentence what is wrong."""
        self.set_status(REFUSED)
        await self.finish({"message": " ".join(message.split())})


class Notebooks(Asking):
    """The shelf, as far as the engineer sees it."""

    @authenticated
    async def get(self) -> None:
        """List the notebooks, each with the path at which JupyterLab opens it."""
        answer = await self.asked("GET", "notebooks")
        if answer is not None:
            items = answer.json()["items"]
            paths = [opened.path(self.root, item["name"]) for item in items]
            await self.finish(
                {"items": [item | {"path": path} for item, path in zip(items, paths, strict=True)]}
            )


class New(Asking):
    """Where a new notebook is put: in the folder that JupyterLab shows."""

    @authenticated
    async def post(self) -> None:
        """Write one that passes the check, and answer its path."""
        order = self.get_json_body() or {}
        try:
            made = template.write(self.root, str(order.get("name")), order.get("title") or None)
        except WorkbenchError as error:
            await self.refuse(str(error))
        except OSError as error:
            await self.refuse(f"{self.root} cannot be written: {error.strerror}.")
        else:
            await self.finish({"path": made.name})


class Order(Asking):
    """What the order of the open notebook would be."""

    @authenticated
    async def get(self) -> None:
        """Tell the contract of the notebook at `path`, and what its parameters cell says."""
        path = self.get_argument("path")
        name = opened.name(self.root, path)
        if name is None:
            await self.refuse(opened.NOT_ON_THE_SHELF)
            return
        answer = await self.asked("GET", f"notebooks/{name}")
        if answer is None:
            return
        files: Any = self.contents_manager
        kept = await ensure_async(files.get(path, type="notebook"))
        given = opened.values(kept["content"])
        notebook = answer.json()
        declared = notebook["parameters"]["properties"]
        values = {name: value for name, value in given.items() if name in declared}
        await self.finish({"notebook": notebook, "values": values})


class Looking(Asking):
    """What is looked at: the shelf, a run, what it prints, and its report."""

    @authenticated
    async def get(self, path: str) -> None:
        """Answer what the API answers; a report runs nothing and fetches nothing there either."""
        await self.pass_on("GET", f"{path}?{self.request.query}")


class Doing(Asking):
    """What is done: a run is ordered, or cancelled."""

    @authenticated
    async def post(self, path: str) -> None:
        """Do it as the engineer."""
        await self.pass_on("POST", path, self.get_json_body())


def _reason(answer: httpx.Response) -> str:
    """What the API says in its problem document, with the places that it names."""
    try:
        problem = answer.json()
    except ValueError:
        return f"Workbench answered {answer.status_code}."
    places = [f"{one['place']}: {one['message']}" for one in problem.get("errors") or []]
    return " ".join([str(problem.get("detail") or problem.get("title")), *places])
