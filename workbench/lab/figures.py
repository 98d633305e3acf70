"""How figures look: in the house's style, sharp, and without a background of their own.

Matplotlib takes half a second to import, which is left to who draws.
"""

import os
import sys
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython

STYLE = Path(__file__).with_name("matplotlibrc")
FORMAT = "retina"


def use_style() -> None:
    """Have this process draw in the house's style, whether it has imported matplotlib or will."""
    os.environ["MATPLOTLIBRC"] = str(STYLE)
    shell: Any = get_ipython()
    if shell is not None:
        shell.config.InlineBackend.figure_formats = {FORMAT}
    if "matplotlib" in sys.modules:
        _restyle(shell)


def _restyle(shell: Any) -> None:
    import matplotlib as mpl  # noqa: PLC0415 (it is there already)
    from matplotlib_inline.backend_inline import set_matplotlib_formats  # noqa: PLC0415

    mpl.rc_file(STYLE, use_default_template=False)
    if shell is not None:
        set_matplotlib_formats(FORMAT)
