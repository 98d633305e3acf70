-- Private datasets and changes of definitions; see the migration of the same number. Functions of
-- `workbench` are asked by the application; those of `workbench_private` are their parts. What they
-- refuse in words for people has an SQLSTATE of ours: WB001 a name is taken, WB002 it does not fit
-- what is there, WB004 there is no such column.

-- The schema of a tenant's private views, or the one of shared views. It is called as the login of
-- the tenant's kernels, so that "$user" finds it, and no setting tells of other tenants.
create function workbench_private.home_of(tenant uuid) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce('workbench_tenant_' || replace(tenant::text, '-', ''), 'data')
$$;

-- What PostgreSQL calls a type of ours; anything else is refused, since it becomes part of a text.
create function workbench_private.sql_type(type text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    if type is null
        or type not in ('text', 'integer', 'number', 'boolean', 'date', 'timestamp')
    then
        raise invalid_parameter_value using message = 'there is no such type';
    end if;
    return case type when 'integer' then 'bigint' when 'number' then 'double precision'
        when 'timestamp' then 'timestamptz' else type end;
end
$$;

-- What a value of one type is in another, as SQL: null where it does not fit, and so would be lost.
-- Texts are read as imports read the cells of a file.
create function workbench.conversion(name text, type text, to_type text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select case
        when type = to_type then format('%I', name)
        when to_type = 'text' and type = 'timestamp' then format(
            'to_char(%I at time zone ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"'')', name)
        when to_type = 'text' and type = 'date' then format('to_char(%I, ''YYYY-MM-DD'')', name)
        when to_type = 'text' then format('%I::text', name)
        when type = 'text' and to_type = 'number' then format(
            'case when %1$I !~* ''n'' and pg_input_is_valid(%1$I, ''double precision'') '
            'then %1$I::double precision end', name)
        when type = 'text' and to_type = 'date' then format(
            'case when %1$I ~ ''^\s*\d{4}-\d{2}-\d{2}\s*$'' and pg_input_is_valid(%1$I, ''date'') '
            'then %1$I::date end', name)
        when type = 'text' and to_type = 'timestamp' then format(
            'case when %1$I ~* ''^\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?\s*'
            '(Z|[+-]\d{2}(:?\d{2})?)?\s*$'' and pg_input_is_valid(%1$I, ''timestamptz'') '
            'then case when %1$I::timestamptz between ''0001-01-01 00:00Z''::timestamptz '
            'and ''9999-12-31 23:59:59.999999Z''::timestamptz then %1$I::timestamptz end end', name)
        when type = 'text' then format(
            'case when pg_input_is_valid(%1$I, %2$L) then %1$I::%2$s end',
            name, workbench_private.sql_type(to_type))
        when type = 'integer' and to_type = 'number' then format(
            'case when %1$I between -9007199254740992 and 9007199254740992 '
            'then %1$I::double precision end', name)
        when type = 'number' and to_type = 'integer' then format(
            'case when %1$I = trunc(%1$I) and %1$I >= -9223372036854775808 '
            'and %1$I < 9223372036854775808 then %1$I::bigint end', name)
        when type in ('integer', 'number') and to_type = 'boolean' then format(
            'case %I when 0 then false when 1 then true end', name)
        when type = 'boolean' and to_type in ('integer', 'number') then format(
            '%I::int::%s', name, workbench_private.sql_type(to_type))
        when type = 'date' and to_type = 'timestamp' then format(
            '(%I::timestamp at time zone ''UTC'')', name)
        when type = 'timestamp' and to_type = 'date' then format(
            'case when %1$I = date_trunc(''day'', %1$I, ''UTC'') '
            'then (%1$I at time zone ''UTC'')::date end', name)
        else format('null::%s', workbench_private.sql_type(to_type))
    end
$$;

-- Some of the values that another type would lose, as the actor may see them: policies bind it.
create function workbench.lost_values(definition uuid, column_name text, to_type text, most integer)
returns table (row_id bigint, value text)
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    type text;
begin
    select c.type into type from workbench.columns c
        where c.definition_id = definition and c.name = column_name and c.deleted_at is null;
    return query execute format(
        'select r.row_id, left(c."as text", 200) from rows.%I r '
        'cross join lateral (select %s as "as text") c '
        'where r.tenant_id = (select workbench.actor_tenant()) '
        'and r.%I is not null and (%s) is null order by r.row_id limit %s',
        'd_' || replace(definition::text, '-', ''),
        workbench.conversion(column_name, type, 'text'), column_name,
        workbench.conversion(column_name, type, to_type), most);
end
$$;

-- Refuse a name that would hide another dataset, or be hidden. Private names are each tenant's own
-- affair: they are not compared, nor does anybody wait for another tenant's.
create function workbench_private.check_name(definition uuid, name text, tenant uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regclass(format('views.%I', name)) is not null or starts_with(name, 'pg_') then
        raise duplicate_table using message = 'this name is reserved';
    end if;
    if tenant is null then
        perform pg_advisory_xact_lock(hashtextextended('dataset ' || name, 0));
    else
        perform pg_advisory_xact_lock_shared(hashtextextended('dataset ' || name, 0));
    end if;
    if exists (select from workbench.definitions d
        where d.name = check_name.name and d.id <> definition and d.deleted_at is null
            and (d.private_to is null or d.private_to is not distinct from tenant))
    then
        raise exception using errcode = 'WB001',
            message = 'There is a dataset of this name already.';
    end if;
    if tenant is null and exists (select from workbench.definitions d
        where d.name = check_name.name and d.id <> definition and d.deleted_at is null)
    then
        raise exception using errcode = 'WB001',
            message = 'A private dataset has this name, which must not be hidden; choose another.';
    end if;
end
$$;

-- The definition that the actor may change; another tenant's is as absent as none.
create function workbench_private.changeable(definition uuid) returns workbench.definitions
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found workbench.definitions;
begin
    select d.* into found from workbench.definitions d
        where d.id = definition and d.private_to is not distinct from workbench.actor_tenant();
    if found.id is null
        or found.private_to is null and workbench.platform_with('dataset:share') is not true
        or found.private_to is not null
            and workbench.tenant_with('dataset:define', definition::text) is null
    then
        raise insufficient_privilege using message = 'this needs the permission dataset:define';
    end if;
    return found;
end
$$;

-- The table of a definition's rows, with all that guards it. Its columns are not sampled: the
-- planner's estimates, which EXPLAIN shows, would tell of values that only other tenants have.
create function workbench_private.make_rows(definition uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    typed text;
    unsampled text;
begin
    select string_agg(format('%I %s', c.name, workbench_private.sql_type(c.type)), ', '
                order by c.position),
            string_agg(format('alter column %I set statistics 0', c.name), ', ')
        into strict typed, unsampled
        from workbench.columns c where c.definition_id = definition;
    execute format($ddl$
        create table rows.%1$I (
            tenant_id uuid not null,
            row_id bigint generated always as identity,
            import_id uuid not null,
            deleted_at timestamptz,
            deleted_by text,
            %2$s,
            primary key (tenant_id, row_id)
        );
        create index on rows.%1$I (tenant_id, deleted_at, deleted_by) where deleted_at is not null;
        alter table rows.%1$I %3$s;
        alter table rows.%1$I enable row level security;
        alter table rows.%1$I force row level security;
        grant select on rows.%1$I to workbench_app, workbench_viewer, workbench_lens;
        grant insert, update, delete on rows.%1$I to workbench_app;
        grant select, delete on rows.%1$I to workbench_steward;
        create policy reads on rows.%1$I for select to workbench_app, workbench_viewer
            using (tenant_id = (select workbench.tenant_with('row:read', %4$L)));
        create policy parts on rows.%1$I for select to workbench_lens
            using (tenant_id = (select workbench.tenant_with('row:read', %4$L || '#')));
        create policy inserts on rows.%1$I for insert to workbench_app
            with check (tenant_id = (select workbench.tenant_with('row:write', %4$L)));
        create policy updates on rows.%1$I for update to workbench_app
            using (tenant_id = (select workbench.tenant_with('row:write', %4$L)))
            with check (tenant_id = (select workbench.tenant_with('row:write', %4$L)));
        create policy deletes on rows.%1$I for delete to workbench_app
            using (tenant_id = (select workbench.tenant_with('row:write', %4$L)));
        create policy steward_counts on rows.%1$I for select to workbench_steward using (true);
        create policy steward_removes on rows.%1$I for delete to workbench_steward
            using (%1$I.tenant_id::text not in (
                select t.id::text from workbench.tenants t where t.deleted_at is null));
        create trigger note_change after insert or update or delete on rows.%1$I
            for each statement execute function workbench_private.note_change(%4$L);
    $ddl$, 'd_' || replace(definition::text, '-', ''), typed, unsampled, definition);
end
$$;

-- Show live rows and columns: in `data` to every reader, else to the one tenant. Its kernels' login
-- is named singly, since the logins of all tenants are in the readers' group.
create function workbench_private.open_views(definition uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    d workbench.definitions;
    home text;
    login text;
begin
    select f.* into strict d from workbench.definitions f where f.id = definition;
    home := workbench_private.home_of(d.private_to);
    if d.private_to is not null then
        perform pg_advisory_xact_lock(hashtextextended(home, 0));
        login := (select r.rolname from pg_roles r where r.rolname = home);
        if to_regnamespace(home) is null then
            execute format('create schema %1$I; '
                'grant usage on schema %1$I to workbench_app, workbench_reader; '
                'grant usage, create on schema %1$I to workbench_viewer', home);
        end if;
    end if;
    execute format($ddl$
        create view %1$I.%2$I as select row_id, %3$s from rows.%4$I where deleted_at is null;
        alter view %1$I.%2$I owner to workbench_viewer;
        grant select on %1$I.%2$I to workbench_app, %5$I;
    $ddl$, home, d.name,
        (select string_agg(format('%I', c.name), ', ' order by c.position)
            from workbench.columns c where c.definition_id = definition and c.deleted_at is null),
        'd_' || replace(definition::text, '-', ''),
        case when d.private_to is null then 'workbench_readers' else 'workbench_reader' end);
    if login is not null then
        execute format('grant usage on schema %1$I to %3$I; grant select on %1$I.%2$I to %3$I',
            home, d.name, login);
    end if;
end
$$;

-- Take away every view of a dataset's rows, the lenses on parts of it among them.
create function workbench_private.close_views(definition uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    lens text;
begin
    for lens in
        select distinct n.nspname from pg_depend p
        join pg_rewrite w on w.oid = p.objid and p.classid = 'pg_rewrite'::regclass
        join pg_class v on v.oid = w.ev_class
        join pg_namespace n on n.oid = v.relnamespace and n.nspname ~ '^lens_[0-9a-f]{32}$'
        where p.refclassid = 'pg_class'::regclass
            and p.refobjid = to_regclass('rows.d_' || replace(definition::text, '-', ''))
    loop
        perform workbench_private.drop_lens(lens);
    end loop;
    execute (select format('drop view if exists %I.%I',
            workbench_private.home_of(d.private_to), d.name)
        from workbench.definitions d where d.id = definition);
end
$$;

-- Every dataset of a definition has changed.
create function workbench_private.note_definition(definition uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    update workbench.datasets d set version = d.version + 1, changed_at = clock_timestamp()
        where d.definition_id = definition and d.deleted_at is null
$$;

-- Mark the datasets of a definition as deleted, or bring those back that went with it.
create function workbench_private.mark_datasets(definition uuid, is_deleted boolean) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    update workbench.datasets d
        set deleted_at = case when is_deleted then now() end,
            deleted_by = case when is_deleted then 'definition:' || definition end,
            version = d.version + 1, changed_at = clock_timestamp()
        where d.definition_id = definition
            and case when is_deleted then d.deleted_at is null
                else d.deleted_by = 'definition:' || definition end
$$;

-- Those who are signed in learn what they hold now: a member, all who see part of a dataset, or all
-- whom a dataset concerns.
create function workbench_private.refollow(
    definition uuid, tenant uuid, member uuid, parts_only boolean
)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    update workbench_private.live l
        set permissions = coalesce(workbench_private.impersonated(l.sid),
            workbench_private.held_now(l.user_id, l.tenant_id, l.scope))
        where l.tenant_id is not null and (tenant is null or l.tenant_id = tenant)
            and (member is null or l.user_id = member)
            and (not parts_only or 'row:read@' || definition || '#' = any (l.permissions))
            and workbench_private.held_by(l.user_id, l.tenant_id) is not null;
end
$$;

-- Whether a grant shows a part of the dataset that is made of this column.
create function workbench_private.is_in_parts(definition uuid, name text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from workbench.grants g
        join workbench.datasets d on d.tenant_id = g.tenant_id and d.id = g.dataset_id
        where d.definition_id = definition and g.deleted_at is null
            and (g.masks ? is_in_parts.name
                or jsonb_path_exists(g.filter, '$.** ? (@.column == $name)',
                    jsonb_build_object('name', is_in_parts.name))))
$$;

-- How many values of all tenants a type would lose; a count and no value.
create function workbench_private.count_lost(rows_table text, name text, type text, to_type text)
returns bigint
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    lost bigint;
begin
    execute format('select count(*) from rows.%I where %I is not null and (%s) is null',
        rows_table, name, workbench.conversion(name, type, to_type)) into lost;
    return lost;
end
$$;

-- Take the views of a definition away and lock its rows. Nobody waits long behind a slow reader.
create function workbench_private.begin_change(definition uuid) returns workbench.definitions
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found constant workbench.definitions := workbench_private.changeable(definition);
begin
    if found.deleted_at is not null then
        raise exception using errcode = 'WB002', message = 'This dataset is deleted.';
    end if;
    -- Readers come through a view to the table: who locks in another order meets them half-way.
    perform workbench_private.close_views(definition);
    execute format('lock table rows.%I in access exclusive mode',
        'd_' || replace(definition::text, '-', ''));
    return found;
end
$$;

create function workbench_private.end_change(definition uuid, tenant uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench_private.open_views(definition);
    perform workbench_private.note_definition(definition);
    perform workbench_private.refollow(definition, tenant, null, true);
end
$$;

-- A live column that no part is made of, for a change that parts would not survive.
create function workbench_private.free_column(definition uuid, column_name text)
returns workbench.columns
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found workbench.columns;
begin
    select c.* into found from workbench.columns c
        where c.definition_id = definition and c.name = column_name and c.deleted_at is null;
    if found.definition_id is null then
        raise exception using errcode = 'WB004', message = 'There is no such column.';
    end if;
    if workbench_private.is_in_parts(definition, column_name) then
        raise exception using errcode = 'WB002', message = format(
            'A grant shows part of this dataset by the column %s; change that grant first.',
            column_name);
    end if;
    return found;
end
$$;

create function workbench_private.refuse_taken(definition uuid, column_name text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from workbench.columns c
        where c.definition_id = definition and c.name = column_name and c.deleted_at is null)
    then
        raise exception using errcode = 'WB001',
            message = 'There is a column of this name already.';
    end if;
end
$$;

-- A shared dataset: as before, but its name must be no tenant's own.
create or replace function workbench.define_rows(definition uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d workbench.definitions;
begin
    if workbench.platform_with('dataset:share') is not true then
        raise insufficient_privilege using message = 'this needs the permission dataset:share';
    end if;
    select f.* into strict d from workbench.definitions f
        where f.id = definition and f.private_to is null;
    perform workbench_private.check_name(definition, d.name, null);
    perform workbench_private.make_rows(definition);
    perform workbench_private.open_views(definition);
end
$$;

-- A private dataset with its definition, columns, table and view; it is its maker's at once.
create function workbench.define_private(
    definition uuid, dataset uuid, name text, title text, description text, columns jsonb
)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    tenant constant uuid := workbench.tenant_with('dataset:create');
    maker constant uuid := workbench.actor_user();
begin
    if tenant is null or maker is null then
        raise insufficient_privilege using message = 'this needs the permission dataset:create';
    end if;
    perform workbench_private.check_name(definition, name, tenant);
    if (select count(*) from workbench.definitions d where d.private_to = tenant) >= 1000 then
        raise exception using errcode = 'WB002',
            message = 'There are 1,000 private datasets, deleted ones among them: no more fit.';
    end if;
    insert into workbench.definitions (id, name, title, description, private_to, made_by)
        values (definition, name, title, description, tenant, maker);
    insert into workbench.columns
        (definition_id, position, name, type, title, unit, description, semantic)
        select definition, c.place - 1, c.entry ->> 'name', c.entry ->> 'type',
            c.entry ->> 'title', c.entry ->> 'unit', coalesce(c.entry ->> 'description', ''),
            c.entry ->> 'semantic'
        from jsonb_array_elements(columns) with ordinality c (entry, place);
    insert into workbench.datasets (tenant_id, id, definition_id)
        values (tenant, dataset, definition);
    perform workbench_private.make_rows(definition);
    perform workbench_private.open_views(definition);
    perform workbench_private.refollow(definition, tenant, maker, false);
end
$$;

create function workbench.rename_dataset(definition uuid, to_name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d constant workbench.definitions := workbench_private.begin_change(definition);
begin
    perform workbench_private.check_name(definition, to_name, d.private_to);
    update workbench.definitions f set name = to_name where f.id = definition;
    perform workbench_private.end_change(definition, d.private_to);
end
$$;

create function workbench.add_column(definition uuid, entry jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d constant workbench.definitions := workbench_private.begin_change(definition);
    place integer;
    live integer;
begin
    perform workbench_private.refuse_taken(definition, entry ->> 'name');
    select max(c.position) + 1, count(*) filter (where c.deleted_at is null) into place, live
        from workbench.columns c where c.definition_id = definition;
    if live >= 1000 or place >= 1500 then
        raise exception using errcode = 'WB002',
            message = 'No further column fits into this dataset.';
    end if;
    insert into workbench.columns
        (definition_id, position, name, type, title, unit, description, semantic)
        values (definition, place, entry ->> 'name', entry ->> 'type', entry ->> 'title',
            entry ->> 'unit', coalesce(entry ->> 'description', ''), entry ->> 'semantic');
    execute format('alter table rows.%1$I add column %2$I %3$s, '
        'alter column %2$I set statistics 0', 'd_' || replace(definition::text, '-', ''),
        entry ->> 'name', workbench_private.sql_type(entry ->> 'type'));
    perform workbench_private.end_change(definition, d.private_to);
end
$$;

create function workbench.rename_column(definition uuid, column_name text, to_name text)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d constant workbench.definitions := workbench_private.begin_change(definition);
    c constant workbench.columns := workbench_private.free_column(definition, column_name);
begin
    perform workbench_private.refuse_taken(definition, to_name);
    update workbench.columns f set name = to_name
        where f.definition_id = definition and f.position = c.position;
    execute format('alter table rows.%I rename column %I to %I',
        'd_' || replace(definition::text, '-', ''), column_name, to_name);
    perform workbench_private.end_change(definition, d.private_to);
end
$$;

-- How many values a type would lose; for who may change the definition.
create function workbench.count_losses(definition uuid, column_name text, to_type text)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    c workbench.columns;
begin
    perform workbench_private.changeable(definition);
    c := workbench_private.free_column(definition, column_name);
    return workbench_private.count_lost(
        'd_' || replace(definition::text, '-', ''), column_name, c.type, to_type);
end
$$;

-- Answers how many values are lost; changes nothing when some are and that is not agreed to.
create function workbench.retype_column(
    definition uuid, column_name text, to_type text, losing boolean
)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s' set timezone = 'UTC'
as $$
declare
    d constant workbench.definitions := workbench_private.begin_change(definition);
    c constant workbench.columns := workbench_private.free_column(definition, column_name);
    rows_table constant text := 'd_' || replace(definition::text, '-', '');
    lost constant bigint :=
        workbench_private.count_lost(rows_table, column_name, c.type, to_type);
begin
    if lost = 0 or losing then
        update workbench.columns f set type = to_type
            where f.definition_id = definition and f.position = c.position;
        execute format('alter table rows.%1$I alter column %2$I type %3$s using (%4$s), '
            'alter column %2$I set statistics 0', rows_table, column_name,
            workbench_private.sql_type(to_type),
            workbench.conversion(column_name, c.type, to_type));
    end if;
    perform workbench_private.end_change(definition, d.private_to);
    return lost;
end
$$;

-- A dropped column keeps its values under a name that no column can have, until a purge.
create function workbench.drop_column(definition uuid, column_name text, who text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d constant workbench.definitions := workbench_private.begin_change(definition);
    c constant workbench.columns := workbench_private.free_column(definition, column_name);
begin
    update workbench.columns f set deleted_at = now(), deleted_by = who
        where f.definition_id = definition and f.position = c.position;
    if not exists (select from workbench.columns f
        where f.definition_id = definition and f.deleted_at is null)
    then
        raise exception using errcode = 'WB002',
            message = 'This is the last column; delete the dataset instead.';
    end if;
    execute format('alter table rows.%I rename column %I to %I',
        'd_' || replace(definition::text, '-', ''), column_name, 'dropped ' || c.position);
    perform workbench_private.end_change(definition, d.private_to);
end
$$;

create function workbench.restore_column(definition uuid, column_name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d constant workbench.definitions := workbench_private.begin_change(definition);
    place integer;
begin
    select f.position into place from workbench.columns f
        where f.definition_id = definition and f.name = column_name and f.deleted_at is not null
        order by f.deleted_at desc, f.position desc limit 1;
    if place is null then
        raise exception using errcode = 'WB004', message = 'There is no such column.';
    end if;
    perform workbench_private.refuse_taken(definition, column_name);
    update workbench.columns f set deleted_at = null, deleted_by = null
        where f.definition_id = definition and f.position = place;
    execute format('alter table rows.%I rename column %I to %I',
        'd_' || replace(definition::text, '-', ''), 'dropped ' || place, column_name);
    perform workbench_private.end_change(definition, d.private_to);
end
$$;

create function workbench.delete_dataset(definition uuid, who text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d constant workbench.definitions := workbench_private.begin_change(definition);
begin
    update workbench.definitions f set deleted_at = now(), deleted_by = who where f.id = definition;
    perform workbench_private.mark_datasets(definition, true);
    perform workbench_private.refollow(definition, d.private_to, null, false);
end
$$;

create function workbench.restore_dataset(definition uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d constant workbench.definitions := workbench_private.changeable(definition);
begin
    if d.deleted_at is null then
        raise exception using errcode = 'WB002', message = 'This dataset is not deleted.';
    end if;
    perform workbench_private.check_name(definition, d.name, d.private_to);
    update workbench.definitions f set deleted_at = null, deleted_by = null where f.id = definition;
    perform workbench_private.mark_datasets(definition, false);
    perform workbench_private.open_views(definition);
    perform workbench_private.refollow(definition, d.private_to, null, false);
end
$$;

-- A description has changed, which nothing but the version tells.
create function workbench.note_description(definition uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench_private.changeable(definition);
    perform workbench_private.note_definition(definition);
end
$$;

-- Remove the table of a deleted private dataset and its definition for good.
create function workbench.purge_definition(definition uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d constant workbench.definitions := workbench_private.changeable(definition);
begin
    if d.private_to is null or d.deleted_at is null then
        raise exception using errcode = 'WB002',
            message = 'Only a deleted private dataset is purged.';
    end if;
    execute format('drop table rows.%I', 'd_' || replace(definition::text, '-', ''));
    delete from workbench.definitions f where f.id = definition;
end
$$;

-- Remove the values of columns that were dropped before a time.
create function workbench.purge_columns(definition uuid, before timestamptz) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    place integer;
    removed integer := 0;
begin
    perform workbench_private.changeable(definition);
    for place in
        select c.position from workbench.columns c
        where c.definition_id = definition and c.deleted_at < before
    loop
        execute format('alter table rows.%I drop column %I',
            'd_' || replace(definition::text, '-', ''), 'dropped ' || place);
        delete from workbench.columns c where c.definition_id = definition and c.position = place;
        removed := removed + 1;
    end loop;
    return removed;
end
$$;

-- Definitions that were deleted, or lost a column, before a time; the tenant's of private ones.
create function workbench.definitions_due(before timestamptz)
returns table (tenant_id uuid, id uuid, is_deleted boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select d.private_to, d.id, d.deleted_at is not null from workbench.definitions d
    where d.private_to is not null and d.deleted_at < before
        or d.deleted_at is null and exists (select from workbench.columns c
            where c.definition_id = d.id and c.deleted_at < before)
$$;

-- The private tables and views of a deleted tenant; what names them goes with its rows.
create function workbench.purge_private(tenant uuid) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    definition uuid;
    removed bigint := 0;
begin
    perform workbench.refuse_living(tenant);
    for definition in
        select d.id from workbench.definitions d where d.private_to = tenant
            and to_regclass('rows.d_' || replace(d.id::text, '-', '')) is not null
    loop
        perform workbench_private.close_views(definition);
        execute format('drop table rows.%I', 'd_' || replace(definition::text, '-', ''));
        removed := removed + 1;
    end loop;
    execute format('drop schema if exists %I cascade', workbench_private.home_of(tenant));
    return removed;
end
$$;

-- As in 0004, but a kernel finds its tenant's private datasets by their names.
create or replace function workbench.set_tenant_login(tenant uuid, verifier text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    login constant text := 'workbench_tenant_' || replace(tenant::text, '-', '');
begin
    if workbench.actor_tenant() is distinct from tenant then
        raise insufficient_privilege using message = 'this is the login of another tenant';
    end if;
    if verifier is null or verifier not like 'SCRAM-SHA-256$%' then
        raise invalid_parameter_value using message = 'a SCRAM verifier is needed';
    end if;
    if not exists (select from pg_roles where rolname = login) then
        execute format(
            'create role %I login connection limit 20 in role workbench_readers', login);
        -- So that the application can cancel what a kernel still runs when its run has ended.
        execute format('grant %I to workbench_app with inherit true, set false', login);
    end if;
    -- A login of this name may be older than this database: roles belong to the whole server.
    if to_regnamespace(login) is not null and not has_schema_privilege(login, login, 'usage') then
        perform pg_advisory_xact_lock(hashtextextended(login, 0));
        execute format('grant usage on schema %1$I to %1$I; '
            'grant select on all tables in schema %1$I to %1$I', login);
    end if;
    -- A login may have changed its own settings, which every later kernel would begin with.
    execute format('alter role %I reset all', login);
    execute format('alter role %I in database %I reset all', login, current_database());
    execute format('alter role %I set search_path = "$user", data, views', login);
    execute format('alter role %I set client_connection_check_interval = %L', login, '1s');
    execute format('alter role %I password %L', login, verifier);
end
$$;
