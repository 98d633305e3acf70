"""Names of datasets and their columns, offered while SQL is typed into a cell.

Only those that the actor may read are looked up, once a minute at most.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from cachetools import TTLCache
from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from workbench.errors import WorkbenchError
from workbench.lab import reading
from workbench.lab.run import LabRun

SECONDS = 60
# Tables outside of `views` are datasets, of which the actor is offered those that he is told of.
CATALOGUE = """
select c.relname as dataset, a.attname as name
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
where pg_table_is_visible(c.oid) and n.nspname = any(current_schemas(false))
  and c.relkind in ('r', 'v', 'p')
  and a.attnum > 0 and not a.attisdropped
  and has_column_privilege(c.oid, a.attnum, 'select')
  and (n.nspname = 'views' or c.relname in (select name from definitions))
order by c.relname, a.attnum
"""
CELL = re.compile(r"\s*%%sql\b")
LINE = re.compile(r".*%sql\s")
WORD = re.compile(r"(?:(\w+)\.)?(\w*)$")
SOURCE = re.compile(r"\b(?:from|join|,)\s+(\w+)(?:\s+(?:as\s+)?(\w+))?", re.IGNORECASE)

PRIORITY = 1000  # before those of Python's names

Catalogue = dict[str, list[str]]
Matcher = Callable[[CompletionContext], SimpleMatcherResult]


class Known:
    """What the actor can name: each dataset with its columns, kept for a minute."""

    def __init__(self, run: LabRun) -> None:
        """Say whose names they are."""
        self._run = run
        self._kept: TTLCache[str, Catalogue] = TTLCache(1, SECONDS)

    def names(self) -> Catalogue:
        """The datasets with their columns; none while they cannot be read."""
        try:
            ticket = self._run.ticket
            if ticket.tenant not in self._kept:
                frame = reading.frame(ticket, CATALOGUE, [])
                found = frame.groupby("dataset")["name"].apply(list)
                self._kept[ticket.tenant] = {str(name): found[name] for name in found.index}
            return self._kept[ticket.tenant]
        except WorkbenchError:
            return {}


def offer(shell: Any, run: LabRun) -> None:
    """Have a shell complete names in `%sql` and `%%sql`, in place of Python's."""
    others = shell.Completer.custom_matchers
    others[:] = [one for one in others if getattr(one, "matcher_identifier", None) != "sql"]
    others.append(_matcher(Known(run)))


def _matcher(known: Known) -> Matcher:
    def sql(context: CompletionContext) -> SimpleMatcherResult:
        before = context.text_until_cursor
        is_cell = CELL.match(context.full_text) and context.cursor_line
        if not is_cell and not LINE.match(before):
            return {"completions": []}
        (qualifier, word), *_ = WORD.findall(before)
        found = candidates(known.names(), context.full_text, qualifier)
        fits = [one for one in found if one.text.startswith(word.lower())]
        return {"completions": fits, "suppress": True, "matched_fragment": word}

    marked: Matcher = context_matcher(priority=PRIORITY, identifier="sql")(sql)
    return marked


def candidates(names: Catalogue, text: str, qualifier: str) -> Iterator[SimpleCompletion]:
    """The columns behind a qualifier, or those of the datasets in the text, and all datasets."""
    sources = {}
    for name, alias in SOURCE.findall(text):
        if name.lower() in names:
            sources[name.lower()] = sources[alias.lower() or name.lower()] = name.lower()
    if qualifier:
        meant = sources.get(qualifier.lower(), qualifier.lower())
        yield from (SimpleCompletion(column, type="column") for column in names.get(meant, ()))
        return
    columns = {column for name in sources.values() for column in names[name]}
    yield from (SimpleCompletion(column, type="column") for column in sorted(columns))
    yield from (SimpleCompletion(name, type="dataset") for name in sorted(set(names) - columns))
