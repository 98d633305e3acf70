-- What whoever runs the platform sees of it: counts, sizes and times, and no row of a tenant's.
-- Each function asks the token itself, since none has a policy above it.

create function workbench.require_operator() returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if workbench.platform_with('platform:read') is not true then
        raise insufficient_privilege using message = 'this needs the permission platform:read';
    end if;
end
$$;

-- What each tenant has and does; runs are those ordered since a moment.
create function workbench.platform_tenants(since timestamptz)
returns table (
    tenant_id uuid, members bigint, runs bigint, failed bigint, waiting bigint, running bigint,
    file_bytes bigint, file_quota bigint, last_activity timestamptz
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench.require_operator();
    return query
        with live as (
            select x.tenant_id, count(*) filter (where x.waits) as waiting,
                count(*) filter (where not x.waits) as running
            from (
                -- Two statuses asked apart: each has an index of its own.
                select r.tenant_id, true as waits from workbench.runs r
                where r.status = 'queued' and r.deleted_at is null
                union all
                select r.tenant_id, false from workbench.runs r
                where r.status = 'running' and r.deleted_at is null
            ) x group by 1
        )
        select t.id,
            (select count(*) from workbench.memberships m
                where m.tenant_id = t.id and m.deleted_at is null),
            r.ordered, r.failed, coalesce(w.waiting, 0), coalesce(w.running, 0),
            coalesce(q.used, 0)::bigint, q.quota::bigint,
            (select max(e.at) from workbench.audit_entries e where e.tenant_id = t.id)
        from workbench.tenants t
        left join workbench.file_quotas q on q.tenant_id = t.id
        left join live w on w.tenant_id = t.id
        cross join lateral (
            select count(*) as ordered,
                count(*) filter (where x.status in ('failed', 'timed_out')) as failed
            from workbench.runs x
            where x.tenant_id = t.id and x.created_at >= since and x.deleted_at is null
        ) r
        where t.deleted_at is null;
end
$$;

-- How many rows of datasets each tenant has; their width is that of a thousand of each table.
create function workbench.platform_rows()
returns table (tenant_id uuid, rows_held bigint, row_bytes bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found regclass;
begin
    perform workbench.require_operator();
    for found in
        select distinct t.relation from workbench_private.tenant_columns() t
        join pg_class c on c.oid = t.relation and c.relnamespace = 'rows'::regnamespace
    loop
        return query execute format(
            'select r.tenant_id, count(*), (count(*) * coalesce((select avg(pg_column_size(s)) '
            'from (select x from %1$s x limit 1000) s), 0))::bigint from %1$s r group by 1', found);
    end loop;
end
$$;

-- What was ordered on each day of UTC, tenant by tenant.
create function workbench.platform_days(since timestamptz)
returns table (
    day date, tenant_id uuid, runs bigint, failed bigint, run_seconds double precision,
    imports bigint, rows_loaded bigint
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench.require_operator();
    return query
        select coalesce(r.day, i.day), coalesce(r.tenant_id, i.tenant_id),
            coalesce(r.runs, 0), coalesce(r.failed, 0), coalesce(r.seconds, 0),
            coalesce(i.imports, 0), coalesce(i.loaded, 0)
        from (
            select (x.created_at at time zone 'utc')::date as day, x.tenant_id, count(*) as runs,
                count(*) filter (where x.status in ('failed', 'timed_out')) as failed,
                sum(extract(epoch from x.finished_at - x.started_at))::float8 as seconds
            from workbench.tenants t
            join workbench.runs x on x.tenant_id = t.id
            where x.created_at >= since and x.deleted_at is null group by 1, 2
        ) r
        full join (
            select (x.created_at at time zone 'utc')::date as day, x.tenant_id,
                count(*) as imports, sum(x.rows_loaded)::bigint as loaded
            from workbench.imports x
            where x.created_at >= since and x.deleted_at is null group by 1, 2
        ) i on i.day = r.day and i.tenant_id = r.tenant_id;
end
$$;

-- Runs that wait or work; one that is tried again waits since it may be tried.
create function workbench.platform_runs()
returns table (queue text, tenant_id uuid, waiting bigint, running bigint, waits_since timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench.require_operator();
    return query
        select r.queue, r.tenant_id, count(*) filter (where r.waits),
            count(*) filter (where not r.waits),
            min(r.due_at) filter (where r.waits and r.due_at <= clock_timestamp())
        from (
            select x.queue, x.tenant_id, x.due_at, true as waits from workbench.runs x
            where x.status = 'queued' and x.deleted_at is null
            union all
            select x.queue, x.tenant_id, x.due_at, false from workbench.runs x
            where x.status = 'running' and x.deleted_at is null
        ) r
        group by 1, 2;
end
$$;

-- Runs that came to no good end, by notebook and by what ended them; what they said stays out.
create function workbench.platform_failures(since timestamptz)
returns table (
    tenant_id uuid, notebook text, outcome text, count bigint, last_at timestamptz
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench.require_operator();
    return query
        select r.tenant_id, r.notebook, coalesce((
                select a.outcome from workbench.attempts a
                where a.tenant_id = r.tenant_id and a.run_id = r.id and a.number = r.attempt
            ), r.status), count(*), max(r.finished_at)
        from workbench.tenants t
        join workbench.runs r on r.tenant_id = t.id
        where r.status in ('failed', 'timed_out') and r.created_at >= since
            and r.deleted_at is null
        group by 1, 2, 3;
end
$$;

-- Mail and messages that wait to leave, and mail that was given up since a moment.
create function workbench.platform_post(
    since timestamptz, out mails bigint, out mails_since timestamptz, out given_up bigint,
    out messages bigint, out messages_since timestamptz
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench.require_operator();
    select count(*) filter (where m.status = 'queued'),
            min(m.created_at) filter (where m.status = 'queued'),
            count(*) filter (where m.status = 'failed' and m.created_at >= since)
        into mails, mails_since, given_up
        from (
            select x.status, x.created_at from workbench.mails x where x.status <> 'sent'
            union all
            select x.status, x.created_at from workbench.account_mails x where x.status <> 'sent'
        ) m;
    select count(*), min(o.created_at) into messages, messages_since
        from workbench.outbox_messages o where o.sent_at is null;
end
$$;

-- Backends that the application may not look into: of each its role, its state and for how long.
create function workbench.platform_backends()
returns table (pid integer, login text, state text, since timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench.require_operator();
    return query
        select a.pid, a.usename::text, a.state, a.xact_start from pg_stat_activity a
        where a.datname = current_database() and a.backend_type = 'client backend';
end
$$;

-- What workers say of themselves, whether they still live or not.
create function workbench.platform_workers()
returns table (
    id uuid, name text, queues text[], hands integer, busy integer, warm integer,
    warm_wanted integer, started_at timestamptz, seen_at timestamptz
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench.require_operator();
    return query select w.* from queue.workers w order by w.started_at, w.id;
end
$$;

-- Work besides runs that waits or is done; bids to look for runs are no work of anybody's.
create function workbench.platform_jobs()
returns table (queue text, tenant_id uuid, waiting bigint, running bigint, waits_since timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench.require_operator();
    return query
        select j.queue_name::text, (j.args ->> 'tenant_id')::uuid,
            count(*) filter (where j.status = 'todo'),
            count(*) filter (where j.status = 'doing'),
            min(coalesce(j.scheduled_at, e.at)) filter (
                where j.status = 'todo'
                    and coalesce(j.scheduled_at, e.at) <= clock_timestamp())
        from queue.procrastinate_jobs j
        left join lateral (
            select max(x.at) as at from queue.procrastinate_events x where x.job_id = j.id
        ) e on true
        where j.status in ('todo', 'doing') and j.task_name <> 'runs.take'
        group by 1, 2;
end
$$;

-- The jobs that were given up, the last first.
create function workbench.platform_failed_jobs(most integer)
returns table (
    id bigint, task text, queue text, tenant_id uuid, attempts integer, reason text,
    failed_at timestamptz
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform workbench.require_operator();
    return query
        select j.id, j.task_name::text, j.queue_name::text, (j.args ->> 'tenant_id')::uuid,
            j.attempts, f.reason, coalesce((
                select max(x.at) from queue.procrastinate_events x
                where x.job_id = j.id and x.type = 'failed'), f.at)
        from queue.procrastinate_jobs j
        left join queue.faults f on f.job_id = j.id
        where j.status = 'failed' and j.task_name <> 'runs.take'
        order by 7 desc nulls last, 1 desc limit most;
end
$$;

-- Put a job that was given up back into the queue; answers whose it is, and nothing for another.
create function workbench.retry_job(job bigint)
returns table (task text, tenant_id uuid)
language plpgsql volatile security definer set search_path = queue, pg_catalog, pg_temp
as $$
begin
    perform workbench.require_operator();
    if workbench.platform_with('tenant:manage') is not true then
        raise insufficient_privilege using message = 'this needs the permission tenant:manage';
    end if;
    return query
        select j.task_name::text, (j.args ->> 'tenant_id')::uuid from queue.procrastinate_jobs j
        where j.id = job and j.status = 'failed' for update;
    if found then
        perform queue.procrastinate_retry_job_v2(job, clock_timestamp(), null, null, null);
    end if;
end
$$;
