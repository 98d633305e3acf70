"""What the shell shows of a run that goes on."""

import pytest

from workbench.cli import following
from workbench.runs.models import Run


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("one\n\ttwo\n", "one\n\ttwo\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]52;c;ZXZpbA==\x1b\\text", "text"),
        ("a\x07\x08\x9bb", "ab"),
    ],
)
def test_a_notebook_tells_a_terminal_nothing(printed: str, shown: str) -> None:
    """Text and lines are shown; colours, titles, the clipboard and bells are not."""
    assert following.plain(printed) == shown


def test_the_bar_shows_what_is_known() -> None:
    """What the notebook tells goes before its cells; before either there is no total."""
    assert following.share(Run(progress=None)) == (0, None)
    run = Run(progress=None, cells=4, cells_done=1, cell_title="Load")
    assert following.share(run) == (1, 4)
    assert following.cell(run) == "cell 2 of 4 Load"
    run.progress = 0.25
    assert following.share(run) == (0.25, 1.0)
