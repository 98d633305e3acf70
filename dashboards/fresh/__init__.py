"""New dashboards: a folder that holds to the rules from its first day, and its two lines elsewhere.

What is made works at once: it counts the rows of the datasets that its visitor may read.
"""

import re
from pathlib import Path

from workbench.errors import Conflict, Invalid

HERE = Path(__file__).parent
NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
TAKEN = frozenset({"components", "fresh", "gallery", "login", "theme", "visits"})
PARTS = ("__init__", "app", "state", "store", "views/__init__", "views/figures")
FIRST_PAGE = '    "/dashboards/home": home.page,\n'
LAST_LINK = "\n)\n\n\ndef links("


class BadName(Invalid):
    """A dashboard's name has small letters, digits and _, and a title no quotes or braces."""

    code = "bad_name"


class NameTaken(Conflict):
    """There is such a dashboard already; choose another name."""

    code = "name_taken"


def write(folder: Path, name: str, title: str | None = None) -> list[Path]:
    """Make a dashboard in the folder `dashboards`, and put it among the pages and the links."""
    title = title or name.replace("_", " ").capitalize()
    if not NAME.fullmatch(name) or not re.fullmatch(r"[\w ,.&-]{1,24}", title):
        raise BadName
    if name in TAKEN or (folder / name).exists():
        raise NameTaken
    made = [_part(folder / name / f"{part}.py", part, name, title) for part in PARTS]
    _register(folder / "app.py", name)
    _link(folder / "components" / "shell.py", name, title)
    return made


def _part(path: Path, part: str, name: str, title: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (HERE / f"{part.replace('/', '.')}.txt").read_text()
    kind = "".join(word.capitalize() for word in name.split("_"))
    for sign, value in (("NAME", name), ("TITLE", title), ("KIND", kind)):
        text = text.replace(f"«{sign}»", value)
    path.write_text(_in_order(text))
    return path


def _in_order(text: str) -> str:
    """The text with its imports of dashboards in the order that the linter wants."""
    lines = text.splitlines(keepends=True)
    places = [at for at, line in enumerate(lines) if line.startswith("from dashboards")]
    for at, line in zip(places, sorted(lines[at] for at in places), strict=True):
        lines[at] = line
    return "".join(lines)


def _register(path: Path, name: str) -> None:
    """Add the import, where the linter wants it, and the page."""
    lines = path.read_text().splitlines(keepends=True)
    wanted = f"from dashboards.{name} import app as {name}\n"
    at = next(
        at
        for at, line in enumerate(lines)
        if line.startswith("from workbench.") or line > wanted
        if line.startswith(("from dashboards.", "from workbench."))
    )
    text = "".join([*lines[:at], wanted, *lines[at:]])
    page = f'    "/dashboards/{name}": {name}.page,\n'
    path.write_text(text.replace(FIRST_PAGE, FIRST_PAGE + page, 1))


def _link(path: Path, name: str, title: str) -> None:
    text = path.read_text()
    link = f'\n    Link("/dashboards/{name}", "{title}", "What is here, at a glance."),'
    path.write_text(text.replace(LAST_LINK, link + LAST_LINK, 1))
