"""The chain of the audit: entries that nobody changes, sealed by hashes in batches."""

from migrations.policies import (
    APP,
    KEEPER,
    append_only,
    called_by,
    definer,
    guarded_table,
    run,
)

revision = "0014"
down_revision = "0013"

OWNER = "workbench_owner"
KEPT = ("audit_entries", "audit_links", "audit_seals", "audit_purges")
PURGED = ("audit_links", "audit_seals", "audit_entries")  # children first

TABLES = (
    "alter table workbench.audit_entries add column run_id uuid, add column rows bigint",
    "create index ix_audit_entries_tenant_id_at_id on workbench.audit_entries (tenant_id, at, id)",
    """
    create index ix_audit_entries_tenant_id_subject_at_id
        on workbench.audit_entries (tenant_id, subject, at, id)
    """,
    """
    create index ix_audit_entries_tenant_id_action_at_id
        on workbench.audit_entries (tenant_id, action, at, id)
    """,
    """
    create index ix_audit_entries_tenant_id_run_id
        on workbench.audit_entries (tenant_id, run_id) where run_id is not null
    """,
    """
    create table workbench.audit_links (
        tenant_id uuid not null
            constraint fk_audit_links_tenant_id references workbench.tenants,
        position bigint not null,
        entry_id uuid not null,
        hash bytea not null,
        constraint pk_audit_links primary key (tenant_id, position),
        constraint fk_audit_links_tenant_id_entry_id
            foreign key (tenant_id, entry_id) references workbench.audit_entries (tenant_id, id)
    )
    """,
    """
    create unique index uq_audit_links_tenant_id_entry_id
        on workbench.audit_links (tenant_id, entry_id)
    """,
    """
    create table workbench.audit_seals (
        tenant_id uuid not null
            constraint fk_audit_seals_tenant_id references workbench.tenants,
        position bigint not null,
        hash bytea not null,
        at timestamptz not null default clock_timestamp(),
        constraint pk_audit_seals primary key (tenant_id, position)
    )
    """,
    # No key to the tenant: what is left of a purged one must outlive it.
    """
    create table workbench.audit_purges (
        tenant text not null,
        position bigint not null,
        hash bytea not null,
        entries bigint not null,
        at timestamptz not null default clock_timestamp(),
        constraint pk_audit_purges primary key (tenant, position)
    )
    """,
    # Entries commit in another order than that of their ids, so each waits here by name.
    """
    create table workbench_private.audit_unsealed (
        tenant_id uuid not null,
        id uuid not null,
        primary key (tenant_id, id)
    )
    """,
    """
    create table workbench_private.audit_purging (
        tenant_id uuid primary key,
        transaction xid8 not null default pg_current_xact_id()
    )
    """,
    f"grant select, insert, update, delete on workbench_private.audit_unsealed to {KEEPER}",
    f"grant select on workbench_private.audit_purging to {KEEPER}",
    # The owner is bound by the policies too, and entries written so far wait to be sealed.
    "alter table workbench.audit_entries no force row level security",
    """
    insert into workbench_private.audit_unsealed select tenant_id, id from workbench.audit_entries
    """,
    "alter table workbench.audit_entries force row level security",
)

