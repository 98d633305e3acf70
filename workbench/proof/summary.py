"""The proof in words, tables and one picture, for people who do not know the code."""

from dataclasses import asdict
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from workbench.proof import verbs
from workbench.proof.findings import NOTHING, REACHED, REFUSED
from workbench.proof.proving import Proof

DOORS = {
    "application": "The application's own login, where API, dashboards and worker write",
    "reader": "The readers' login, where dashboards read",
    "notebook": "The tenant's own login, which its notebooks use",
    "ad-hoc SQL": "SQL that people type",
    "API": "HTTP requests, on every route",
}
KINDS = {
    "own": "A valid token of a member, used against the other tenant or beyond its role",
    "claims more than it holds": "A valid token that names permissions its holder lacks",
    "none": "No token at all",
    "words instead of a token": "Text that is no token",
    "signed with another key": "A forged token: right words, wrong key",
    "system task, signed with another key": "A forged token of Workbench's own tasks",
    "signature cut off": "A token without its signature",
    "algorithm none": "A token that says it needs no signature",
    "another tenant under an old signature": "A signed token whose tenant was exchanged",
    "changed": "A token whose content was changed after signing",
    "expired": "A token of the other tenant's owner that has run out",
    "expired, of a system task": "A token of a task that has run out",
    "signed out": "A token whose holder has signed out",
    "never signed in": "A correctly signed token of a sign-in that never happened",
    "for another audience": "A genuine token, made for another door",
    "of the platform's operator": "A token of the platform's operator, who sees no tenant's rows",
    "of the other tenant": "The other tenant's genuine token, on this tenant's login",
    "of a system task": "A genuine token of a task, on a tenant's login",
}
OTHERWISE = "Ways round the policies"
FORMS = {
    "Reading": [verb.name for verb in (*verbs.READS, *verbs.KEYED_READS)],
    "Changing": [verb.name for verb in (*verbs.CHANGES, *verbs.WRITES_ON_VIEWS)],
    "What nobody may do": [verb.name for verb in verbs.NEVER],
    OTHERWISE: [verb.name for verb in verbs.ROUNDABOUT],
}
ORDER = list(dict.fromkeys(name for names in FORMS.values() for name in names))
COLOURS = ListedColormap(["#0f9d6c", "#dc2626"])
EDGE = "#7b879440"
NUMBER: Any = {"size": 6, "color": "white"}


def frame(proof: Proof) -> pd.DataFrame:
    """Every attempt as one row, in the order in which they were made."""
    rows = pd.DataFrame([asdict(finding) for finding in proof.findings])
    rows.index = pd.RangeIndex(1, len(rows) + 1, name="attempt")
    return rows


def verdict(proof: Proof) -> str:
    """The result in one sentence, and what it rests on in another."""
    tried, leaks, blind = len(proof.findings), len(proof.leaks), len(proof.uncontrolled)
    if proof.holds:
        return (
            f"**The boundary holds: 0 leaks in {tried:,} attempts.** Each attempt had a control "
            f"beside it, and all {tried:,} controls succeeded: what was refused to the attacker "
            "worked for who is entitled to it. Afterwards the attacked tenant's rows were, byte "
            "for byte, what they had been before."
        )
    said = [f"**The boundary does not hold: {leaks:,} leaks in {tried:,} attempts.**"]
    if blind:
        said.append(f"{blind:,} controls failed, so that their attempts prove nothing.")
    if not proof.is_untouched:
        said.append("Rows of the attacked tenant have changed.")
    return " ".join(said)


def doors(rows: pd.DataFrame) -> Styler:
    """How the attempts at each door ended."""
    return _ended(rows, "door", DOORS, "Door")


def tokens(rows: pd.DataFrame) -> Styler:
    """How the attempts with each kind of token ended."""
    kinds = rows.assign(token=rows["token"].replace(r"narrowed to .*", "narrowed", regex=True))
    told = KINDS | {"narrowed": "A valid token that was narrowed to one permission"}
    return _ended(kinds, "token", told, "Token that was shown")


