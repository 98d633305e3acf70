"""The proof holds where the boundary does, and says so where it does not."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.proof.conftest import Stage
from workbench.proof import logins, proving, summary
from workbench.proof.proving import Proof
from workbench.proof.world import connect

ATTEMPTS = 12_000 if os.environ.get("WORKBENCH_PROVE") else 500
FEW = 250


async def prove(stage: Stage, attempts: int, seed: int = 3) -> Proof:
    """Make attempts on the stage."""
    return await proving.prove(stage.world, stage.app, attempts=attempts, seed=seed)


@contextmanager
def changed(stage: Stage, there: str, back: str) -> Iterator[None]:
    """The database with something changed by its owner, until the block ends."""
    with connect(stage.world.owner) as owner:
        owner.execute(there)
        try:
            yield
        finally:
            owner.execute(back)


async def test_nothing_leaks(stage: Stage) -> None:
    """Of all attempts none reaches anything, and every control succeeds."""
    told: list[int] = []
    proof = await proving.prove(
        stage.world, stage.app, attempts=ATTEMPTS, seed=7, tell=lambda done, _: told.append(done)
    )

    assert proof.leaks == []
    assert proof.uncontrolled == []
    assert proof.is_untouched
    assert proof.holds
    assert len(proof.findings) == ATTEMPTS
    assert told[-1] == ATTEMPTS


async def test_all_doors_roles_and_tables_are_tried(stage: Stage) -> None:
    """A sample has some of everything, so that nothing is left out for long."""
    rows = summary.frame(await prove(stage, 900))

    assert set(rows["door"]) == set(summary.DOORS)
    assert set(summary.KINDS) - set(rows["token"]) == set()
    assert {"guest", "viewer", "analyst", "engineer", "owner", "operator"} <= set(rows["role"])
    assert set(rows["aim"]) == {"another tenant", "beyond its role"}
    assert (rows["control"] == "same").sum() > len(rows) / 5
    assert {"workbench.runs", "rows of datasets", "data.secrets"} <= set(rows["table"])
    assert any(str(table).startswith("runs/{run_id}") for table in rows["table"])


async def test_a_seed_names_its_attempts(stage: Stage) -> None:
    """The same seed makes the same attempts, another one makes others."""
    tried = [
        [(f.door, f.role, f.token, f.verb, f.table) for f in (await prove(stage, 60, s)).findings]
        for s in (1, 1, 2)
    ]

    assert tried[0] == tried[1] != tried[2]


class TestHoles:
    """A boundary with a hole is seen through."""

    @pytest.mark.parametrize(
        ("there", "back", "name", "door"),
        [
            pytest.param(
                "alter table workbench.runs disable row level security",
                "alter table workbench.runs enable row level security",
                "runs",
                "application",
                id="a table without policies",
            ),
            pytest.param(
                "create policy open on workbench.metrics for select to workbench_app using (true)",
                "drop policy open on workbench.metrics",
                "metrics",
                "application",
                id="a policy that lets everybody see",
            ),
            pytest.param(
                "create policy open on workbench.imports for insert to workbench_app "
                "with check (true)",
                "drop policy open on workbench.imports",
                "imports",
                "application",
                id="a policy that lets everybody write",
            ),
            pytest.param(
                "grant truncate on workbench.outbox_messages to workbench_app",
                "revoke truncate on workbench.outbox_messages from workbench_app",
                "outbox_messages",
                "application",
                id="a right that no policy binds",
            ),
            pytest.param(
                "create policy open on workbench.runs for select to workbench_viewer using (true)",
                "drop policy open on workbench.runs",
                "runs",
                "reader",
                id="a view that shows everybody's rows",
            ),
            pytest.param(
                "grant usage on schema workbench_private to workbench_readers; "
                "grant select on workbench_private.live to workbench_readers",
                "revoke select on workbench_private.live from workbench_readers; "
                "revoke usage on schema workbench_private from workbench_readers",
                "live",
                "notebook",
                id="a private table that readers see",
            ),
        ],
    )
    def test_it_is_found(self, stage: Stage, there: str, back: str, name: str, door: str) -> None:
        """Attempts at the table with the hole reach something at the door that it is in."""
        with changed(stage, there, back), ExitStack() as stack:
            attacker = logins.Attacker(stage.world, stack)
            near = [case for case in attacker.cases() if case.relation.name == name]
            found = [attacker.try_(case) for case in proving.sample(near, FEW, 1)]

        assert door in {finding.door for finding in found if finding.is_leak}

    async def test_it_is_said(self, stage: Stage) -> None:
        """The verdict begins with it, and the list names it."""
        there = "create policy open on workbench.runs for all to public using (true)"
        with changed(stage, there, "drop policy open on workbench.runs"):
            proof = await prove(stage, 2 * FEW)

        assert not proof.holds
        assert summary.verdict(proof).startswith("**The boundary does not hold: ")
        assert re.search(r"(workbench|views)\.runs", summary.leaks(proof).to_html())  # type: ignore[union-attr]

    async def test_a_door_that_is_shut_for_everybody_proves_nothing(self, stage: Stage) -> None:
        """Where even one's own rows are out of reach, no leak is seen, and no proof either."""
        shut = "revoke select on data.secrets from workbench_readers"
        with changed(stage, shut, "grant select on data.secrets to workbench_readers"):
            proof = await prove(stage, FEW)

        assert proof.leaks == []
        assert {"reader", "notebook"} <= {finding.door for finding in proof.uncontrolled}
        assert not proof.holds
        assert "controls failed" in summary.verdict(proof)
