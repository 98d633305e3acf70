"""Private datasets, described columns, and functions that change a definition with its table.

A private definition names its tenant in `private_to`; a shared one names none. Whatever runs DDL
belongs to the owner, checks who asks, and takes names and types from rows that PostgreSQL checked.
"""

from importlib import import_module
from pathlib import Path

from migrations.policies import APP, KEEPER, definer, kept_table, reader_view, run

revision = "0022"
down_revision = "0021"

OWNER, STEWARD = "workbench_owner", "workbench_steward"
HERE = Path(__file__).parent

SEMANTICS = (
    *("category", "country", "currency", "duration", "email", "identifier", "latitude"),
    *("longitude", "money", "name", "ordinal", "percent", "phone", "place", "quantity", "url"),
)
TABLES = (
    """
    alter table workbench.definitions
        add column private_to uuid
            constraint fk_definitions_private_to references workbench.tenants,
        add column made_by uuid constraint fk_definitions_made_by references workbench.users,
        add constraint ck_definitions_made_by check (private_to is null or made_by is not null)
    """,
    "create index ix_definitions_private_to on workbench.definitions (private_to)",
    "create index ix_definitions_made_by on workbench.definitions (made_by)",
    "drop index workbench.uq_definitions_name",
    """
    create unique index uq_definitions_private_to_name on workbench.definitions (private_to, name)
        nulls not distinct where deleted_at is null
    """,
    f"""
    alter table workbench.columns
        add column description text not null default '',
        add column semantic text constraint ck_columns_semantic check (semantic in {SEMANTICS}),
        drop constraint fk_columns_definition_id,
        add constraint fk_columns_definition_id foreign key (definition_id)
            references workbench.definitions on delete cascade
    """,
    """
    create unique index uq_columns_definition_id_name on workbench.columns (definition_id, name)
        where deleted_at is null
    """,
)

# Who owns each function, and who may call it.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "workbench.conversion(text, text, text)": (OWNER, APP, STEWARD),
    "workbench_private.check_name(uuid, text, uuid)": (OWNER,),
    "workbench_private.changeable(uuid)": (OWNER,),
    "workbench_private.make_rows(uuid)": (OWNER,),
    "workbench_private.open_views(uuid)": (OWNER,),
    "workbench_private.close_views(uuid)": (OWNER,),
    "workbench_private.note_definition(uuid)": (KEEPER, OWNER),
    "workbench_private.mark_datasets(uuid, boolean)": (KEEPER, OWNER),
    "workbench_private.refollow(uuid, uuid, uuid, boolean)": (KEEPER, OWNER),
    "workbench_private.is_in_parts(uuid, text)": (KEEPER, OWNER),
    "workbench_private.count_lost(text, text, text, text)": (STEWARD, OWNER),
    "workbench_private.begin_change(uuid)": (OWNER,),
    "workbench_private.end_change(uuid, uuid)": (OWNER,),
    "workbench_private.free_column(uuid, text)": (OWNER,),
    "workbench_private.refuse_taken(uuid, text)": (OWNER,),
    "workbench.define_private(uuid, uuid, text, text, text, jsonb)": (OWNER, APP),
    "workbench.rename_dataset(uuid, text)": (OWNER, APP),
    "workbench.add_column(uuid, jsonb)": (OWNER, APP),
    "workbench.rename_column(uuid, text, text)": (OWNER, APP),
    "workbench.count_losses(uuid, text, text)": (OWNER, APP),
    "workbench.retype_column(uuid, text, text, boolean)": (OWNER, APP),
    "workbench.drop_column(uuid, text, text)": (OWNER, APP),
    "workbench.restore_column(uuid, text)": (OWNER, APP),
    "workbench.delete_dataset(uuid, text)": (OWNER, APP),
    "workbench.restore_dataset(uuid)": (OWNER, APP),
    "workbench.note_description(uuid)": (OWNER, APP),
    "workbench.purge_definition(uuid)": (OWNER, APP),
    "workbench.purge_columns(uuid, timestamptz)": (OWNER, APP),
    "workbench.definitions_due(timestamptz)": (KEEPER, APP),
    "workbench.purge_private(uuid)": (OWNER, APP),
}
PLAIN = {
    "workbench_private.home_of(uuid)": (),
    "workbench_private.sql_type(text)": (),
    "workbench.lost_values(uuid, text, text, integer)": (APP,),
}

