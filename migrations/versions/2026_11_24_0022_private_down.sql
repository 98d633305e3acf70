-- Private tables, views and schemas, and the indexes of deleted rows, as the downgrade removes them.

do $$
declare
    found record;
begin
    for found in select d.id from workbench.definitions d where d.private_to is not null loop
        perform workbench_private.close_views(found.id);
        execute format('drop table rows.%I', 'd_' || replace(found.id::text, '-', ''));
    end loop;
    for found in
        select n.nspname as home from pg_namespace n
        where n.nspname ~ '^workbench_tenant_[0-9a-f]{32}$'
    loop
        execute format('drop schema %I cascade', found.home);
    end loop;
end
$$;

do $$
declare
    found regclass;
begin
    for found in
        select i.indexrelid::regclass from pg_index i
        join pg_class c on c.oid = i.indrelid and c.relnamespace = 'rows'::regnamespace
        where i.indpred is not null
    loop
        execute format('drop index %s', found);
    end loop;
end
$$;
