"""How a notebook speaks to the worker: a message among its outputs, taken out as it arrives."""

from IPython.display import publish_display_data

from workbench.runs.schemas import MIME, Message


def say(message: Message, words: str) -> None:
    """Send a message; in JupyterLab, where no worker listens, people read the words."""
    publish_display_data({MIME: message.model_dump(mode="json"), "text/plain": words})
