"""Plans of PostgreSQL's as trees: read from `EXPLAIN`'s JSON, walked, and written for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

EXPLAIN = "explain (analyze, buffers, verbose, format json) "
ASKS = ("tenant_with(", "actor_tenant(", "granted(")  # functions that look at the token
WASTE_ROWS, WASTE_SHARE = 1_000, 10  # read so many, and so many times what is kept
WIDTH = 72


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a plan: what it does, the rows it gives and drops, and what it took, in all loops.

    `seconds` and `blocks` include the steps beneath it.
    """

    kind: str
    relation: str
    index: str
    rows: float
    dropped: float
    seconds: float
    hit: int
    read: int
    steps: tuple["Node", ...]

    @property
    def name(self) -> str:
        """The step in words."""
        using = f" using {self.index}" if self.index and "Bitmap Heap" not in self.kind else ""
        on = f" on {self.relation}" if self.relation else ""
        return f"{self.kind}{using}{on}"

    @property
    def taken(self) -> float:
        """The rows that it reads, or sorts."""
        is_sort = self.kind == "Sort" and bool(self.steps)
        return self.steps[-1].rows if is_sort else self.rows + self.dropped

    @property
    def is_wasteful(self) -> bool:
        """Whether it reads, or sorts, many rows for each that it gives."""
        return self.taken >= WASTE_ROWS and self.taken > WASTE_SHARE * max(self.rows, 1)

    def walk(self) -> Iterator["Node"]:
        """This step and all beneath it."""
        yield self
        for step in self.steps:
            yield from step.walk()


def read(found: dict[str, Any], names: dict[str, str]) -> Node:
    """A step and all beneath it, as `EXPLAIN` tells them; `names` say what tables are called."""

    def called(key: str) -> str:
        name: str = found.get(key, "")
        for given, better in names.items():
            name = name.replace(given, better)
        return name

    loops = found.get("Actual Loops", 1)
    dropped = sum(
        found.get(name, 0) for name in ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    )
    return Node(
        kind="Token check" if _checks(found) else found["Node Type"],
        relation=called("Relation Name"),
        index=called("Index Name"),
        rows=found.get("Actual Rows", 0) * loops,
        dropped=dropped * loops,
        seconds=found.get("Actual Total Time", 0) * loops / 1e3,
        hit=found.get("Shared Hit Blocks", 0),
        read=found.get("Shared Read Blocks", 0),
        steps=tuple(read(step, names) for step in found.get("Plans", []) if _is_done(step)),
    )


def _is_done(found: dict[str, Any]) -> bool:
    """Whether a step was needed at all."""
    return bool(found.get("Actual Loops", 1))


def _checks(found: dict[str, Any]) -> bool:
    return found["Node Type"] == "Result" and any(name in str(found.get("Output")) for name in ASKS)


def tree(root: Node) -> str:
    """The plan as indented text: rows, time and blocks of each step, the longest names cut."""
    head = f"{'':{WIDTH}}{'rows':>10}{'dropped':>10}{'ms':>10}{'blocks':>9}"
    return "\n".join([head, *_lines(root, "", "")])


def told(node: Node) -> dict[str, Any]:
    """The plan as programs read it."""
    return {
        "kind": node.kind,
        "relation": f"{node.relation} {node.index}".strip(),
        "rows": round(node.rows),
        "milliseconds": round(node.seconds * 1e3, 3),
        "blocks": node.hit + node.read,
        "steps": [told(step) for step in node.steps],
    }


def _lines(node: Node, here: str, beneath: str) -> Iterator[str]:
    name = (here + node.name)[: WIDTH - 1]
    dropped = f"{node.dropped:,.0f}" if node.dropped else ""
    yield (
        f"{name:{WIDTH}}{node.rows:>10,.0f}{dropped:>10}"
        f"{node.seconds * 1e3:>10,.2f}{node.hit + node.read:>9,}"
    )
    for number, step in enumerate(node.steps, 1):
        is_last = number == len(node.steps)
        bend, line = ("└ ", "  ") if is_last else ("├ ", "│ ")
        yield from _lines(step, beneath + bend, beneath + line)
