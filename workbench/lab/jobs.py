"""Runs that an engineer orders from JupyterLab: sent to a worker, watched, and read.

What is executed is the notebook on the shelf as it was saved last, with parameters, in a kernel of
the worker's: neither this kernel nor what it holds has any part in it.
"""

import html
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
from IPython.core.display import HTML
from IPython.core.getipython import get_ipython
from IPython.display import display
from pydantic_core import to_jsonable_python

from workbench.errors import Invalid
from workbench.lab.parameters import OPEN
from workbench.notebooks import Notebook, Shelf
from workbench.notebooks.shelf import BrokenNotebook, UnknownNotebook
from workbench.runs.schemas import Status
from workbench.settings import ROOT

if TYPE_CHECKING:
    from workbench.lab.run import LabRun

SHELF = ROOT / "notebooks"
POLL_SECONDS = 0.5
FRAME = '<iframe sandbox="" srcdoc="{}" style="width:100%;height:{}px;border:0"></iframe>'
HEIGHT = 600


class NoJob(Invalid):
    """No run can be ordered like this."""

    code = "no_job"

    def _render_traceback_(self) -> list[str]:
        """Show one line: the places in the notebook's libraries help nobody."""
        return [str(self)]


class Job:
    """A run that was ordered here, as it stood when it was last asked after."""

    def __init__(self, run: "LabRun", view: Mapping[str, Any]) -> None:
        """Keep who asks, and what the API has told."""
        self._run = run
        self.view = dict(view)

    @property
    def id(self) -> str:
        """The run's id."""
        return str(self.view["id"])

    @property
    def status(self) -> str:
        """Where the run stands."""
        return str(self.view["status"])

    @property
    def has_ended(self) -> bool:
        """Whether it stands there for good."""
        return self.status not in {Status.QUEUED, Status.RUNNING}

    @property
    def url(self) -> str:
        """Where a browser that is signed in to Workbench sees its report."""
        return f"{self._run.ticket.site}/api/v1/runs/{self.id}/report"

    def refresh(self) -> Self:
        """Ask how it stands now."""
        self.view = _asked(self._run, "GET", f"runs/{self.id}").json()
        return self

    def wait(self) -> Self:
        """Show how it stands until it has ended; an interrupt leaves it at work."""
        shown: Any = display(self, display_id=True) if get_ipython() else None
        while not self.has_ended:
            time.sleep(POLL_SECONDS)
            self.refresh()
            if shown is not None:
                shown.update(self)
        return self

    def cancel(self) -> Self:
        """End it before its time."""
        self.view = _asked(self._run, "POST", f"runs/{self.id}/cancel").json()
        return self

    def report(self, height: int = HEIGHT) -> HTML:
        """Its report, in a frame that belongs to no origin and runs nothing."""
        page = _asked(self._run, "GET", f"runs/{self.id}/report").text
        return HTML(FRAME.format(html.escape(page), int(height)))

    def __repr__(self) -> str:
        words = [self.status.replace("_", " ")]
        if self.status == "running" and self.view.get("cells"):
            words.append(f"{self.view['cells_done'] or 0} of {self.view['cells']} cells")
            words.append(self.view["cell_title"] or "")
        words.append(self.view["error"] or "")
        return f"{self.view['notebook']}: " + " · ".join(word for word in words if word)

    def _repr_html_(self) -> str:
        link = f' · <a href="{html.escape(self.url)}" target="_blank">report</a>'
        return html.escape(repr(self)) + (link if self.has_ended else "")


def order(run: "LabRun", name: str | None, parameters: Mapping[str, Any]) -> Job:
    """Order a run of a notebook; without a name, of the open one with its variables."""
    if run.ticket.run_id is not None:
        raise NoJob("This is a run itself; one that orders others does so by run.api.")
    notebook = named(name or open_name())
    given = dict(parameters) if name else {**_variables(notebook), **parameters}
    body = {"notebook": notebook.name, "parameters": to_jsonable_python(given, fallback=_item)}
    return Job(run, _asked(run, "POST", "runs", json=body).json())


def named(name: str) -> Notebook:
    """A notebook on the shelf; raise NoJob when it cannot be ordered."""
    try:
        return Shelf(SHELF).named(name)
    except UnknownNotebook:
        raise NoJob(
            f"{name} is not on the shelf, where runs find it; `workbench notebooks` lists the "
            "shelf, `workbench new notebook` puts one there."
        ) from None
    except BrokenNotebook as error:
        raise NoJob(f"{error} `workbench notebooks --check` says what is missing.") from None


def open_name() -> str:
    """The name of the open notebook."""
    path = Path(os.environ.get(OPEN, ""))
    if path.suffix != ".ipynb" or path.resolve().parent != SHELF:
        raise NoJob("This notebook is not on the shelf; name one, or save it beside the others.")
    return path.stem


def _variables(notebook: Notebook) -> dict[str, Any]:
    shell: Any = get_ipython()
    space: dict[str, Any] = {} if shell is None else shell.user_ns
    return {name: space[name] for name in notebook.parameters if name in space}


def _item(value: Any) -> Any:
    """What is no plain value, such as a number of numpy's, as one if it can."""
    return value.item() if hasattr(value, "item") else str(value)


def _asked(run: "LabRun", method: str, path: str, **body: Any) -> httpx.Response:
    try:
        answer = run.api.request(method, path, **body)
    except httpx.TransportError:
        raise NoJob("Workbench does not answer; is it running?") from None
    if answer.is_error:
        problem = answer.json()
        places = [f"{one['place']}: {one['message']}" for one in problem["errors"]]
        raise NoJob(" ".join([problem["detail"], *places]))
    return answer
