-- What the steward may know of a tenant, and how a deleted tenant goes: by the catalogue, so that
-- a table that comes later is counted and emptied without anybody's thinking of it.

-- Every table of ours with a column that names the tenant, and `tenants` itself.
create function workbench_private.tenant_columns(out relation regclass, out key name)
returns setof record
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select c.oid::regclass, a.attname
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind = 'r' and starts_with(pg_get_userbyid(c.relowner)::text, 'workbench_')
        and (a.attname = 'tenant_id' or exists (
            select from pg_constraint k
            where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum]
                and k.confrelid = 'workbench.tenants'::regclass))
    union
    select 'workbench.tenants'::regclass, 'id'
$$;

-- The tables of the platform that hang on a user, with what names a user's rows in each: $1.
create function workbench_private.user_tables(
    out relation regclass, out key name, out parent regclass, out referred name,
    out depth integer, out condition text
)
returns setof record
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    with recursive hanging as (
        select 'workbench.users'::regclass as relation, null::name as key,
            null::regclass as parent, null::name as referred, 0 as depth, 'id = $1' as condition
        union all
        select k.conrelid::regclass, a.attname, h.relation, b.attname, h.depth + 1,
            format('%I in (select %I from %s where %s)',
                a.attname, b.attname, h.relation, h.condition) collate "default"
        from hanging h
        join pg_constraint k on k.contype = 'f' and k.confrelid = h.relation
            and k.conrelid <> k.confrelid and cardinality(k.conkey) = 1
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
        join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[1]
        where h.depth < 8
            and k.conrelid not in (select t.relation from workbench_private.tenant_columns() t)
    )
    select * from hanging
$$;

-- Let the steward count the rows of every tenant, and remove those of tenants that live no more:
-- PostgreSQL itself refuses it the row of a living one.
create function workbench_private.open_to_steward() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
    found record;
begin
    for found in
        select t.relation, t.key, c.relname, n.nspname, c.relrowsecurity as is_guarded
        from workbench_private.tenant_columns() t
        join pg_class c on c.oid = t.relation
        join pg_namespace n on n.oid = c.relnamespace
        where not has_table_privilege('workbench_steward', c.oid, 'delete')
            or c.relrowsecurity and not exists (
                select from pg_policy p where p.polrelid = c.oid and p.polname = 'steward_removes')
    loop
        execute format('grant usage on schema %I to workbench_steward', found.nspname);
        execute format('grant select, delete on %s to workbench_steward', found.relation);
        continue when not found.is_guarded;
        execute format('drop policy if exists steward_counts on %s', found.relation);
        execute format(
            'create policy steward_counts on %s for select to workbench_steward using (true)',
            found.relation);
        execute format(
            'create policy steward_removes on %s for delete to workbench_steward using (%s)',
            found.relation,
            case when found.relation = 'workbench.tenants'::regclass
                then 'deleted_at is not null'
                else format('%I.%I::text not in (select t.id::text from workbench.tenants t '
                    'where t.deleted_at is null)', found.relname, found.key)
            end);
    end loop;
    for found in
        select u.* from workbench_private.user_tables() u where u.depth > 0 and not exists (
            select from pg_policy p where p.polrelid = u.relation and p.polname = 'steward_removes')
        order by u.depth
    loop
        execute format('grant select, delete on %s to workbench_steward', found.relation);
        execute format('create policy steward_counts on %s for select to workbench_steward '
            'using (%I in (select %I from %s))',
            found.relation, found.key, found.referred, found.parent);
        execute format('create policy steward_removes on %s for delete to workbench_steward '
            'using (%I in (select %I from %s))',
            found.relation, found.key, found.referred, found.parent);
    end loop;
end
$$;

create function workbench.open_to_steward() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if (workbench.platform_with('tenant:purge') or workbench.platform_with('platform:read'))
        is not true
    then
        raise insufficient_privilege using message = 'this needs the permission platform:read';
    end if;
    perform workbench_private.open_to_steward();
end
$$;

-- Whether a tenant is to be left alone: it is there and not deleted.
create function workbench.is_living(tenant uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from workbench.tenants t where t.id = tenant and t.deleted_at is null)
$$;

create function workbench.refuse_living(tenant uuid) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if workbench.platform_with('tenant:purge') is not true then
        raise insufficient_privilege using message = 'this needs the permission tenant:purge';
    end if;
    if tenant is null or workbench.is_living(tenant) then
        raise insufficient_privilege using message = 'this tenant is not deleted';
    end if;
end
$$;

-- A purge's record begins with what only its tenant can tell; nobody chooses these values.
create function workbench_private.begin_purge() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench.refuse_living(new.purged_id);
    select t.slug into strict new.slug from workbench.tenants t where t.id = new.purged_id;
    new.user_ids := array(
        select distinct m.user_id from workbench.memberships m where m.tenant_id = new.purged_id);
    return new;
end
$$;

create function workbench_private.end_purge() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    new.user_ids := '{}';
    new.audit_hash := (
        select encode(p.hash, 'hex') from workbench.audit_purges p
        where p.tenant = new.purged_id::text order by p.position desc limit 1);
    return new;
