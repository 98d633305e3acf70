-- The functions of kept orders. Every name comes from rows that PostgreSQL has checked.

-- The index of an order, by a name that two makers of it agree on.
create function workbench_private.order_index(definition uuid, code text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select 'o_' || md5(definition || ' ' || code)
$$;

-- An order as it is kept, by the positions of its columns, and as an index has it.
create function workbench_private.order_parts(
    definition uuid, sort text[], out code text, out listed text
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    known bigint;
begin
    if cardinality(sort) not between 1 and 3 then
        raise exception using errcode = 'WB002', message = 'An order has one to three columns.';
    end if;
    select string_agg(s.sign || c.position, ',' order by s.place),
            string_agg(format('%I %s', c.name,
                case s.sign when '-' then 'desc nulls last' else 'asc nulls last' end), ', '
                order by s.place),
            count(distinct c.position)
        into code, listed, known
        from (select substring(entry from '^-?') as sign, ltrim(entry, '-') as name, place
            from unnest(sort) with ordinality e (entry, place)) s
        join workbench.columns c
            on c.definition_id = definition and c.name = s.name and c.deleted_at is null;
    if known is distinct from cardinality(sort) then
        raise exception using errcode = 'WB004', message = 'There is no such column.';
    end if;
end
$$;

-- The statement that makes the index while others write, for the owner of the tables to run.
create function workbench.order_statement(definition uuid, sort text[]) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    d constant workbench.definitions := workbench_private.changeable(definition);
    o constant record := workbench_private.order_parts(definition, sort);
begin
    return format('create index concurrently if not exists %I on rows.%I (tenant_id, %s, row_id) '
        'where deleted_at is null', workbench_private.order_index(definition, o.code),
        'd_' || replace(d.id::text, '-', ''), o.listed);
end
$$;

-- Keep an order: writers wait for the index unless it was made before, readers never.
create function workbench.add_order(definition uuid, sort text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d constant workbench.definitions := workbench_private.changeable(definition);
    o constant record := workbench_private.order_parts(definition, sort);
    index_name constant text := workbench_private.order_index(definition, o.code);
begin
    if d.deleted_at is not null then
        raise exception using errcode = 'WB002', message = 'This dataset is deleted.';
    end if;
    if o.code = any (d.orders) then
        return;
    end if;
    if exists (select from pg_index i
        where i.indexrelid = to_regclass('rows.' || index_name) and not i.indisvalid)
    then
        execute format('drop index rows.%I', index_name);
    end if;
    execute format('create index if not exists %I on rows.%I (tenant_id, %s, row_id) '
        'where deleted_at is null', index_name, 'd_' || replace(d.id::text, '-', ''), o.listed);
    -- The count is asked of the row that is changed: two who add at once come one after another.
    update workbench.definitions f set orders = f.orders || o.code
        where f.id = definition and cardinality(f.orders) < 8 and o.code <> all (f.orders);
    if not found then
        raise exception using errcode = 'WB002',
            message = 'A dataset keeps at most 8 orders; give one up first.';
    end if;
    perform workbench_private.note_definition(definition);
end
$$;

create function workbench.drop_order(definition uuid, sort text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
    d constant workbench.definitions := workbench_private.changeable(definition);
    o constant record := workbench_private.order_parts(definition, sort);
begin
    if o.code <> all (d.orders) then
        raise exception using errcode = 'WB002', message = 'This order is not kept.';
    end if;
    execute format('drop index if exists rows.%I',
        workbench_private.order_index(definition, o.code));
    update workbench.definitions f set orders = array_remove(f.orders, o.code)
        where f.id = definition;
    perform workbench_private.note_definition(definition);
end
$$;

-- With a column that is removed for good PostgreSQL drops the indexes that it is part of.
create function workbench_private.forget_orders() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
    update workbench.definitions d set orders = array(
            select entry from unnest(d.orders) entry
            where old.position::text <> all (string_to_array(replace(entry, '-', ''), ',')))
        where d.id = old.definition_id and d.orders <> '{}';
    return null;
end
$$;