# Whoever acts through a run has the run's id as its sid: no door needs to tell.
PLACE = """
create function workbench_private.place_audit() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if new.run_id is null and new.sid is not null then
        select r.id into new.run_id
            from workbench.runs r where r.tenant_id = new.tenant_id and r.id = new.sid;
    end if;
    return new;
end
$$
"""
AWAIT_SEAL = """
create function workbench_private.await_seal() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into workbench_private.audit_unsealed values (new.tenant_id, new.id);
    return null;
end
$$
"""
SEALED = """
create function workbench_private.audit_sealed() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    delete from workbench_private.audit_unsealed u
        where u.tenant_id = new.tenant_id and u.id = new.entry_id;
    return null;
end
$$
"""
KEEP = """
create function workbench_private.keep_audit() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_level = 'ROW' and tg_table_name <> 'audit_purges' then
        if exists (
            select from workbench_private.audit_purging p
            where p.tenant_id = old.tenant_id and p.transaction = pg_current_xact_id()
        ) then
            return old;
        end if;
    end if;
    raise insufficient_privilege using message = 'the audit is append only';
end
$$
"""
DUE = """
create function workbench.audit_due(most integer) returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select distinct u.tenant_id from workbench_private.audit_unsealed u limit most
$$
"""
# Whoever seals a tenant locks what it seals: a second one waits, and finds the rest.
WAITING = """
create function workbench.audit_waiting(inside uuid, most integer) returns table (id uuid)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    select u.id from workbench_private.audit_unsealed u
    where u.tenant_id = inside order by u.id limit most for update
$$
"""
# A netstring (length in bytes, colon, text, comma) for each field, `-,` for one that is null.
FORM = """
create function workbench.audit_form(entry workbench.audit_entries) returns bytea
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select convert_to(string_agg(
        coalesce(octet_length(convert_to(f.field, 'UTF8')) || ':' || f.field, '-') || ',',
        '' order by f.place
    ), 'UTF8')
    from unnest(array[
        'workbench audit 1', entry.tenant_id::text, entry.id::text,
        to_char(entry.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        entry.subject, entry.sid::text, entry.action, entry.target,
        entry.run_id::text, entry.rows::text, entry.details::text
    ]) with ordinality f (field, place)
$$
"""
SEAL = """
create function workbench.seal_audit(most integer) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
    sealing constant uuid := workbench.tenant_with('audit:seal');
    waiting uuid[];
    entry workbench.audit_entries;
    place bigint;
    link bytea;
    sealed integer := 0;
begin
    if sealing is null then
        raise insufficient_privilege using message = 'this needs the permission audit:seal';
    end if;
    waiting := array(select w.id from workbench.audit_waiting(sealing, most) w);
    if cardinality(waiting) = 0 then
        return 0;
    end if;
    select l.position, l.hash into place, link from workbench.audit_links l
        where l.tenant_id = sealing order by l.position desc limit 1;
    if not found then
        select p.position, p.hash into place, link from workbench.audit_purges p
            where p.tenant = sealing::text order by p.position desc limit 1;
    end if;
    place := coalesce(place, 0);
    link := coalesce(link, decode(repeat('00', 32), 'hex'));
    for entry in
        select e.* from workbench.audit_entries e
        where e.tenant_id = sealing and e.id = any (waiting) order by e.at, e.id
    loop
        place := place + 1;
        link := sha256(link || workbench.audit_form(entry));
        insert into workbench.audit_links values (sealing, place, entry.id, link);
        sealed := sealed + 1;
    end loop;
    if sealed > 0 then
        insert into workbench.audit_seals (tenant_id, position, hash)
            values (sealing, place, link);
    end if;
    return sealed;
end
$$
"""
# Without `upto` all of a tenant's audit goes, whether sealed or not. What stays is where the
# chain ended: an entry that is sealed later continues from there.
PURGE = """
create function workbench.purge_audit(purged uuid, upto bigint) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    most constant bigint := coalesce(upto, 9223372036854775807);
    link workbench.audit_links;
    ids uuid[];
    gone bigint := 0;
begin
    if workbench.platform_with('tenant:purge') is not true then
        raise insufficient_privilege using message = 'this needs the permission tenant:purge';
    end if;
    insert into workbench_private.audit_purging values (purged);
    select l.* into link from workbench.audit_links l
        where l.tenant_id = purged and l.position <= most order by l.position desc limit 1;
    with links as (
        delete from workbench.audit_links l
        where l.tenant_id = purged and l.position <= most returning l.entry_id
    ) select array_agg(entry_id) into ids from links;
    delete from workbench.audit_seals s where s.tenant_id = purged and s.position <= most;
    delete from workbench.audit_entries e
        where e.tenant_id = purged and (upto is null or e.id = any (ids));
    get diagnostics gone = row_count;
    if upto is null then
        delete from workbench_private.audit_unsealed u where u.tenant_id = purged;
    end if;
    if link.position is not null then
        insert into workbench.audit_purges (tenant, position, hash, entries)
            values (purged::text, link.position, link.hash, gone);
    end if;
    delete from workbench_private.audit_purging p where p.tenant_id = purged;
    return gone;
end
$$
"""

