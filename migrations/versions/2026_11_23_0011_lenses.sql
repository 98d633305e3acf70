-- What lenses are made of; see the migration of the same number.

create table workbench_private.lens_values (
    lens text not null,
    place integer not null,
    chosen text[] not null,
    constraint pk_lens_values primary key (lens, place)
);

create table workbench_private.salts (
    tenant_id uuid constraint pk_salts primary key,
    salt bytea not null check (length(salt) >= 32)
);

-- A filter is a tree: {"all": [...]}, {"any": [...]}, {"not": {...}} or
-- {"column": ..., "op": ..., "value": ...}. Names are looked up and operators chosen from a list;
-- values become rows of lens_values.
create function workbench_private.predicate(lens text, definition uuid, tree jsonb) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    parts text[];
    branch jsonb;
    typed text;
    given text[];
    number integer;
    operator text;
begin
    if tree ? 'all' or tree ? 'any' then
        for branch in select * from jsonb_array_elements(coalesce(tree -> 'all', tree -> 'any'))
        loop
            parts := parts || workbench_private.predicate(lens, definition, branch);
        end loop;
        if parts is null then
            raise invalid_parameter_value using message = 'the filter is not complete';
        end if;
        return '(' || array_to_string(
            parts, case when tree ? 'all' then ' and ' else ' or ' end) || ')';
    elsif tree ? 'not' then
        return '(' || workbench_private.predicate(lens, definition, tree -> 'not')
            || ') is not true';
    end if;

    select case c.type when 'integer' then 'bigint' when 'number' then 'double precision'
            when 'timestamp' then 'timestamptz' else c.type end
        into typed
        from workbench.columns c
        where c.definition_id = definition and c.name = tree ->> 'column' and c.deleted_at is null;
    if typed is null then
        raise invalid_parameter_value
            using message = format('the dataset has no column %s', left(tree ->> 'column', 63));
    end if;
    if tree ->> 'op' = 'is_null' then
        return format('%I is null', tree ->> 'column');
    end if;

    given := case when tree ->> 'op' = 'in'
        then array(select * from jsonb_array_elements_text(tree -> 'value'))
        else array[tree ->> 'value'] end;
    operator := case tree ->> 'op' when 'eq' then '=' when 'ne' then '<>' when 'lt' then '<'
        when 'le' then '<=' when 'gt' then '>' when 'ge' then '>=' when 'in' then '= any' end;
    if operator is null or cardinality(given) = 0 or array_position(given, null) is not null then
        raise invalid_parameter_value using message = 'the filter is not complete';
    end if;
    begin
        execute format('select $1::%s[]', typed) using given;
    exception when data_exception then
        raise invalid_parameter_value using message =
            format('a value for %s is not of its type, %s', tree ->> 'column', typed);
    end;
    insert into workbench_private.lens_values
        select predicate.lens, count(*) + 1, given from workbench_private.lens_values v
        where v.lens = predicate.lens
        returning lens_values.place into number;
    return format('%I %s ((select v.chosen%s::%s from workbench_private.lens_values v '
        'where v.lens = %L and v.place = %s)%s)', tree ->> 'column', operator,
        case when operator = '= any' then '' else '[1]' end,
        case when operator = '= any' then typed || '[]' else typed end,
        lens, number, case when operator = '= any' then format('::%s[]', typed) else '' end);
end
$$;