end
$$;

-- Every table with rows of tenants, and the others that it points at.
create function workbench.tenant_tables(out name text, out parents text[])
returns setof record
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    with ours as (select distinct t.relation from workbench_private.tenant_columns() t)
    select o.relation::text, array(
        select distinct k.confrelid::regclass::text from pg_constraint k
        where k.conrelid = o.relation and k.contype = 'f' and k.confrelid <> k.conrelid
            and k.confrelid in (select relation from ours))
    from ours o
$$;

create function workbench.purge_rows(tenant uuid, from_table text, most integer) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found record;
    removed bigint := 0;
    batch bigint;
begin
    perform workbench.refuse_living(tenant);
    for found in
        select t.relation, t.key, exists (select from pg_constraint k where k.contype = 'f'
                and k.conrelid = t.relation and k.confrelid = t.relation) as is_tree
        from workbench_private.tenant_columns() t where t.relation::text = from_table
    loop
        -- Rows that point at one another go in one statement, at whose end the keys are checked.
        execute format(
            'delete from %1$s where ctid = any (array('
            'select ctid from %1$s where %2$I = %3$L limit %4$s))',
            found.relation, found.key, tenant,
            case when found.is_tree then 'all' else most::text end);
        get diagnostics batch = row_count;
        removed := removed + batch;
    end loop;
    return removed;
end
$$;

