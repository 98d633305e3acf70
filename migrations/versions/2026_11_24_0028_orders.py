"""Orders of a definition's rows that an index keeps, so that a page far down costs no sort.

An order is written by the positions of its columns, `-` before one descends: columns are renamed,
and positions stay. The index begins with the tenant and ends with `row_id`, as every page does.
"""

from pathlib import Path

from migrations.policies import APP, called_by, definer, reader_view, run

revision = "0028"
down_revision = "0027"

OWNER = "workbench_owner"
DEFINERS = {
    "workbench_private.order_parts(uuid, text[])": (),
    "workbench.add_order(uuid, text[])": (APP,),
    "workbench.drop_order(uuid, text[])": (APP,),
    "workbench.order_statement(uuid, text[])": (APP,),
}
PLAIN = ("workbench_private.order_index(uuid, text)", "workbench_private.forget_orders()")
FORGET = """
create trigger forget_orders after delete on workbench.columns
    for each row execute function workbench_private.forget_orders()
"""
DROP_INDEXES = """
do $do$
declare
    found regclass;
begin
    for found in
        select i.indexrelid from pg_index i join pg_class c on c.oid = i.indexrelid
        where c.relnamespace = 'rows'::regnamespace and c.relname ~ '^o_[0-9a-f]{32}$'
    loop
        execute format('drop index %s', found);
    end loop;
end
$do$
"""


def upgrade() -> None:
    """Let who may change a definition have orders of its rows kept."""
    run(
        "drop view views.definitions",
        "alter table workbench.definitions add column orders text[] not null default '{}'",
    )
    reader_view("definitions")
    run(Path(__file__).with_suffix(".sql").read_text())
    for function in PLAIN:
        called_by(function, OWNER)
    for function, callers in DEFINERS.items():
        definer(function, OWNER, *callers)
    run(FORGET)


def downgrade() -> None:
    """Drop the indexes of orders; rows are sorted for each page again."""
    run(
        "drop trigger forget_orders on workbench.columns",
        *(f"drop function {function}" for function in (*DEFINERS, *PLAIN)),
        DROP_INDEXES,
        "drop view views.definitions",
        "alter table workbench.definitions drop column orders",
    )
    reader_view("definitions")
