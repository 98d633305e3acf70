"""Examples of plans of statements."""

from collections.abc import Callable

from panel.viewable import Viewable

from dashboards.components import plan_tree
from workbench.datasets.sql_plan import Node, Plan

ALL, FEW = 336_776, 16


def _made(plan: Plan) -> Viewable:
    tree = plan_tree.tree()
    tree.show(**plan_tree.shown(plan))
    return tree.pane


def _expected() -> Plan:
    scan = Node("Seq Scan", "flights", None, ALL)
    return Plan(Node("Aggregate", None, None, FEW, below=[scan]), 0.3, None, 1.0)


def _measured() -> Plan:
    scan = Node("Seq Scan", "flights", None, ALL, rows=ALL, loops=1, time_ms=41.2)
    top = Node("Aggregate", None, None, FEW, rows=FEW, loops=1, time_ms=96.4, below=[scan])
    return Plan(top, 0.3, 97.5, 98.1)


EXAMPLES: dict[str, Callable[[], Viewable]] = {
    "expected": lambda: _made(_expected()),
    "measured": lambda: _made(_measured()),
}
