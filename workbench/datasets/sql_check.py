"""Whether a statement is one that ad-hoc SQL may run, told from its parse tree.

This is the first of two gates: PostgreSQL's grants to the reader are the second and hold alone.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from pglast import ast, parse_sql, scan
from pglast.parser import ParseError

from workbench.datasets import sql_hints, sql_parameters, sql_places, sql_words
from workbench.errors import Detail, Invalid

MAX_STATEMENT = 20_000  # a longer chain of operators could exhaust the parser's stack
SCHEMA = "data"
PURE = "pg_catalog"

Scope = frozenset[str]


class SqlRefused(Invalid):
    """This statement is not available here."""

    code = "sql_refused"


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement that may run: its text without what follows it, and whether to explain it.

    `start` is where the text begins in the statement as it was typed, `parameters` are the names
    in the order of their numbers, `datasets` those that it reads.
    """

    text: str
    start: int
    explain: bool
    parameters: tuple[str, ...] = ()
    datasets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Visit:
    node: Any
    scope: Scope
    location: int


def refusal(statement: str, position: int, message: str, hint: str | None = None) -> SqlRefused:
    """The error that says what is refused, and where it stands."""
    place = sql_places.at(statement, position)
    marked = sql_places.position(statement, position)
    return SqlRefused(f"{message} ({place}).", details=[Detail(place, message, marked, hint)])


def check(
    statement: str,
    datasets: Collection[str],
    parameters: Collection[str] = (),
    private: Collection[str] = (),
) -> Checked:
    """Check that a statement only reads the named datasets; raise SqlRefused otherwise.

    `parameters` are the names that have a value. Datasets that are private have their names alone:
    they lie in no schema that a statement may name.
    """
    if len(statement) > MAX_STATEMENT:
        raise SqlRefused(f"A statement has at most {MAX_STATEMENT:,} characters.")
    if "\0" in statement or not _is_unicode(statement):
        raise SqlRefused("A statement is text without NUL characters.")
    numbered = _numbered(statement, parameters)
    raw = _only(statement, numbered.text)
    text, start = _text(numbered.text, raw)
    tree: Any = raw.stmt
    explain = isinstance(tree, ast.ExplainStmt)
    if explain:
        if tree.options:
            raise refusal(statement, start, "EXPLAIN takes no options here")
        tree = tree.query
        length = _end_of_explain(text)
        text, start = text[length:], start + length
    if not isinstance(tree, ast.SelectStmt):
        raise refusal(statement, start, "Only SELECT, VALUES and EXPLAIN are available here")
    read: set[str] = set()
    for visit in _walk(tree):
        message = _objection(visit, datasets, private)
        if message is not None:
            raise refusal(statement, visit.location, message, _hint(visit.node, datasets))
        if isinstance(visit.node, ast.RangeVar):
            read.add(str(visit.node.relname))
    return Checked(text, start, explain, numbered.names, frozenset(read) & frozenset(datasets))


def _numbered(statement: str, given: Collection[str]) -> sql_parameters.Numbered:
    numbered = sql_parameters.numbered(statement)
    if numbered.written is not None:
        raise refusal(statement, numbered.written, "A parameter is written as :name, not as $1")
    if not sql_parameters.fits(numbered.names):
        raise SqlRefused(f"At most {sql_parameters.MOST} parameters, with longer names, please.")
    for name in numbered.names:
        if name not in given:
            message = f"There is no value for the parameter {name}"
            hint = sql_hints.did_you_mean(name, given)
            raise refusal(statement, numbered.places[name], message, hint)
    return numbered


def _hint(node: Any, datasets: Collection[str]) -> str | None:
    match type(node).__name__:
        case "RangeVar":
            return sql_hints.did_you_mean(node.relname, datasets)
        case "FuncCall":
            return sql_hints.did_you_mean(node.funcname[-1].sval, sql_words.FUNCTIONS)
    return None


def _is_unicode(statement: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in statement)


def _only(statement: str, text: str) -> Any:
    try:
        statements = parse_sql(text)
    except ParseError as error:
        message, location = error.args
        raise refusal(
            statement,
            len(statement.rstrip()) if location is None else location,
            str(message),
        ) from None
    except RecursionError:
        raise SqlRefused("The statement is nested too deeply.") from None
    if len(statements) != 1:
        raise SqlRefused("Send one statement at a time.")
    return statements[0]


def _text(statement: str, raw: Any) -> tuple[str, int]:
    start = raw.stmt_location or 0
    end = start + raw.stmt_len if raw.stmt_len else len(statement)
    return statement[start:end], start