# The maker of a private dataset holds these on it, for as long as he may make some, and
# `dataset:define` also while it is deleted, so that he can restore it.
MADE = """
    select array(
        select permission || '@' || d.id from workbench.definitions d
        cross join unnest('{dataset:define,dataset:read,import:start,row:export,row:read,row:write}'
            ::text[]) permission
        where d.private_to = inside and d.made_by = member and permission <> all (held)
            and 'dataset:create' = any (held)
            and (d.deleted_at is null or permission = 'dataset:define'))
"""
HELD_BY = f"""
create or replace function workbench_private.held_by(member uuid, inside uuid) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select h.held || ({MADE}) from (
        select r.permissions || array(
            select entry from workbench_private.granted_to(m.tenant_id, m.id) entry
            where entry <> all (r.permissions)) as held
        from workbench.users u
        left join workbench.memberships m
            on m.user_id = u.id and m.tenant_id = inside and m.deleted_at is null
        left join workbench.tenants t
            on t.id = m.tenant_id and t.suspended_at is null and t.deleted_at is null
        join workbench_private.system_roles r
            on r.name = case
                when inside is null and u.is_operator then 'operator'
                when t.id is not null then m.role
            end
        where u.id = member and u.disabled_at is null and u.deleted_at is null
    ) h
$$
"""

ROLES = {
    "analyst": "dataset:create",
    "engineer": "dataset:create dataset:define",
    "owner": "dataset:create dataset:define",
}

SHARING = "(select workbench.platform_with('dataset:share'))"
TENANT = "(select workbench.actor_tenant())"
HELD_HERE = (
    "private_to = (select workbench.tenant_with('dataset:define')) or "
    f"private_to = {TENANT} "
    "and id::text = any ((select workbench.granted('dataset:define'))::text[])"
)
OF_SHARED = (
    "exists (select from workbench.definitions d "
    "where d.id = columns.definition_id and d.private_to is null)"
)
OF_OWN = (
    "exists (select from workbench.definitions d where d.id = columns.definition_id "
    f"and d.private_to is not distinct from {TENANT})"
)
ADOPTED = "exists (select from workbench.datasets s where s.definition_id = {})"
OWN_SHARED = f"private_to is not distinct from {TENANT}"
OF_PLATFORM = f"{TENANT} is null and {SHARING}"

INDEX = (
    "create index on rows.%1$I (tenant_id, deleted_at, deleted_by) where deleted_at is not null;"
)
EVERYWHERE = "workbench.tenant_with('row:write') is null"
SOMEWHERE = f"({EVERYWHERE} and cardinality(workbench.granted('row:write')) = 0)"
STAGING = """
do $do$
declare
    definition text;
begin
    for definition in
        select pg_get_functiondef(p.oid) from pg_proc p
        where p.pronamespace = 'workbench'::regnamespace
            and p.proname in ('open_staging', 'close_staging')
    loop
        execute replace(definition, $x${old}$x$, $x${new}$x$);
    end loop;
end
$do$
"""

PRIVATE_DATASETS = (
    "select s.id from workbench.datasets s "
    "join workbench.definitions d on d.id = s.definition_id where d.private_to is not null"
)
PRIVATE_IMPORTS = f"select i.id from workbench.imports i where i.dataset_id in ({PRIVATE_DATASETS})"


def upgrade() -> None:
    """Let tenants have datasets of their own, and definitions change."""
    run("drop view views.columns, views.definitions", *TABLES)
    for table in ("definitions", "columns"):
        reader_view(table)
        kept_table(table)
    _policies()
    run((HERE / "2026_11_24_0022_private.sql").read_text())
    for function, (owner, *callers) in FUNCTIONS.items():
        definer(function, owner, *callers)
    for function, callers_of in PLAIN.items():
        run(
            f"revoke all on function {function} from public",
            *(f"grant execute on function {function} to {caller}" for caller in callers_of),
        )
    _replace("workbench_private.held_by(uuid, uuid)", HELD_BY, KEEPER)
    _replace("workbench.remains(uuid)", _remains(SCHEMA_REMAINS), STEWARD, APP)
    versions = import_module("migrations.versions.2026_11_24_0019_versions")
    run(
        versions.ON_ROWS.format(statement=INDEX),
        STAGING.format(old=EVERYWHERE, new=SOMEWHERE),
        f"grant usage on schema rows to {STEWARD}",
        "select workbench_private.open_to_steward()",
    )
    for role, added in ROLES.items():
        run(
            "update workbench_private.system_roles set permissions = array(select distinct p from "
            f"unnest(permissions || string_to_array('{added}', ' ')) p order by p) "
            f"where name = '{role}'"
        )


