"""`workbench notebooks` and `workbench new …`: the shelf, what lies on it, and what is made new."""

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli import console
from workbench.cli.options import AsJson
from workbench.errors import Detail, Invalid
from workbench.notebooks import Notebook, Shelf, template
from workbench.notebooks.faults import faults
from workbench.notebooks.kinds import Kind
from workbench.notebooks.shelf import UnknownNotebook
from workbench.settings import ROOT

SHELF = ROOT / "notebooks"
DASHBOARDS = ROOT / "dashboards"
Folder = Annotated[Path, typer.Option(help="Where the notebooks lie.", file_okay=False)]
new = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Make a new notebook or dashboard."
)


class Faulty(Invalid):
    """Not every notebook may go on the shelf."""

    code = "faulty_notebook"


def notebooks(
    name: Annotated[str | None, typer.Argument(help="Show the parameters of this one.")] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Check what each declares.")] = False,
    folder: Folder = SHELF,
    as_json: AsJson = False,
) -> None:
    """List the notebooks, show what one of them takes, or check them all."""
    if check:
        _check(folder, name)
    elif name is None:
        found = [{"name": n.name, "title": n.title, "question": n.question} for n in shelf(folder)]
        console.show(found, as_json=as_json)
    else:
        console.show(described(Shelf(folder).named(name)), as_json=as_json)


@new.callback()
def _group() -> None:
    """Make something new."""


@new.command("notebook")
def new_notebook(
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and _.")],
    *,
    title: Annotated[str | None, typer.Option(help="What people read.")] = None,
    folder: Folder = SHELF,
) -> None:
    """Put a new notebook on the shelf, with a contract that holds; then make it yours."""
    console.out.print(str(template.write(folder, name, title)), soft_wrap=True)


@new.command("dashboard")
def new_dashboard(
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and _.")],
    *,
    title: Annotated[str | None, typer.Option(help="What people read.")] = None,
    folder: Annotated[
        Path, typer.Option(help="Where the dashboards lie.", file_okay=False)
    ] = DASHBOARDS,
) -> None:
    """Make a dashboard that works, and put it into the navigation; then make it yours."""
    from dashboards import fresh  # noqa: PLC0415 (Panel takes two seconds)

    for path in fresh.write(folder, name, title):
        console.out.print(str(path), soft_wrap=True)


def shelf(folder: Path) -> list[Notebook]:
    """The notebooks of a folder, by name."""
    return sorted(Shelf(folder).all(), key=lambda notebook: notebook.name)


def described(notebook: Notebook) -> list[dict[str, Any]]:
    """The parameters of a notebook: name, kind, default, what is allowed, what it means."""
    rules = notebook.properties()
    return [
        {
            "parameter": name,
            "kind": kind.kind,
            "default": "null" if kind.default is None else kind.default,
            "allowed": _allowed(kind, rules[name]),
            "meaning": kind.description or rules[name]["title"],
        }
        for name, kind in notebook.parameters.items()
    ]


def _allowed(kind: Kind, rule: dict[str, Any]) -> str:
    known = rule | rule["x-workbench"]
    words = [str(choice) for choice in known.get("enum", ()) if choice is not None]
    if "minimum" in known or "maximum" in known:
        words.append(f"{known.get('minimum', '')}..{known.get('maximum', '')}")
    if "of" in known:
        words.append(f"of {known['of']['kind']}")
        known = known["of"]
    if "dataset" in known:
        words.append(f"of {known['dataset']}")
    words += [kind.unit] if kind.unit else []
    return ", ".join([*words, *(["null"] if kind.optional else [])])


def _check(folder: Path, name: str | None) -> None:
    paths = sorted(folder.glob("*.ipynb"))
    if name is not None:
        paths = [path for path in paths if path.stem == name]
    if not paths:
        raise UnknownNotebook
    wrong = [Detail(path.stem, fault) for path in paths for fault in faults(path)]
    for detail in wrong:
        console.err.print(f"{detail.place}: {detail.message}", markup=False, soft_wrap=True)
    if wrong:
        raise Faulty(f"{len(wrong)} faults in {len({d.place for d in wrong})} notebooks.")
    console.out.print(f"{len(paths)} notebooks hold what they declare.")