-- A person whom no other tenant's rows name goes with the tenant; answers whether he went.
create function workbench.purge_user(purge uuid, member uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found record;
    removed bigint := 0;
begin
    perform workbench.refuse_living(
        (select p.purged_id from workbench.purges p
            where p.id = purge and p.finished_at is null and member = any (p.user_ids)));
    if exists (select from workbench.users u where u.id = member and u.is_operator) then
        return false;
    end if;
    begin
        for found in select * from workbench_private.user_tables() order by depth desc loop
            execute format('delete from %s where %s', found.relation, found.condition)
                using member;
            get diagnostics removed = row_count;
        end loop;
    exception when foreign_key_violation then
        return false;
    end;
    delete from workbench_private.live l where l.user_id = member;
    return removed > 0;
end
$$;

-- Answers to operators' requests that name the tenant, kept for a day under their keys.
create function workbench.purge_answers(tenant uuid) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    removed bigint;
begin
    perform workbench.refuse_living(tenant);
    delete from workbench.operator_keys k where position(tenant::text in k.answer::text) > 0;
    get diagnostics removed = row_count;
    return removed;
end
$$;

-- Jobs that wait, failed or lost their worker go; answers also how many are still at work.
create function workbench.purge_jobs(tenant uuid, out removed bigint, out working bigint)
language plpgsql volatile security definer set search_path = queue, pg_catalog, pg_temp
as $$
begin
    perform workbench.refuse_living(tenant);
    delete from queue.procrastinate_jobs j
        where (j.args ->> 'tenant_id' = tenant::text or position(tenant::text in j.lock) > 0)
            and (j.status <> 'doing' or not exists (
                select from queue.procrastinate_workers w
                where w.id = j.worker_id and w.last_heartbeat > now() - interval '1 minute'));
    get diagnostics removed = row_count;
    working := workbench.jobs_of(tenant);
end
$$;

create function workbench.jobs_of(tenant uuid) returns bigint
language sql stable security definer set search_path = queue, pg_catalog, pg_temp
as $$
    select count(*) from queue.procrastinate_jobs j
    where j.args ->> 'tenant_id' = tenant::text or position(tenant::text in j.lock) > 0
$$;

-- Tables of imports that are no more; the one of a running import is not to be seen from outside.
create function workbench.orphaned_staging() returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select c.relname::text from pg_class c
    where c.relnamespace = 'staging'::regnamespace and c.relkind = 'r'
        and not exists (select from workbench.imports i
            where 'i_' || replace(i.id::text, '-', '') = c.relname)
$$;

create function workbench.purge_staging() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    orphan text;
    removed bigint := 0;
begin
    if workbench.platform_with('tenant:purge') is not true then
        raise insufficient_privilege using message = 'this needs the permission tenant:purge';
    end if;
    for orphan in select * from workbench.orphaned_staging() loop
        execute format('drop table staging.%I', orphan);
        removed := removed + 1;
    end loop;
    return removed;
end
$$;

create function workbench.drop_tenant_login(tenant uuid) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    login constant text := 'workbench_tenant_' || replace(tenant::text, '-', '');
begin
    perform workbench.refuse_living(tenant);
    if not exists (select from pg_roles where rolname = login) then
        return 0;
    end if;
    execute format('drop role %I', login);
    return 1;
end
$$;

-- What is left of a tenant, place by place. A table that cannot be looked into is an error.
create function workbench.remains(tenant uuid) returns table (place text, left_over bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found record;
begin
    if workbench.platform_with('tenant:purge') is not true then
        raise insufficient_privilege using message = 'this needs the permission tenant:purge';
    end if;
    for found in
        select t.relation, t.key, c.relrowsecurity and not exists (select from pg_policy p
            where p.polrelid = c.oid and p.polname = 'steward_counts') as is_hidden
        from workbench_private.tenant_columns() t join pg_class c on c.oid = t.relation
    loop
        if found.is_hidden then
            raise insufficient_privilege
                using message = format('the rows of %s cannot be counted', found.relation);
        end if;
        place := found.relation::text;
        execute format('select count(*) from %s where %I = %L', found.relation, found.key, tenant)
            into left_over;
        return next;
    end loop;
    return query select 'answers kept for operators', count(*) from workbench.operator_keys k
        where position(tenant::text in k.answer::text) > 0;
    return query select 'queue', workbench.jobs_of(tenant);
    return query select 'staging tables', count(*) from workbench.orphaned_staging();
    return query select 'PostgreSQL login', count(*) from pg_roles
        where rolname = 'workbench_tenant_' || replace(tenant::text, '-', '');
end
$$;

-- Figures of one tenant for the operator; the width of its rows is that of a thousand of them.
create function workbench.tenant_usage(
    tenant uuid, out rows_held bigint, out row_bytes bigint, out imports bigint, out runs bigint,
    out run_seconds double precision, out members bigint, out last_activity timestamptz
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found regclass;
    held bigint;
    width numeric;
begin
    if workbench.platform_with('platform:read') is not true then
        raise insufficient_privilege using message = 'this needs the permission platform:read';
    end if;
    rows_held := 0;
    row_bytes := 0;
    for found in
        select t.relation from workbench_private.tenant_columns() t
        join pg_class c on c.oid = t.relation and c.relnamespace = 'rows'::regnamespace
    loop
        execute format('select count(*), (select avg(pg_column_size(s)) from '
            '(select r from %1$s r where tenant_id = $1 limit 1000) s) '
            'from %1$s where tenant_id = $1', found) into held, width using tenant;
        rows_held := rows_held + held;
        row_bytes := row_bytes + (held * coalesce(width, 0))::bigint;
    end loop;
    select count(*) into imports from workbench.imports i
        where i.tenant_id = tenant and i.deleted_at is null;
    select count(*), coalesce(sum(extract(epoch from r.finished_at - r.started_at)), 0)
        into runs, run_seconds from workbench.runs r
        where r.tenant_id = tenant and r.deleted_at is null;
    select count(*) into members from workbench.memberships m
        where m.tenant_id = tenant and m.deleted_at is null;
    select max(e.at) into last_activity from workbench.audit_entries e where e.tenant_id = tenant;
end
$$;

-- What an impersonation gives now, or nothing: its role's permissions, less all that could outlive
-- it, which are members, roles, tokens, exports, and work that is done later.
create function workbench_private.impersonated(entry uuid) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select array(
        select p from unnest(r.permissions) p where p = any (array[
            'audit:read', 'dashboard:read', 'dataset:read', 'import:read', 'member:read',
            'notebook:read', 'row:read', 'row:write', 'run:read', 'sql:run', 'tenant:read']))
    from workbench.impersonations i
    join workbench_private.system_roles r on r.name = i.role
    join workbench.users u on u.id = i.user_id and u.is_operator
        and u.disabled_at is null and u.deleted_at is null
    join workbench.tenants t on t.id = i.tenant_id
        and t.suspended_at is null and t.deleted_at is null
    where i.id = entry and i.ended_at is null and i.deleted_at is null
        and i.expires_at > clock_timestamp()
$$;

-- Let an operator act in a tenant as the row of `impersonations` says, which the tenant sees.
create function workbench.enter_tenant(entry uuid) returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    held constant text[] := workbench_private.impersonated(entry);
begin
    if workbench.platform_with('tenant:enter') is not true then
        raise insufficient_privilege using message = 'this needs the permission tenant:enter';
    end if;
    if held is null then
        return null;
    end if;
    insert into workbench_private.live (sid, user_id, tenant_id, permissions, expires_at, scope)
        select i.id, i.user_id, i.tenant_id, held,
            least(i.expires_at, clock_timestamp() + interval '1 hour'), held
        from workbench.impersonations i
        where i.id = entry and i.user_id = coalesce(workbench.actor_user(), i.user_id);
    return case when found then held end;
end
$$;

create function workbench.impersonations_due() returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select i.tenant_id, i.id from workbench.impersonations i
    where i.ended_at is null and i.expires_at <= clock_timestamp()
$$;

-- What an operator does inside says so, whichever part of Workbench writes the entry.
create function workbench_private.mark_impersonation() returns trigger
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if new.sid is not null and exists (select from workbench.impersonations i
        where i.tenant_id = new.tenant_id and i.id = new.sid)
    then
        new.details := new.details || jsonb_build_object('impersonation', new.sid);
    end if;
    return new;
end
$$;

create function workbench_private.end_impersonation() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    delete from workbench_private.live l where l.sid = old.id;
    return null;
end
$$;
