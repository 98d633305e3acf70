"""How far a run is and what it prints, as it happens."""

import asyncio

import psycopg
import pytest

from tests.support.kernels import Bench
from workbench.actor import Actor
from workbench.outbox import commands as outbox
from workbench.runs import logs
from workbench.worker.progress import LONGEST_LINE, lines

SECRET = "swordfish-1234"


@pytest.mark.parametrize(
    ("text", "is_last", "shown", "rest"),
    [
        ("one\ntwo", False, "one\n", "two"),
        ("one\ntwo", True, "one\ntwo", ""),
        ("a\0b\r\n", False, "ab\n", ""),
        (" 10%\r 50%\r100%\n", False, "100%\n", ""),
        (f"it is {SECRET}\n", False, "it is •••\n", ""),
        ("it is swordf", False, "", "it is swordf"),
        ("\ud800\n", False, "?\n", ""),
    ],
)
def test_lines(text: str, *, is_last: bool, shown: str, rest: str) -> None:
    """Whole lines are shown, as a terminal would, without secrets and what no text may hold."""
    assert lines(text, [SECRET], is_last=is_last) == (shown, rest)


def test_a_secret_in_pieces_stays_hidden_in_an_endless_line() -> None:
    """What may be the beginning of a secret waits for the rest of it."""
    shown, rest = lines("x" * LONGEST_LINE + SECRET[:7], [SECRET], is_last=False)
    assert shown
    more, _ = lines(rest + SECRET[7:], [SECRET], is_last=True)
    assert SECRET not in shown + more
    assert (shown + more).endswith("•••")


async def test_a_run_tells_as_it_goes(bench: Bench, actor: Actor) -> None:
    """Cells, a share, what it prints, at most ten times a second, and the last of it always."""
    url = bench.parts.database.logins.app.set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    flood = "for n in range(3000): print(f'line {n}')\nimport time; time.sleep(0.5)"
    bench.put("telling", "pass", flood, "print('by'); print('the end', end='')")
    run = await bench.order(actor, "telling")
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as listener:
        await listener.execute(f"listen {outbox.RUNS}")
        begun = asyncio.get_running_loop().time()
        ended = await bench.execute(run)
        seconds = asyncio.get_running_loop().time() - begun
        told = [n.payload async for n in listener.notifies(timeout=0.2)]
    assert ended.status == "succeeded", ended.error
    assert (ended.cells_done, ended.cells) == (3, 3)
    mine = [payload for payload in told if payload == str(run.id)]
    assert 3 <= len(mine) <= 10 * seconds + 4
    async with bench.parts.database.session(actor) as session:
        log = await logs.read(session, actor, run.id, 0)
        assert log.text.startswith("line 0\nline 1\n")
        assert log.text.endswith("line 2999\nby\nthe end")
        assert (log.position, log.is_cut) == (len(log.text), False)
        rest = await logs.read(session, actor, run.id, log.position - 3)
        assert (rest.text, rest.is_cut) == ("end", False)
        assert (await logs.read(session, actor, run.id, log.position)).text == ""
    again = await bench.run(
        actor,
        "print('x' * 99 + '\\n', end='') or 1",
        "y = 'y' * 99\nfor _ in range(1000): print(y)",
    )
    async with bench.parts.database.session(actor) as session:
        log = await logs.read(session, actor, again.id, 0)
    assert log.is_cut or "left out" in log.text
    assert len(log.text) == logs.MOST <= log.position