def _end_of_explain(text: str) -> int:
    data = text.encode()
    token = next(token for token in scan(text) if not token.name.endswith("COMMENT"))
    return len(data[: token.end + 1].decode()) if token.name == "EXPLAIN" else 0


def _walk(tree: Any) -> Iterator[_Visit]:
    """Visit every node with the names of WITH that it sees, without recursion."""
    todo = [_Visit(tree, frozenset(), 0)]
    while todo:
        visit = todo.pop()
        if isinstance(visit.node, tuple | list):
            todo.extend(_Visit(each, visit.scope, visit.location) for each in visit.node)
        elif isinstance(visit.node, ast.Node):
            location = getattr(visit.node, "location", None)
            known = location if isinstance(location, int) and location >= 0 else visit.location
            visit = _Visit(visit.node, visit.scope, known)
            yield visit
            todo.extend(_children(visit))


def _children(visit: _Visit) -> Iterator[_Visit]:
    scope = visit.scope
    clause: Any = visit.node.withClause if isinstance(visit.node, ast.SelectStmt) else None
    if clause:
        if clause.recursive:
            scope |= {entry.ctename for entry in clause.ctes}
        for entry in clause.ctes:
            yield _Visit(entry, scope, visit.location)
            scope |= {entry.ctename}
    for name in visit.node:
        if name != "withClause":
            yield _Visit(getattr(visit.node, name), scope, visit.location)


def _objection(visit: _Visit, datasets: Collection[str], private: Collection[str]) -> str | None:
    kind = type(visit.node).__name__
    if kind not in sql_words.NODES:
        return f"{sql_words.SAID.get(kind, kind)} is not available here"
    if isinstance(visit.node, ast.RangeVar):
        return _table(visit.node, visit.scope, datasets, private)
    return CHECKS[kind](visit.node) if kind in CHECKS else None


def _table(
    node: Any, scope: Scope, datasets: Collection[str], private: Collection[str]
) -> str | None:
    name = ".".join(filter(None, (node.catalogname, node.schemaname, node.relname)))
    if node.catalogname is None and node.schemaname is None and node.relname in scope:
        return None
    schemas = (None,) if node.relname in private else (None, SCHEMA)
    if node.catalogname is None and node.schemaname in schemas and node.relname in datasets:
        return None
    return f"There is no dataset {name}"


def _type(node: Any) -> str | None:
    if node.setof or node.pct_type:
        return "This type is not available here"
    return _word(node.names, sql_words.TYPES, "type")


def _function(node: Any) -> str | None:
    name = node.funcname[-1].sval
    if name in sql_words.SIZED and not _is_small(node.args):
        return f"{name} needs a length, a number up to {sql_words.MAX_SIZE:,},"
    return _word(node.funcname, sql_words.FUNCTIONS, "function")


def _is_small(arguments: Any) -> bool:
    size = arguments[1] if arguments and len(arguments) > 1 else None
    constant = size.val if isinstance(size, ast.A_Const) else None
    return isinstance(constant, ast.Integer) and (constant.ival or 0) <= sql_words.MAX_SIZE


def _operator(node: Any) -> str | None:
    # In BETWEEN, IN and their like the name is the grammar's own.
    if node.kind.name not in ("AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_OP_ALL"):
        return None
    return _word(node.name, sql_words.OPERATORS, "operator")


def _used_operator(names: Any) -> str | None:
    return _word(names, sql_words.OPERATORS, "operator") if names else None


def _clock(node: Any) -> str | None:
    if node.op.name in sql_words.CLOCKS:
        return None
    return f"{sql_words.SAID['SQLValueFunction']} is not available here"


def _word(names: Any, allowed: Collection[str], kind: str) -> str | None:
    parts = [part.sval for part in names]
    if parts[-1] in allowed and (len(parts) == 1 or parts[:-1] == [PURE]):
        return None
    return f"The {kind} {'.'.join(parts)} is not available here"


def _column(node: Any) -> str | None:
    last = node.fields[-1]
    if isinstance(last, ast.String) and last.sval in sql_words.SYSTEM_COLUMNS:
        return f"There is no column {last.sval}"
    return None


CHECKS: dict[str, Callable[[Any], str | None]] = {
    "A_Expr": _operator,
    "ColumnRef": _column,
    "FuncCall": _function,
    "SQLValueFunction": _clock,
    "SortBy": lambda node: _used_operator(node.useOp),
    "SubLink": lambda node: _used_operator(node.operName),
    "TypeName": _type,
}
