-- What PostgreSQL lets everybody do in a database and what only a superuser can take away.
-- The embedded server runs this at every migration; for a server of your own, let its superuser
-- run it once after the first `workbench migrate`, connected to Workbench's database.
-- `workbench doctor` tells whether it was done.

do $$
declare
    routine regprocedure;
begin
    for routine in
        select p.oid
        from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and (
                -- Large objects have no row-level security, and fill the disk.
                p.proname ~ '^lo_' or p.proname in ('loread', 'lowrite')
                -- One tenant could hold the lock that another's work waits for.
                or p.proname ~ '^pg_(try_)?advisory_'
                -- What others do, and stopping it.
                or p.proname in ('pg_notify', 'pg_cancel_backend', 'pg_terminate_backend')
                or p.proname ~ '^pg_stat_get_(activity|backend_)'
                -- It fills the log of changes without changing anything.
                or p.proname = 'pg_logical_emit_message'
            )
    loop
        execute format('revoke execute on function %s from public', routine);
        if routine::text !~ '^lo' then
            execute format(
                'grant execute on function %s to workbench_owner, workbench_app, workbench_worker',
                routine
            );
        end if;
    end loop;
end
$$;

revoke select on pg_stat_activity from public;
grant select on pg_stat_activity to workbench_owner, workbench_app, workbench_worker;

-- DO blocks need no function of one's own.
revoke usage on language plpgsql, sql from public;
grant usage on language plpgsql, sql to workbench_owner, workbench_worker;