def _policies() -> None:
    run(
        f"alter policy reads on workbench.definitions using ({ADOPTED.format('definitions.id')} "
        f"and (private_to is null or private_to = {TENANT}) or private_to is null and {SHARING})",
        f"alter policy inserts on workbench.definitions with check "
        f"(private_to is null and {SHARING})",
        f"alter policy updates on workbench.definitions "
        f"using (private_to is null and {SHARING} or {HELD_HERE}) "
        f"with check (private_to is null and {SHARING} or {HELD_HERE})",
        "alter policy reads on workbench.columns using "
        f"({ADOPTED.format('columns.definition_id')} or {SHARING} and {OF_SHARED})",
        f"alter policy inserts on workbench.columns with check ({SHARING} and {OF_SHARED})",
        f"alter policy updates on workbench.columns using ({_of_held()}) with check ({_of_held()})",
        # What a table is made of is changed with the table, by the functions that do it.
        f"revoke update on workbench.definitions, workbench.columns from {APP}",
        f"grant update (title, description) on workbench.definitions to {APP}",
        f"grant update (title, unit, description, semantic) on workbench.columns to {APP}",
        *_owners(),
        f"grant update (deleted_at, deleted_by) on workbench.datasets to {KEEPER}",
        f"create policy platform_marks on workbench.datasets for update to {KEEPER} "
        f"using ({OF_PLATFORM}) with check ({OF_PLATFORM})",
    )
    started = (
        f"tenant_id = {TENANT} and exists (select from workbench.datasets s "
        "where s.tenant_id = imports.tenant_id and s.id = imports.dataset_id "
        "and s.definition_id::text = any ((select workbench.granted('import:start'))::text[]))"
    )
    run(
        f"create policy granted_inserts on workbench.imports for insert to {APP} "
        f"with check ({started})",
        f"create policy granted_updates on workbench.imports for update to {APP} "
        f"using ({started}) with check ({started})",
        f"create policy granted_inserts on workbench.rejects for insert to {APP} "
        f"with check (tenant_id = {TENANT} and exists (select from workbench.imports i "
        "join workbench.datasets s on s.tenant_id = i.tenant_id and s.id = i.dataset_id "
        "where i.tenant_id = rejects.tenant_id and i.id = rejects.import_id "
        "and s.definition_id::text = any ((select workbench.granted('import:start'))::text[])))",
    )


def _of_held() -> str:
    return (
        "exists (select from workbench.definitions d where d.id = columns.definition_id "
        f"and (d.private_to is null and {SHARING} or {HELD_HERE}))"
    )


def _owners() -> list[str]:
    """What policies let the functions of the owner do, for the tenant or platform that asks."""
    own = f"private_to = {TENANT}"
    conditions = {
        "definitions": (own, OWN_SHARED, f"{own} and deleted_at is not null"),
        "columns": (OF_OWN, OF_OWN, f"{OF_OWN} and deleted_at is not null"),
    }
    policy = "create policy definer_{} on workbench.{} for {} to " + OWNER
    made = [
        policy.format("inserts", "datasets", "insert") + f" with check (tenant_id = {TENANT})",
    ]
    for table, (inserted, updated, deleted) in conditions.items():
        made += [
            policy.format("inserts", table, "insert") + f" with check ({inserted})",
            policy.format("updates", table, "update")
            + f" using ({updated}) with check ({updated})",
            policy.format("deletes", table, "delete") + f" using ({deleted})",
        ]
    return made


REMAINS_IN = HERE / "2026_11_23_0016_tenant_life.sql"
BEGINNING = "create function workbench.remains("
END = "\n$$;"
SCHEMA_REMAINS = """
    return query select 'private schema', count(*) from pg_namespace n
        where n.nspname = 'workbench_tenant_' || replace(tenant::text, '-', '');"""


def _remains(more: str) -> str:
    """The function that counts what is left of a tenant, in one place more than before."""
    _, _, rest = REMAINS_IN.read_text().partition(BEGINNING)
    text, _, _ = rest.partition("\nend" + END)
    again = BEGINNING.replace("create", "create or replace")
    return f"{again}{text}{more}\nend{END}"


