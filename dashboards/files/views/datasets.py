"""The tenant's datasets: how many rows each has, and when they last changed."""

from collections.abc import Sequence

from dashboards.components.face import Face
from dashboards.files.store import Known


class Datasets:
    """What there is already."""

    def __init__(self, *, may_explore: bool, may_load: bool) -> None:
        """Show that the datasets are on their way."""
        self._rights = {"may_explore": may_explore, "may_load": may_load}
        self._face = Face("kept_datasets", is_loading=True, datasets=[], **self._rights)
        self.pane = self._face.pane

    def show(self, datasets: Sequence[Known]) -> None:
        """Show the datasets."""
        self._face.show(is_loading=False, datasets=datasets, **self._rights)
