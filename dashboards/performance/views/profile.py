"""Where the time goes: what the boundary costs, and the slowest statements with their plans."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import panel as pn
import panel_material_ui as pmui

from dashboards.components import layout, numbers, plan_tree
from dashboards.components.chart import Chart
from dashboards.components.code_block import CodeBlock
from dashboards.components.face import Face
from dashboards.components.roster import Action, Cell, Column, Roster, Row
from dashboards.performance.store import Profile
from dashboards.performance.views import charts
from workbench.datasets.sql_plan import Node, Plan
from workbench.runs.budgets import Course
from workbench.runs.statements import Explained, Step

COLUMNS = (
    Column("Question"),
    Column("Time", is_number=True),
    Column("Rows", is_number=True),
    Column("Blocks", is_number=True),
)
LOOK = Action("look", "Plan")
RATIOS = ("boundary_of_page", "boundary_of_aggregate")
TOKEN = ("token_told", "token_checked")
TITLE = "Which statements are slow?"
NONE = (
    "No statement has been profiled",
    (
        "Run the notebook performance_profile (“Where does the time go?”), from Home or with "
        "`workbench run performance_profile`; its statements and their plans then appear here."
    ),
)
WHERE = (
    "Slowest first, as the performance profile explained them{when}. What runs in production is "
    "not looked at: PostgreSQL's own statistics hold the statements of every tenant, so they are "
    "shown to none."
)
DETAIL = """
:host {
  gap: 14px; margin-top: 16px; padding-top: 16px;
  border-top: 1px solid var(--mui-palette-divider);
}
"""
PAIR = """
:host {
  display: grid !important;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr));
  gap: 20px;
}
@media (max-width: 600px) { :host { gap: 14px; } }
"""


class Costs:
    """What row-level security and the token cost, over the runs of the profile."""

    def __init__(self) -> None:
        """Make empty charts, which show once there is something to draw."""
        self._ratios = Chart(
            "What does row-level security cost?",
            "A page and an aggregate through the policies, against the same SQL by hand",
            height=250,
        )
        self._token = Chart(
            "What does the actor token cost?",
            "Minting and telling it, and checking it once, in microseconds",
            height=250,
        )
        self.pane = layout.column(self._ratios.pane, self._token.pane, css=PAIR)
        self.pane.visible = False

    def follow(self, page: pmui.Page) -> None:
        """Draw in the colours of the page."""
        self._ratios.follow(page)
        self._token.follow(page)

    def show(self, courses: Sequence[Course]) -> None:
        """Show what the runs of the profile measured."""
        ratios = [course for course in courses if course.name in RATIOS]
        token = [course for course in courses if course.name in TOKEN]
        self.pane.visible = bool(ratios or token)
        self._ratios.draw(partial(charts.side_by_side, ratios))
        self._token.draw(partial(charts.side_by_side, token))


class Statements:
    """The statements of a profile; one of them with its text and its plan."""

    def __init__(self) -> None:
        """Make an empty list."""
        self._found: dict[str, Explained] = {}
        self._shown: UUID | None = None
        self._head = Face("chart_head", title=TITLE, note=WHERE.format(when=""))
        self._roster = Roster.of("Statements", COLUMNS, empty=NONE, on_do=self._look)
        self._title = Face("chart_head", title="", note="")
        self._sql = CodeBlock(title="The statement", sizing_mode="stretch_width", margin=0)
        self._tree = plan_tree.tree()
        self._text = Face("plan_text", text="")
        self._detail = layout.column(
            self._title.pane, self._sql, self._tree.pane, self._text.pane, css=DETAIL
        )
        self._detail.visible = False
        self.pane = layout.card(self._head.pane, self._roster, self._detail)

    def show(self, profile: Profile | None) -> None:
        """Show the statements of a profile; the chosen one stays while they are the same."""
        if profile is not None and profile.run_id == self._shown:
            return
        self._shown = profile.run_id if profile else None
        self._found = {
            f"{each.question} {each.number}": each
            for each in (profile.statements if profile else [])
        }
        when = f" on {numbers.day(profile.at)}" if profile else ""
        self._head.show(title=TITLE, note=WHERE.format(when=when))
        self._detail.visible = False
        self._roster.fill([_row(key, each) for key, each in self._found.items()])

    async def _look(self, key: str, _action: str, _answer: str) -> None:
        one = self._found[key]
        with pn.io.hold():
            self._title.show(title=_named(one), note="As it was sent, and how PostgreSQL did it")
            self._sql.code = one.sql.strip()
            self._tree.pane.visible = one.steps is not None
            self._text.pane.visible = one.steps is None
            if one.steps is not None:
                self._tree.show(**plan_tree.shown(plan(one.steps)))
            self._text.show(text=one.plan)
            self._detail.visible = True


def plan(step: Step) -> Plan:
    """A measured plan as the tree of plans shows it."""
    return Plan(_node(step), None, step.milliseconds, step.milliseconds)


def _node(step: Step) -> Node:
    return Node(
        node=step.kind,
        dataset=step.relation or None,
        join=None,
        rows_estimated=round(step.rows),
        rows=step.rows,
        loops=1,
        time_ms=step.milliseconds,
        blocks_hit=step.blocks,
        below=[_node(each) for each in step.steps],
    )


def _named(one: Explained) -> str:
    name = one.question[:1].upper() + one.question[1:]
    return name if one.number == 1 else f"{name} ({one.number})"


def _row(key: str, one: Explained) -> Row:
    cells = (
        Cell(_named(one)),
        Cell(f"{one.milliseconds:,.1f} ms"),
        Cell(numbers.count(one.rows)),
        Cell(numbers.count(one.blocks)),
    )
    return Row(key, cells, (LOOK,))
