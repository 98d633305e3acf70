"""Saved queries on the page: opening, keeping, changing, deleting, and taking that back."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import panel as pn
import structlog

from dashboards.components import states
from dashboards.sql.state import Question, State
from dashboards.sql.store import Kept, Store
from dashboards.sql.views.bench import NEW, Bench
from dashboards.sql.views.saving import Saving
from dashboards.sql.views.side import Side
from workbench.api import problems
from workbench.errors import WorkbenchError

log = structlog.stdlib.get_logger(__name__)


class Keeping:
    """Knows which saved query is open, and keeps the lists in step."""

    def __init__(self, store: Store, state: State, bench: Bench, side: Side) -> None:
        """Make the form; the queries are on their way."""
        self._store, self._state = store, state
        self._bench, self._side = bench, side
        self._saved: list[Kept] = []
        self.saving = Saving(self._save, self._change, self._delete, self._restore)
        self.saving.show(None)

    def show(self, saved: Sequence[Kept]) -> None:
        """Show the queries that are kept."""
        self._saved = list(saved)
        self._side.show_saved(self._saved, str(self._state.opened or ""))

    def open(self, what: str) -> None:
        """Put a saved query into the editor."""
        kept = next((query for query in self._saved if str(query.id) == what), None)
        if kept is None:
            return
        with pn.io.hold():
            self._bench.write(Question(kept.sql, kept.values, kept.types), kept.name)
            self._be(kept)
            self.saving.say("")

    def leave(self) -> None:
        """Have no saved query open."""
        self._be(None)
        self.saving.say("")

    def unchanged(self, question: Question) -> UUID | None:
        """The saved query that a question is, word for word."""
        kept = self._opened()
        return kept.id if kept is not None and kept.sql == question.sql else None

    def _opened(self) -> Kept | None:
        return next((query for query in self._saved if query.id == self._state.opened), None)

    def _be(self, kept: Kept | None) -> None:
        self._state.opened = kept.id if kept else None
        self._bench.name(kept.name if kept else NEW)
        self.saving.show(kept)
        self.saving.close()
        self._side.show_saved(self._saved, str(self._state.opened or ""))

    async def _save(self, name: str, is_shared: bool) -> None:  # noqa: FBT001 (the form's two fields)
        async def work() -> None:
            kept = await self._store.save(self._bench.question(), name, is_shared=is_shared)
            await self._be_kept(kept, f"Saved as “{kept.name}”.")

        await self._attempt(work)

    async def _change(self, name: str, is_shared: bool) -> None:  # noqa: FBT001 (as above)
        opened = self._state.opened
        if opened is None:
            return

        async def work() -> None:
            question = self._bench.question()
            kept = await self._store.change(opened, question, name, shared=is_shared)
            await self._be_kept(kept, f"“{kept.name}” is changed.")

        await self._attempt(work)

    async def _delete(self, *_events: object) -> None:
        kept = self._opened()
        if kept is None:
            return

        async def work() -> None:
            await self._store.delete(kept.id)
            self._state.deleted = kept.id
            self.show(await self._store.saved())
            with pn.io.hold():
                self._be(None)
                self.saving.say(f"“{kept.name}” is deleted.", may_undo=True)

        await self._attempt(work)

    async def _restore(self, *_events: object) -> None:
        deleted = self._state.deleted
        if deleted is None:
            return

        async def work() -> None:
            await self._store.restore(deleted)
            self.show(await self._store.saved())
            with pn.io.hold():
                self.open(str(deleted))
                self.saving.say("It is back.")

        await self._attempt(work)

    async def _be_kept(self, kept: Kept, text: str) -> None:
        self._saved = await self._store.saved()
        with pn.io.hold():
            self._bench.show_kept(kept)
            self._be(kept)
            self.saving.say(text)

    async def _attempt(self, work: Callable[[], Awaitable[Any]]) -> None:
        try:
            await work()
        except Exception as error:
            known = problems.understood(error)
            if not isinstance(known, WorkbenchError):
                log.exception("a saved query failed")
                self.saving.say(states.FAILED.sentence, is_wrong=True)
                return
            places = "; ".join(f"{d.place}: {d.message}" for d in known.details)
            self.saving.say(places or str(known), is_wrong=True)