def roles(rows: pd.DataFrame) -> Styler:
    """How the attempts of each role with its own valid token ended."""
    own = rows.query("token == 'own'")
    return _ended(own, "role", {}, "Role, with its own valid token")


def forms(rows: pd.DataFrame) -> Styler:
    """How the attempts of each kind ended, and which forms of SQL the kind has."""
    tried = rows[rows["door"] != "API"].assign(kind=lambda found: found["verb"].map(_kind))
    names = tried.groupby("kind")["verb"].unique()
    told = {kind: f"{kind}: {', '.join(sorted(names.get(kind, [])))}" for kind in FORMS}
    return _ended(tried, "kind", told, "What was tried")


def _kind(verb: str) -> str:
    return next((kind for kind, names in FORMS.items() if verb in names), OTHERWISE)


def leaks(proof: Proof) -> Styler | str:
    """The attempts that reached something or whose control failed; a word when there are none."""
    rows = frame(proof)
    found = rows[rows["is_leak"] | ~rows["is_controlled"]].head(50)
    if found.empty:
        return "None."
    columns = ["door", "role", "token", "verb", "table", "aim", "outcome", "control"]
    return _shown(found[columns].rename(columns=str.capitalize))


def matrix(rows: pd.DataFrame) -> Figure:
    """Table by form of attempt: how often each was tried; a leak would be red."""
    tried = rows[~rows["door"].isin(["API", "ad-hoc SQL"])]
    shown = [name for name in ORDER if name in set(tried["verb"])]
    counts = tried.pivot_table("is_leak", "table", "verb", "count")[shown]
    reached = tried.pivot_table("is_leak", "table", "verb", "max")[shown].astype("float")
    figure, axes = plt.subplots(figsize=(9.6, 0.4 + 0.26 * len(counts)))
    axes.pcolormesh(reached.to_numpy(), cmap=COLOURS, vmin=0, vmax=1, edgecolors=EDGE)
    for (y, x), count in np.ndenumerate(counts.to_numpy()):
        if count > 0:
            axes.text(x + 0.5, y + 0.5, f"{count:.0f}", ha="center", va="center", **NUMBER)
    axes.set_xticks([x + 0.5 for x in range(counts.shape[1])], counts.columns, rotation=90, size=7)
    axes.set_yticks([y + 0.5 for y in range(len(counts))], counts.index, size=7)
    axes.grid(visible=False)
    axes.invert_yaxis()
    return figure


def routes(rows: pd.DataFrame) -> Styler:
    """How the requests to each route of the API ended."""
    called = rows[rows["door"] == "API"]
    called = called.assign(route=called["verb"].str.split().str[0] + " " + called["table"])
    return _ended(called, "route", {}, "Route")


def _ended(rows: pd.DataFrame, by: str, told: dict[str, str], title: str) -> Styler:
    table = pd.crosstab(rows[by], rows["outcome"]).reindex(
        columns=[REFUSED, NOTHING, REACHED], fill_value=0
    )
    table.insert(0, "Attempts", table.sum(axis=1))
    table["Controls that succeeded"] = rows.groupby(by)["is_controlled"].sum()
    order = [name for name in told if name in table.index] or sorted(table.index)
    table = table.loc[[*order, *(n for n in table.index if n not in order)]]
    table.insert(0, title, [told.get(name, name) for name in table.index])
    return _shown(
        table.rename(
            columns={REFUSED: "Refused", NOTHING: "Shown nothing of it", REACHED: "Reached"}
        )
    )


def _shown(table: pd.DataFrame) -> Styler:
    numbers = [name for name, kind in table.dtypes.items() if pd.api.types.is_integer_dtype(kind)]
    return table.style.hide(axis="index").format("{:,}", subset=numbers)


def where(proof: Proof, seed: int) -> str:
    """Where the attempts were made, and how to make them again."""
    return (
        f"PostgreSQL {proof.server}, schema revision {proof.revision}, {proof.tables} tables and "
        f"{proof.views} views found in its catalogue; {proof.possible:,} different attempts are "
        f"possible there, of which the seed {seed} chose {len(proof.findings):,}. The database "
        "was made for this run and is gone. The same seed on the same revision makes the same "
        "attempts; another seed makes others."
    )