def _replace(signature: str, text: str, owner: str, *callers: str) -> None:
    """Give a definer function another text: its owner may use no language once all is hardened."""
    run(f"set local role {owner}", f"drop function {signature}", "reset role", text)
    definer(signature, owner, *callers)


def downgrade() -> None:
    """Remove private datasets with their rows; definitions stay as they are from then on."""
    versions = import_module("migrations.versions.2026_11_24_0019_versions")
    imports = import_module("migrations.versions.2026_11_24_0020_imports")
    lenses = import_module("migrations.versions.2026_11_23_0011_lenses")
    datasets = import_module("migrations.versions.2026_11_23_0004_datasets")
    rows = (
        versions._define_rows()  # noqa: SLF001 (frozen beside this file)
        .replace(
            "create view data.%3$I as",
            f"{versions.WATCH.format(definition=6)}\n        create view data.%3$I as",
        )
        .replace(imports.INDEX, "")
    )
    _remove_private()
    held_by = lenses.HELD_BY.format(granted=lenses.GRANTED)
    _replace("workbench_private.held_by(uuid, uuid)", held_by, KEEPER)
    _replace("workbench.remains(uuid)", _remains(""), STEWARD, APP)
    run(
        STAGING.format(old=SOMEWHERE, new=EVERYWHERE),
        rows,
        datasets.TENANT_LOGIN.replace("create function", "create or replace function"),
        *(f"drop function {function}" for function in (*PLAIN, *reversed(FUNCTIONS))),
        "update workbench_private.system_roles set permissions = array("
        "select p from unnest(permissions) p where p not in ('dataset:create', 'dataset:define'))",
    )
    _policies_before()
    run(
        "drop view views.columns, views.definitions",
        "drop index workbench.uq_definitions_private_to_name",
        "alter table workbench.definitions drop column private_to, drop column made_by",
        "create unique index uq_definitions_name on workbench.definitions (name) "
        "where deleted_at is null",
        "drop index workbench.uq_columns_definition_id_name",
        "alter table workbench.columns drop column description, drop column semantic, "
        "drop constraint fk_columns_definition_id, add constraint fk_columns_definition_id "
        "foreign key (definition_id) references workbench.definitions",
    )
    for table in ("definitions", "columns"):
        reader_view(table)


def _remove_private() -> None:
    tables = ("rejects", "imports", "grants", "datasets", "definitions", "columns")
    run(
        (HERE / "2026_11_24_0022_private_down.sql").read_text(),
        *(f"alter table workbench.{table} no force row level security" for table in tables),
        f"delete from workbench.rejects where import_id in ({PRIVATE_IMPORTS})",
        f"delete from workbench.imports where dataset_id in ({PRIVATE_DATASETS})",
        f"delete from workbench.grants where dataset_id in ({PRIVATE_DATASETS})",
        f"delete from workbench.datasets where id in ({PRIVATE_DATASETS})",
        "delete from workbench.definitions where private_to is not null",
        *(f"alter table workbench.{table} force row level security" for table in tables),
    )


def _policies_before() -> None:
    new = {
        "definitions": ("keeper", "definer_inserts", "definer_updates", "definer_deletes"),
        "columns": ("keeper", "definer_inserts", "definer_updates", "definer_deletes"),
        "datasets": ("definer_inserts", "platform_marks"),
        "imports": ("granted_inserts", "granted_updates"),
        "rejects": ("granted_inserts",),
    }
    run(
        *(f"drop policy {name} on workbench.{t}" for t, names in new.items() for name in names),
        "drop policy steward_counts on workbench.definitions",
        "drop policy steward_removes on workbench.definitions",
        f"revoke all on workbench.definitions from {STEWARD}",
        f"revoke select on workbench.definitions, workbench.columns from {KEEPER}",
        f"revoke update (deleted_at, deleted_by) on workbench.datasets from {KEEPER}",
        f"revoke update (title, description) on workbench.definitions from {APP}",
        f"revoke update (title, unit, description, semantic) on workbench.columns from {APP}",
        f"grant update on workbench.definitions, workbench.columns to {APP}",
    )
    for table, key in (("definitions", "definitions.id"), ("columns", "columns.definition_id")):
        run(
            f"alter policy reads on workbench.{table} using ({ADOPTED.format(key)} or {SHARING})",
            f"alter policy inserts on workbench.{table} with check ({SHARING})",
            f"alter policy updates on workbench.{table} using ({SHARING}) with check ({SHARING})",
        )