PRIVATE = ("place_audit()", "await_seal()", "audit_sealed()", "keep_audit()")
FUNCTIONS = (
    "workbench.purge_audit(uuid, bigint)",
    "workbench.seal_audit(integer)",
    "workbench.audit_form(workbench.audit_entries)",
    "workbench.audit_waiting(uuid, integer)",
    "workbench.audit_due(integer)",
)
# Deeds of the platform that a tenant sees: signing in, disabling a user, sharing a dataset.
NOTING = " or ".join(
    f"(select workbench.platform_with('{permission}'))"
    for permission in ("user:authenticate", "user:manage", "dataset:share")
)
PURGING = (
    "exists (select from workbench_private.audit_purging p "
    "where p.tenant_id{cast} = {tenant} and p.transaction = pg_current_xact_id())"
)


def upgrade() -> None:
    """Give the audit its chain, and take from everybody the means to change it."""
    run(*TABLES)
    _policies()
    run(PLACE, AWAIT_SEAL, SEALED, KEEP, DUE, WAITING, FORM, SEAL, PURGE)
    for function in PRIVATE:
        definer(f"workbench_private.{function}", KEEPER, OWNER)
    definer("workbench.audit_due(integer)", KEEPER, APP)
    definer("workbench.audit_waiting(uuid, integer)", KEEPER, APP)
    for function in FUNCTIONS[:3]:
        called_by(function, APP)
    run(
        "create trigger place before insert on workbench.audit_entries "
        "for each row execute function workbench_private.place_audit()",
        "create trigger await_seal after insert on workbench.audit_entries "
        "for each row execute function workbench_private.await_seal()",
        "create trigger sealed after insert on workbench.audit_links "
        "for each row execute function workbench_private.audit_sealed()",
    )
    for table in KEPT:
        append_only(table)


def _policies() -> None:
    reading = "tenant_id = (select workbench.tenant_with('audit:read'))"
    sealing = "tenant_id = (select workbench.tenant_with('audit:seal'))"
    guarded_table("audit_links", select=reading, insert=sealing)
    guarded_table("audit_seals", select=reading, insert=sealing)
    guarded_table(
        "audit_purges",
        select="tenant = (select workbench.tenant_with('audit:read'))::text "
        "or (select workbench.platform_with('tenant:purge'))",
    )
    # Named so that it is asked last: PostgreSQL begins with the last name, and most entries are of
    # the actor's own tenant.
    run(
        f"create policy deeds on workbench.audit_entries for insert to {APP} with check ({NOTING})",
    )
    own = PURGING.format(cast="", tenant="tenant_id")
    for table in PURGED:
        run(
            f"create policy finds on workbench.{table} for select to {OWNER} using ({own})",
            f"create policy purges on workbench.{table} for delete to {OWNER} using ({own})",
        )
    kept = PURGING.format(cast="::text", tenant="tenant")
    run(
        f"create policy keeps on workbench.audit_purges for insert to {OWNER} with check ({kept})",
    )


def downgrade() -> None:
    """Forget the chain; entries stay, guarded by policies and grants alone."""
    run(
        *(
            f"drop trigger {name} on workbench.audit_entries"
            for name in ("place", "await_seal", "keep", "keep_rows")
        ),
        *(
            f"drop policy {name} on workbench.audit_entries"
            for name in ("deeds", "finds", "purges")
        ),
        *(f"drop function {function}" for function in FUNCTIONS),
        "drop table workbench.audit_links, workbench.audit_seals, workbench.audit_purges",
        *(f"drop function workbench_private.{function}" for function in PRIVATE),
        "drop table workbench_private.audit_unsealed, workbench_private.audit_purging",
        "alter table workbench.audit_entries drop column run_id, drop column rows",
        *(
            f"drop index workbench.ix_audit_entries_tenant_id_{name}"
            for name in ("at_id", "subject_at_id", "action_at_id")
        ),
    )