-- What is left of a column under a mask.
create function workbench_private.masked(inside uuid, name text, type text, mask text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    if mask is null then
        return quote_ident(name);
    elsif mask = 'null' then
        return 'null::' || case type when 'integer' then 'bigint'
            when 'number' then 'double precision' when 'timestamp' then 'timestamptz'
            else type end;
    elsif mask = 'hash' and type = 'text' then
        return format('encode(sha256((select s.salt from workbench_private.salts s '
            'where s.tenant_id = %L) || convert_to(%I, ''UTF8'')), ''hex'')', inside, name);
    elsif mask = 'partial' and type = 'text' then
        return format('case when length(%1$I) > 4 then left(%1$I, 2) else '''' end '
            '|| case when %1$I is not null then ''…'' end', name);
    elsif mask = 'partial' and type = 'date' then
        return format('date_trunc(''month'', %I::timestamp)::date', name);
    elsif mask = 'partial' and type = 'timestamp' then
        return format('date_trunc(''month'', %I, ''UTC'')', name);
    end if;
    raise invalid_parameter_value using message =
        format('the column %s of type %s cannot have this mask', left(name, 63), type);
end
$$;

-- Each grant shows its rows under its masks. A row that several show has the least mask of them.
create function workbench_private.lens_column(
    inside uuid, name text, type text, masks text[], conditions text[]
)
returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    level text;
    shown text;
    branches text := '';
    last text;
begin
    for level in
        select l.name from unnest(array['none', 'partial', 'hash', 'null']) with ordinality
            l (name, place)
        where l.name = any (masks) order by l.place
    loop
        shown := workbench_private.masked(inside, name, type, nullif(level, 'none'));
        branches := branches || format(' when %s then %s',
            (select string_agg(c, ' or ') from unnest(masks, conditions) g (m, c) where m = level),
            shown);
        last := shown;
    end loop;
    return case when cardinality(array(select distinct m from unnest(masks) m)) = 1 then last
        else 'case' || branches || ' end' end || ' as ' || quote_ident(name);
end
$$;

-- The parts of datasets that a member may see, and of which no grant or role gives the whole.
create function workbench_private.lens_spec(inside uuid, place uuid, held text[]) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select jsonb_agg(part order by part ->> 'definition') from (
        select jsonb_build_object('definition', d.definition_id, 'grants', jsonb_agg(
            jsonb_build_object('filter', g.filter, 'masks', g.masks) order by g.id)) as part
        from workbench.grants g
        join workbench.datasets d
            on d.tenant_id = g.tenant_id and d.id = g.dataset_id and d.deleted_at is null
        where g.tenant_id = inside and g.deleted_at is null and 'row:read' = any (g.permissions)
            and 'row:read' <> all (held) and 'row:read@' || d.definition_id <> all (held)
            and (g.membership_id = place or g.role_id in (
                select r.id from workbench.member_roles m
                join workbench.roles r on r.tenant_id = m.tenant_id and r.id = m.role_id
                where m.tenant_id = inside and m.membership_id = place
                    and m.deleted_at is null and r.deleted_at is null))
        group by d.definition_id
    ) parts
$$;

create function workbench_private.build_lens(lens text, inside uuid, spec jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    pane constant text := 'pane' || substr(lens, 5);
    part jsonb;
    definition uuid;
    conditions text[];
    source text;
begin
    perform pg_advisory_xact_lock(hashtext(lens));
    if to_regnamespace(lens) is not null then
        return;
    end if;
    delete from workbench_private.lens_values v where v.lens = build_lens.lens;
    insert into workbench_private.salts
        values (inside, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())))
        on conflict do nothing;
    execute format('create schema %I; create schema %I; '
        'grant usage on schema %1$I to workbench_readers, workbench_lens; grant create on schema %1$I to workbench_lens; '
        'grant usage on schema %2$I to workbench_app, workbench_lens; grant create on schema %2$I to workbench_lens',
        lens, pane);
    for part in select * from jsonb_array_elements(spec) loop
        definition := part ->> 'definition';
        conditions := array(
            select case when jsonb_typeof(g.entry -> 'filter') = 'object'
                then workbench_private.predicate(lens, definition, g.entry -> 'filter')
                else 'true' end
            from jsonb_array_elements(part -> 'grants') with ordinality g (entry, place)
            order by g.place);
        source := format('select row_id, %s from rows.%I where deleted_at is null '
            'and tenant_id = (select workbench.tenant_with(''row:read'', %L)) and (%s)',
            (select string_agg(workbench_private.lens_column(inside, c.name, c.type,
                    array(select coalesce(g.entry -> 'masks' ->> c.name, 'none')
                        from jsonb_array_elements(part -> 'grants') with ordinality
                            g (entry, place) order by g.place),
                    conditions), ', ' order by c.position)
                from workbench.columns c
                where c.definition_id = definition and c.deleted_at is null),
            'd_' || replace(definition::text, '-', ''), definition || '#' || lens,
            array_to_string(conditions, ' or '));
        execute (select format('create view %1$I.%3$I with (security_barrier) as %4$s; '
                'create view %2$I.%3$I as %4$s; '
                'grant select on %1$I.%3$I to workbench_readers; '
                'grant select on %2$I.%3$I to workbench_app; '
                'alter view %1$I.%3$I owner to workbench_lens; '
                'alter view %2$I.%3$I owner to workbench_lens',
                lens, pane, d.name, source)
            from workbench.definitions d where d.id = definition);
    end loop;
end
$$;

create function workbench_private.drop_lens(lens text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if lens !~ '^lens_[0-9a-f]{32}$' then
        raise invalid_parameter_value using message = 'not a lens';
    end if;
    perform pg_advisory_xact_lock(hashtext(lens));
    execute format('drop schema if exists %I cascade; drop schema if exists %I cascade',
        lens, 'pane' || substr(lens, 5));
    delete from workbench_private.lens_values v where v.lens = drop_lens.lens;
end
$$;

-- Whoever signs in, or whose rights change while he is in, gets the lens that he needs.
create function workbench_private.held_now(member uuid, inside uuid, scope text[]) returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    held text[] := workbench_private.held_by(member, inside);
    spec jsonb;
    lens text;
begin
    if held is not null and inside is not null then
        spec := workbench_private.lens_spec(inside, (
            select m.id from workbench.memberships m
            where m.tenant_id = inside and m.user_id = member and m.deleted_at is null), held);
    end if;
    if spec is not null then
        lens := 'lens_' || md5(inside || spec::text);
        perform workbench_private.build_lens(lens, inside, spec);
        held := held || array(
            select 'row:read@' || (part ->> 'definition') || ending
            from jsonb_array_elements(spec) part, unnest(array['#', '#' || lens]) ending);
    end if;
    return workbench_private.narrowed(held, scope);
end
$$;

create function workbench_private.check_part(
    definition uuid, inside uuid, filter jsonb, masks jsonb
)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    trial constant text := 'trial_' || gen_random_uuid();
    mask record;
begin
    if jsonb_typeof(filter) is distinct from 'null' and filter is not null then
        perform workbench_private.predicate(trial, definition, filter);
        delete from workbench_private.lens_values v where v.lens = trial;
    end if;
    for mask in
        select m.key as name, m.value as kind, c.type
        from jsonb_each_text(masks) m
        left join workbench.columns c on c.definition_id = definition and c.name = m.key
            and c.deleted_at is null
    loop
        if mask.type is null then
            raise invalid_parameter_value
                using message = format('the dataset has no column %s', left(mask.name, 63));
        end if;
        perform workbench_private.masked(inside, mask.name, mask.type, mask.kind);
    end loop;
end
$$;

create function workbench_private.check_grant() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench_private.check_part(d.definition_id, new.tenant_id, new.filter, new.masks)
        from workbench.datasets d where d.tenant_id = new.tenant_id and d.id = new.dataset_id;
    return new;
end
$$;

create function workbench.sweep_lenses() returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set lock_timeout = '2s'
as $$
declare
    lens text;
    dropped integer := 0;
begin
    for lens in
        select n.nspname from pg_namespace n
        where n.nspname ~ '^lens_[0-9a-f]{32}$' and not exists (
            select from workbench_private.live l, unnest(l.permissions) entry
            where split_part(entry, '#', 2) = n.nspname)
    loop
        begin
            perform workbench_private.drop_lens(lens);
            dropped := dropped + 1;
        exception when lock_not_available then
            null;  -- somebody still reads through it
        end;
    end loop;
    return dropped;
end
$$;

-- As in 0004, but each table knows which dataset it is, and lenses may look at it.
create or replace function workbench.define_rows(definition uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    rows_table constant text := 'd_' || replace(definition::text, '-', '');
    name constant text := (select d.name from workbench.definitions d where d.id = definition);
    typed text;
    names text;
    unsampled text;
begin
    if workbench.platform_with('dataset:share') is not true then
        raise insufficient_privilege using message = 'this needs the permission dataset:share';
    end if;
    if to_regclass(format('views.%I', name)) is not null then
        raise duplicate_table using message = 'this name is reserved';
    end if;
    select string_agg(format('%I %s', c.name, case c.type
                when 'text' then 'text'
                when 'integer' then 'bigint'
                when 'number' then 'double precision'
                when 'boolean' then 'boolean'
                when 'date' then 'date'
                when 'timestamp' then 'timestamptz'
            end), ', ' order by c.position),
            string_agg(format('%I', c.name), ', ' order by c.position),
            string_agg(format('alter column %I set statistics 0', c.name), ', ')
        into strict typed, names, unsampled
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
        create index on rows.%1$I (tenant_id, import_id);
        alter table rows.%1$I %5$s;
        alter table rows.%1$I enable row level security;
        alter table rows.%1$I force row level security;
        grant select on rows.%1$I to workbench_app, workbench_viewer, workbench_lens;
        grant insert, update, delete on rows.%1$I to workbench_app;
        create policy reads on rows.%1$I for select to workbench_app, workbench_viewer
            using (tenant_id = (select workbench.tenant_with('row:read', %6$L)));
        create policy parts on rows.%1$I for select to workbench_lens
            using (tenant_id = (select workbench.tenant_with('row:read', %6$L || '#')));
        create policy inserts on rows.%1$I for insert to workbench_app
            with check (tenant_id = (select workbench.tenant_with('row:write', %6$L)));
        create policy updates on rows.%1$I for update to workbench_app
            using (tenant_id = (select workbench.tenant_with('row:write', %6$L)))
            with check (tenant_id = (select workbench.tenant_with('row:write', %6$L)));
        create policy deletes on rows.%1$I for delete to workbench_app
            using (tenant_id = (select workbench.tenant_with('row:write', %6$L)));
        create view data.%3$I as
            select row_id, %4$s from rows.%1$I where deleted_at is null;
        alter view data.%3$I owner to workbench_viewer;
        grant select on data.%3$I to workbench_app, workbench_readers;
    $ddl$, rows_table, typed, name, names, unsampled, definition);
end
$$;
